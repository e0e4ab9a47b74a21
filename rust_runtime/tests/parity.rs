//! The parity cases of every shipped and toy model, step by step; expected values are scikit-learn's.

#[allow(dead_code, missing_docs)]
#[path = "../cli/src/json.rs"]
mod json;
#[allow(missing_docs)]
#[path = "../cli/src/parity.rs"]
mod parity;

use cerebellum::MicroModel;
use std::path::Path;

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models");

/// Replays the cases of every model in a folder, of which each has so many at least; how many models there were.
fn replay_all(folder: &str, least: usize) -> usize {
    let folder = Path::new(folder);
    let mut models = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(task) = name.strip_suffix("_parity.jsonl") {
            let model = MicroModel::load(folder, task).unwrap();
            let replay = parity::replay(&model, &std::fs::read(folder.join(&name)).unwrap()[..]).unwrap();
            assert!(replay.differences.is_empty(), "{}: {:#?}", task, replay.differences);
            assert!(replay.cases >= least, "{}: only {} cases", task, replay.cases);
            println!("{}: {} cases, largest difference {:e}", task, replay.cases, replay.largest);
            models += 1;
        }
    }
    models
}

#[test]
fn the_shipped_models_answer_as_they_were_trained() {
    assert!(replay_all(MODELS, 100) >= 2);
}

#[test]
fn the_toy_models_answer_as_scikit_learn() {
    assert!(replay_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/parity/toy"), 50) >= 10);
}

#[test]
fn a_difference_is_named_by_its_first_step() {
    let model = MicroModel::load(MODELS, "is_question").unwrap();
    let line = std::fs::read_to_string(Path::new(MODELS).join("is_question_parity.jsonl")).unwrap();
    let line = line.split('\n').nth(2).unwrap();
    for (step, from, to) in [
        ("normalized", r#""normalized":"?""#, r#""normalized":"!""#),
        ("ngrams", r#""ngrams":["?""#, r#""ngrams":["!""#),
        ("indices", r#""indices":["#, r#""indices":[1,"#),
        ("values", "3fe6a09e667f3bcc", "3fe6a09e667f3bcd"),
        ("label", r#""label":"Question""#, r#""label":"Statement""#),
        ("outcome", "accepted", "abstained"),
        ("reflex", r#""reflex":null"#, r#""reflex":"hello""#),
    ] {
        assert!(line.contains(from), "{}", line);
        let replay = parity::replay(&model, line.replacen(from, to, 1).as_bytes()).unwrap();
        assert_eq!(replay.differences.len(), 1);
        assert!(replay.differences[0].contains(&format!(": {} of", step)), "{:?}", replay.differences);
    }
}

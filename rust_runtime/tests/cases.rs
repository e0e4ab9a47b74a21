//! The frozen cases of `tests/parity/cases`: single steps; whole answers are in `parity.rs`.

#[allow(dead_code, missing_docs)]
#[path = "../cli/src/json.rs"]
mod json;

use cerebellum::MicroModel;
use json::Value;
use std::collections::BTreeMap;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/parity");

fn cases(name: &str) -> Vec<Value> {
    let file = std::fs::read_to_string(format!("{}/cases/{}.jsonl", FOLDER, name)).unwrap();
    let cases: Vec<Value> =
        file.split('\n').filter(|line| !line.is_empty()).map(|line| json::parse(line).unwrap()).collect();
    assert!(cases.len() > 100, "{}: only {} cases", name, cases.len());
    cases
}

fn text(case: &Value, key: &str) -> String {
    case.get(key).and_then(Value::text).unwrap()
}

/// The toy models, loaded once each.
#[derive(Default)]
struct Models(BTreeMap<String, MicroModel>);

impl Models {
    fn of(&mut self, case: &Value) -> &MicroModel {
        let load = |task: &String| MicroModel::load(format!("{}/toy", FOLDER), task).unwrap();
        let task = text(case, "model");
        self.0.entry(task.clone()).or_insert_with(|| load(&task))
    }
}

#[test]
fn texts_are_normalized() {
    for case in cases("normalize") {
        assert_eq!(cerebellum::normalize(&text(&case, "text")), text(&case, "normalized"));
    }
}

#[test]
fn ngrams_of_any_length() {
    let mut models = Models::default();
    for case in cases("ngrams") {
        let model = models.of(&case);
        let settings = |name| case.get("settings").and_then(|s| s.get(name)).and_then(Value::number).unwrap() as usize;
        let [chars, words] = model.ngram_lengths();
        assert_eq!(chars, (settings("char_min"), settings("char_max")));
        assert_eq!(words, (settings("word_min"), settings("word_max")));
        let expected: Option<Vec<String>> =
            case.get("ngrams").unwrap().array().unwrap().iter().map(Value::text).collect();
        assert_eq!(Some(model.steps(&text(&case, "text")).unwrap().ngrams), expected);
    }
    assert!(models.0.len() >= 8);
}

#[test]
fn patterns_at_every_anchor() {
    let mut models = Models::default();
    for case in cases("patterns") {
        let model = models.of(&case);
        let found: Vec<f64> =
            case.get("found").unwrap().array().unwrap().iter().map(|number| number.number().unwrap()).collect();
        let terms = model.term_count() as u32;
        let indices = model.steps(&text(&case, "text")).unwrap().indices;
        let cues: Vec<f64> = indices.iter().filter(|i| **i >= terms).map(|i| f64::from(i - terms)).collect();
        assert_eq!(cues, found, "{:?}", text(&case, "text"));
    }
}

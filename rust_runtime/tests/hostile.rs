//! Hostile files and texts: a named error or an answer, never a panic, in bounded time.

use cerebellum::{normalize, Error, MicroModel, Scratch};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models");

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(MODELS).join(name)).unwrap()
}

fn name_of(bin: &[u8], onnx: &[u8]) -> &'static str {
    match MicroModel::from_bytes(bin, onnx) {
        Ok(model) => {
            assert!(model.predict("今天天气怎么样 what time is it").is_ok());
            "a model"
        }
        Err(error) => {
            assert!(!error.to_string().is_empty() && error.to_string().len() < 1_000, "{}", error);
            error.name()
        }
    }
}

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("cerebellum-{}-{}", name, std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn parts_that_are_missing_or_of_another_run() {
    let folder = Folder::new("parts");
    let write = |name: &str, data: &[u8]| std::fs::write(folder.0.join(name), data).unwrap();
    let fails = |task: &str, expected: &str, said: &str| {
        let error = MicroModel::load(&folder.0, task).unwrap_err();
        assert_eq!(error.name(), expected, "{}", error);
        assert!(error.to_string().contains(said), "{}", error);
    };
    fails("mood", "MissingPart", "mood_preprocessor.bin: no such file. Forge the model first");
    write("mood_preprocessor.bin", &file("is_question_preprocessor.bin"));
    fails("mood", "MissingPart", "mood_classifier.onnx: no such file");
    write("mood_classifier.onnx", &file("is_question_classifier.onnx"));
    fails("mood", "ChecksumMismatch", "made for task 'is_question', not 'mood'");
    write("is_question_preprocessor.bin", &file("is_question_preprocessor.bin"));
    write("is_question_classifier.onnx", &file("confirmation_classifier.onnx"));
    fails("is_question", "ChecksumMismatch", "Copy both files of one run");
    std::fs::create_dir(folder.0.join("dir_preprocessor.bin")).unwrap();
    fails("dir", "MissingPart", "cannot be read");
    let error = MicroModel::load("/nowhere", "mood").unwrap_err();
    assert!(matches!(&error, Error::MissingPart { path, .. } if path.ends_with("mood_preprocessor.bin")));
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn bytes_from_memory_are_held_to_each_other_too() {
    let (bin, onnx) = (file("is_question_preprocessor.bin"), file("is_question_classifier.onnx"));
    assert_eq!(name_of(&bin, &onnx), "a model");
    assert_eq!(name_of(&bin, &file("confirmation_classifier.onnx")), "ChecksumMismatch");
    assert_eq!(name_of(&[], &[]), "MalformedArtifact");
    let mut other_version = vec![8, 1];
    other_version.extend(&bin);
    assert_eq!(name_of(&other_version, &onnx), "VersionMismatch");
}

#[test]
fn every_truncation_of_a_preprocessor_is_refused() {
    let (bin, onnx) = (file("is_question_preprocessor.bin"), file("is_question_classifier.onnx"));
    for size in (0..bin.len()).step_by(bin.len() / 300) {
        assert_ne!(name_of(&bin[..size], &onnx), "a model", "{} bytes", size);
    }
}

#[test]
fn lengths_that_promise_more_than_there_is_cost_nothing() {
    let start = Instant::now();
    for data in [
        &[0x12, 0xff, 0xff, 0xff, 0xff, 0x07][..],
        &[0x42, 0x0a, 0x08, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x12, 0x02, 0x00, 0x01],
        &[0x3a, 0x06, 0x32, 0xff, 0xff, 0xff, 0xff, 0x07],
    ] {
        assert_eq!(name_of(data, data), "MalformedArtifact");
    }
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn the_longest_texts_are_answered_in_time() {
    let model = MicroModel::load(MODELS, "is_question").unwrap();
    let mut scratch = Scratch::new();
    for part in ["a", "好", "…", "a ", "?", "什么", "\u{301}", "🤔", "what "] {
        let text: String = part.chars().cycle().take(100_000).collect();
        let start = Instant::now();
        assert!(model.predict_with(&mut scratch, &text).is_ok());
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}: {:?}", part, start.elapsed());
    }
    assert_eq!(model.predict(&"a".repeat(100_001)).unwrap_err().name(), "InvalidText");
}

/// What fuzzing found interesting, and hand-made seeds: replayed by every run of the tests.
#[test]
fn the_kept_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join("corpus");
    let (bin, onnx) = (file("is_question_preprocessor.bin"), file("is_question_classifier.onnx"));
    let model = MicroModel::from_bytes(&bin, &onnx).unwrap();
    let mut replayed = 0;
    for target in ["read_bin", "read_onnx", "text_to_features"] {
        for entry in std::fs::read_dir(corpus.join(target)).unwrap() {
            let data = std::fs::read(entry.unwrap().path()).unwrap();
            match target {
                "read_bin" => drop(cerebellum::read_preprocessor(&data)),
                "read_onnx" => drop(cerebellum::read_classifier(&data)),
                _ => drop(model.steps(&String::from_utf8_lossy(&data))),
            }
            replayed += 1;
        }
    }
    assert!(replayed >= 20, "only {} files in {}", replayed, corpus.display());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_ne!(name_of(&data, &data), "a model");
        prop_assert!(cerebellum::read_classifier(&data).is_err());
    }

    #[test]
    fn a_real_preprocessor_with_a_few_other_bytes(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bin = file("confirmation_preprocessor.bin");
        for (at, byte) in changes {
            let at = at.index(bin.len());
            bin[at] = byte;
        }
        name_of(&bin, &file("confirmation_classifier.onnx"));
    }

    #[test]
    fn a_real_classifier_with_a_few_other_bytes(
        head in any::<bool>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut onnx = file("confirmation_classifier.onnx");
        for (at, byte) in changes {
            let at = at.index(if head { 600 } else { onnx.len() });
            onnx[at] = byte;
        }
        drop(cerebellum::read_classifier(&onnx));
    }

    #[test]
    fn any_text(text in any::<String>()) {
        let normalized = normalize(&text);
        prop_assert_eq!(normalize(&normalized), normalized.clone());
        static MODEL: OnceLock<MicroModel> = OnceLock::new();
        let model = MODEL.get_or_init(|| MicroModel::load(MODELS, "confirmation").unwrap());
        let steps = model.steps(&text).unwrap();
        prop_assert_eq!(&steps.normalized, &normalized);
        prop_assert!(steps.indices.windows(2).all(|pair| pair[0] < pair[1]));
        let norm: f64 = steps.values.iter().zip(&steps.indices)
            .filter(|(_, index)| (**index as usize) < model.term_count()).map(|(value, _)| value * value).sum();
        prop_assert!(norm == 0.0 || (norm - 1.0).abs() < 1e-9);
        prop_assert!((steps.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        prop_assert_eq!(model.predict(&text).unwrap(), steps.answer);
        prop_assert!(model.explain(&text, 3).unwrap().len() <= 3);
    }
}

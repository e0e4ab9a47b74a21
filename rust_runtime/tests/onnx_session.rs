//! ONNX Runtime gives the same answers, and a library that cannot be used is a worded error.
//!
//! The library is the one in the Python wheel: `ORT_DYLIB_PATH`, or asked of `$FOUNDRY_PYTHON` (else the repository's
//! `.venv`, else `python3`).
#![cfg(feature = "onnxruntime")]

#[allow(dead_code, missing_docs)]
#[path = "../cli/src/json.rs"]
mod json;

use cerebellum::{MicroModel, OnnxModel};
use std::path::{Path, PathBuf};
use std::process::Command;

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models");

fn library() -> PathBuf {
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH") {
        return path.into();
    }
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../.venv/bin/python");
    let program = "import onnxruntime, os; print(os.path.dirname(onnxruntime.__file__))";
    let pythons = [std::env::var("FOUNDRY_PYTHON").unwrap_or_default(), own.to_owned(), "python3".to_owned()];
    for python in pythons.iter().filter(|python| !python.is_empty()) {
        if let Ok(done) = Command::new(python).args(["-c", program]).output() {
            if done.status.success() {
                return String::from_utf8(done.stdout).unwrap().trim().into();
            }
        }
    }
    panic!("no ONNX Runtime for this test: set ORT_DYLIB_PATH, or FOUNDRY_PYTHON to a Python with onnxruntime");
}

#[test]
fn the_same_answers_as_without() {
    let library = library();
    for task in ["is_question", "confirmation"] {
        let plain = MicroModel::load(MODELS, task).unwrap();
        let mut onnx = OnnxModel::load(MODELS, task, Some(&library)).unwrap();
        assert_eq!(onnx.model().labels(), plain.labels());
        let cases = std::fs::read_to_string(format!("{}/{}_parity.jsonl", MODELS, task)).unwrap();
        for line in cases.split('\n').filter(|line| !line.is_empty()) {
            if let Some(text) = json::parse(line).unwrap().get("text").and_then(json::Value::text) {
                let (expected, found) = (plain.predict(&text).unwrap(), onnx.predict(&text).unwrap());
                assert_eq!((found.label, found.outcome), (expected.label, expected.outcome), "{:?}", text);
                for (a, b) in expected.probabilities.iter().zip(found.probabilities.iter()) {
                    assert!((a - b).abs() <= 1e-12, "{:?}: {} {}", text, a, b);
                }
            }
        }
        assert!(onnx.predict(&"a".repeat(100_001)).is_err());
    }
}

#[test]
fn threads_have_a_session_each() {
    let library = library();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut model = OnnxModel::load(MODELS, "is_question", Some(&library)).unwrap();
                for _ in 0..100 {
                    assert_eq!(model.predict("今天天气怎么样").unwrap().label, "Question");
                }
            });
        }
    });
}

/// In a process of its own, for ONNX Runtime is loaded once a process.
#[test]
fn a_library_that_cannot_be_used_is_a_worded_error() {
    let folder = std::env::temp_dir().join(format!("cerebellum-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("libonnxruntime.so"), b"not a library").unwrap();
    std::fs::create_dir_all(folder.join("release/lib")).unwrap();
    for name in ["libonnxruntime.a", "libonnxruntime.pc", "libonnxruntime.so.1"] {
        std::fs::write(folder.join("release/lib").join(name), b"not a library").unwrap();
    }
    let libc = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6", "/lib64/libm.so.6"];
    let mut cases: Vec<(PathBuf, &str)> = vec![
        ("/nowhere/libonnxruntime.so".into(), "No such file"),
        (concat!(env!("CARGO_MANIFEST_DIR"), "/src").into(), "no libonnxruntime in it"),
        (folder.clone(), "not a usable ONNX Runtime"),
        (folder.clone(), "file too short"), // what the loader says
        (folder.join("release"), "release/lib/libonnxruntime.so.1: not a usable ONNX Runtime"),
        ("".into(), "no library is given"),
    ];
    cases.extend(libc.iter().find(|path| Path::new(path).exists()).map(|path| (path.into(), "OrtGetApiBase")));
    for (path, expected) in cases {
        let done = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "load_from_environment", "--nocapture"])
            .env("ORT_DYLIB_PATH", &path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(said.contains("MissingDependency") && said.contains(expected), "{}: {}", path.display(), said);
        assert!(done.status.success(), "{}", said);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
#[ignore = "run by the test above"]
fn load_from_environment() {
    let error = OnnxModel::load(MODELS, "is_question", None).unwrap_err();
    println!("{}: {}", error.name(), error);
}

//! Hostile files and texts: a named error or an answer, never a panic, in bounded time.

use cerebellum::{normalize, Error, MicroModel, Scratch};
use proptest::prelude::*;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
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
    fails("dir", "MissingPart", "dir_preprocessor.bin: is not a file. ");
    let error = MicroModel::load("/nowhere", "mood").unwrap_err();
    assert!(matches!(&error, Error::MissingPart { path, .. } if path.ends_with("mood_preprocessor.bin")));
    assert!(std::error::Error::source(&error).is_some());
}

/// A pipe nobody writes to would keep a reader for ever, a device that never ends as well.
#[cfg(unix)]
#[test]
fn parts_that_are_no_files_are_not_opened() {
    let folder = Folder::new("no-files");
    let place = |name: &str| folder.0.join(format!("{}_preprocessor.bin", name));
    assert!(Command::new("mkfifo").arg(place("pipe")).status().unwrap().success());
    std::os::unix::fs::symlink(place("pipe"), place("link")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", place("device")).unwrap();
    std::os::unix::fs::symlink(place("loop"), place("loop")).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(place("socket")).unwrap();
    for task in ["pipe", "link", "device", "socket"] {
        let error = MicroModel::load(&folder.0, task).unwrap_err();
        let said = format!("{}: is not a file. Forge", place(task).display());
        assert!(error.name() == "MissingPart" && error.to_string().starts_with(&said), "{}", error);
    }
    let error = MicroModel::load(&folder.0, "loop").unwrap_err();
    assert!(error.name() == "MissingPart" && error.to_string().contains("symbolic links"), "{}", error);
    assert!(!error.to_string().contains("permissions"), "{}", error);
    // the name of no file, and one that has more in it than its size says
    assert!(MicroModel::load(&folder.0, "a\0b").unwrap_err().to_string().contains("no such file"));
    if Path::new("/proc/self/status").exists() {
        std::os::unix::fs::symlink("/proc/self/status", place("growing")).unwrap();
        let error = MicroModel::load(&folder.0, "growing").unwrap_err();
        assert!(
            error.name() == "MalformedArtifact" && error.to_string().contains("grows while it is read"),
            "{}",
            error
        );
    }
    // a link to a file is that file
    std::os::unix::fs::symlink(Path::new(MODELS).join("is_question_preprocessor.bin"), place("real")).unwrap();
    assert_eq!(MicroModel::load(&folder.0, "real").unwrap_err().name(), "MissingPart");
    // the classifier is not there
}

/// A sparse file costs the test nothing.
#[test]
fn parts_above_a_gibibyte_are_refused() {
    let folder = Folder::new("large");
    let file = std::fs::File::create(folder.0.join("mood_preprocessor.bin")).unwrap();
    file.set_len((1 << 30) + 1).unwrap();
    let error = MicroModel::load(&folder.0, "mood").unwrap_err();
    assert_eq!(error.name(), "MalformedArtifact");
    assert!(error.to_string().ends_with("mood_preprocessor.bin: larger than 1,073,741,824 bytes"), "{}", error);
}

/// A file with fields written behind it: of one, the later wins, others are added.
fn with(file: &[u8], fields: &[&[u8]]) -> Vec<u8> {
    [file, &fields.concat()].concat()
}

fn delimited(tag: u8, data: &[u8]) -> Vec<u8> {
    let (mut out, mut size) = (vec![tag], data.len());
    while size > 127 {
        out.push(size as u8 | 128);
        size >>= 7;
    }
    out.push(size as u8);
    out.extend(data);
    out
}

#[test]
fn weights_have_limits() {
    let (bin, log_tf) = (file("is_question_preprocessor.bin"), include_bytes!("../fuzz/corpus/read_bin/small"));
    let said =
        |data: &[u8]| cerebellum::read_preprocessor(data).map_or_else(|error| error.to_string(), |_| "ok".into());
    let below = f64::from_bits(1e6f64.to_bits() - 1);
    for (number, good) in [(1e-6, true), (below, true), (9.99e-7, false), (0.0, false), (-1.0, false), (1e6, false)] {
        let number: f64 = number;
        let bits = number.to_le_bytes();
        let verdict = |what: &str| if good { "ok".to_owned() } else { format!("{} is not between 1e-6 and 1e6", what) };
        assert_eq!(said(&with(&bin, &[&[0x51], &bits])), verdict(&format!("cue value {}", number)));
        let weights = [&[0x31][..], &bits].concat();
        assert_eq!(said(&with(log_tf, &[&delimited(0x3a, &weights)])), verdict("a tf weight"), "{}", number);
        let value = [&[0x1d][..], &(number as f32).to_le_bytes()].concat();
        let found = said(&with(log_tf, &[&delimited(0x42, &value)]));
        let rounded = (1e-6..1e6).contains(&f64::from(number as f32));
        assert_eq!(found, if rounded { "ok" } else { "an idf value is not between 1e-6 and 1e6" }, "{}", number);
    }
    assert!(said(&with(&bin, &[&[0x51], &f64::NAN.to_le_bytes()])).contains("cue value NaN"));
}

#[test]
fn groups_have_limits() {
    let bin = file("is_question_preprocessor.bin");
    let model = MicroModel::from_bytes(&bin, &file("is_question_classifier.onnx")).unwrap();
    for (kind, tag, there) in [("cue", 0x4a, model.cues().count()), ("reflex", 0x5a, model.reflexes().count())] {
        let more = |count: usize| with(&bin, &[&[tag, 0].repeat(count - there)]);
        assert!(cerebellum::read_preprocessor(&more(10_000)).is_ok());
        let error = cerebellum::read_preprocessor(&more(10_001)).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: expected at most 10,000 groups, got 10,001", kind));
        let start = Instant::now();
        assert!(cerebellum::read_preprocessor(&more(1_000_000)).is_err());
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

/// A few bytes a literal unfold to 250: all groups of a file together are held to one limit.
#[test]
fn the_literals_of_a_file_have_a_limit() {
    let bin = file("is_question_preprocessor.bin");
    let mut literals = vec![0, 250 & 127 | 128, 1];
    literals.extend([b'a'; 250]);
    for number in 1..676u16 {
        let own = [number / 26, number % 26].map(|letter| b'a' + letter as u8);
        literals.extend([248 & 127 | 128, 1, 2]);
        literals.extend(own);
    }
    for anchor in [0x1a, 0x22, 0x2a, 0x32] {
        let group = delimited(0x4a, &delimited(anchor, &literals)); // 676 * 250 bytes unfolded
        let start = Instant::now();
        let read = |groups: usize| cerebellum::read_preprocessor(&with(&bin, &vec![&group[..]; groups]));
        assert!(read(24).is_ok(), "{:?}", read(24));
        let error = read(25).unwrap_err();
        assert_eq!(error.name(), "MalformedArtifact");
        assert!(error.to_string().ends_with("unfold to more than 4,194,304 bytes"), "{}", error);
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    }
}

#[test]
fn the_draft_of_the_format_is_refused_with_what_to_do() {
    let drafts = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/parity/version_0");
    let error = MicroModel::load(drafts, "toy").unwrap_err();
    assert_eq!(error.name(), "VersionMismatch");
    let said = "toy_preprocessor.bin: format version 0, this runtime reads 1. Forge the model again";
    assert!(error.to_string().contains(said), "{}", error);
}

#[test]
fn bytes_from_memory_are_held_to_each_other_too() {
    let (bin, onnx) = (file("is_question_preprocessor.bin"), file("is_question_classifier.onnx"));
    assert_eq!(name_of(&bin, &onnx), "a model");
    assert_eq!(name_of(&bin, &file("confirmation_classifier.onnx")), "ChecksumMismatch");
    assert_eq!(name_of(&[], &[]), "MalformedArtifact");
    for other in [0, 2, 127] {
        // a later field wins
        assert_eq!(name_of(&[&bin[..], &[8, other]].concat(), &onnx), "VersionMismatch");
    }
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
    let long = "a".repeat(100_001);
    assert_eq!(model.predict(&long).unwrap_err().name(), "InvalidText");
    assert_eq!(model.predict_batch(&["a", &long]).unwrap_err().name(), "InvalidText");
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

/// A small generator of its own, so that the same files are tried on every machine.
struct Random(u64);

impl Random {
    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as usize % limit.max(1)
    }

    fn part(&mut self, size: usize) -> std::ops::Range<usize> {
        let start = self.below(size);
        let most = [4, 16, 200][self.below(3)];
        start..size.min(start + self.below(most))
    }

    /// The file with a few of its bytes changed, cut out, written twice or taken from another file.
    fn mutated(&mut self, file: &[u8], other: &[u8]) -> Vec<u8> {
        let mut data = file.to_vec();
        for _ in 0..=self.below(3) {
            let size = data.len();
            let at = self.below(size + 1);
            match self.below(9) {
                0 | 1 if at < size => data[at] ^= 1 << self.below(8),
                2 if at < size => data[at] = [0, 1, 2, 0x7F, 0x80, 0xFF][self.below(6)],
                3 if at < size => data[at] = data[at].wrapping_add([1, 255][self.below(2)]),
                4 => data.truncate(at),
                5 => drop(data.drain(self.part(size))),
                6 => {
                    let part = data[self.part(size)].to_vec();
                    data.splice(at..at, part);
                }
                7 => {
                    let part = other[self.part(other.len())].to_vec();
                    data.splice(at..at, part);
                }
                _ => {
                    let part: Vec<u8> = (0..self.below(6)).map(|_| self.below(256) as u8).collect();
                    data.splice(at..at, part);
                }
            }
        }
        data
    }
}

const THEIRS: &str = "
import sys
from foundry_engine.artifact.graph_reader import read_weights
from foundry_engine.artifact.preprocessor import decode
from foundry_engine.errors import ArtifactError

data, at = sys.stdin.buffer.read(), 0
while at < len(data):
    start, reader = at + 5, decode if data[at : at + 1] == b'b' else read_weights
    at = start + int.from_bytes(data[at + 1 : start], 'little')
    try:
        reader(data[start:at])
        print('ok')
    except ArtifactError as error:
        print(type(error).__name__)
";

/// What Python's readers make of files, each with `b` for a `.bin` or `o` for a `.onnx`.
///
/// Python is `$FOUNDRY_PYTHON`, else the repository's `.venv`; without one the test fails.
fn theirs(files: &[(u8, Vec<u8>)]) -> Vec<String> {
    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let python = std::env::var("FOUNDRY_PYTHON").unwrap_or(format!("{}/.venv/bin/python", ROOT));
    let mut command = Command::new(&python);
    command.args(["-c", THEIRS]).current_dir(ROOT).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!("{}: {}. Run make test once, or set FOUNDRY_PYTHON to a Python with the packages.", python, error)
    });
    let mut input = Vec::new();
    for (kind, data) in files {
        input.push(*kind);
        input.extend((data.len() as u32).to_le_bytes());
        input.extend(data);
    }
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "Python's readers let another error out, or its packages are missing");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// `FOUNDRY_MUTATIONS` sets how many.
#[test]
fn mutated_files_fail_with_the_same_error_as_in_python() {
    let count = std::env::var("FOUNDRY_MUTATIONS").map_or(3_000, |count| count.parse().unwrap());
    let kept = |name: &str| {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join("corpus").join(name)).unwrap()
    };
    let small = [
        (b'b', kept("read_bin/small")),
        (b'b', kept("read_bin/presence")),
        (b'o', kept("read_onnx/small")),
        (b'o', kept("read_onnx/two_labels")),
    ];
    let real = [(b'b', file("is_question_preprocessor.bin")), (b'o', file("confirmation_classifier.onnx"))];
    let mut random = Random(20_261_121);
    let mut files: Vec<(u8, Vec<u8>)> = small.iter().chain(&real).cloned().collect();
    while files.len() < count {
        let from = if random.below(50) == 0 { &real[..] } else { &small };
        let (kind, data) = &from[random.below(from.len())];
        let (_, other) = &small[random.below(small.len())];
        files.push((*kind, random.mutated(data, other)));
    }
    let theirs = theirs(&files);
    assert_eq!(theirs.len(), files.len());
    let mut seen = std::collections::BTreeMap::new();
    for (i, ((kind, data), theirs)) in files.iter().zip(&theirs).enumerate() {
        let read = if *kind == b'b' { cerebellum::read_preprocessor(data) } else { cerebellum::read_classifier(data) };
        let ours = read.as_ref().map_or_else(Error::name, |_| "ok");
        if ours != theirs {
            let path = std::env::temp_dir().join(format!("mutated-{}.{}", i, char::from(*kind)));
            std::fs::write(&path, data).unwrap();
            panic!("{}: Rust says {} ({:?}), Python {}", path.display(), ours, read.err(), theirs);
        }
        *seen.entry((*kind, ours)).or_insert(0) += 1;
    }
    println!("{:?}", seen);
    for kind in [b'b', b'o'] {
        for name in ["ok", "MalformedArtifact", "VersionMismatch"] {
            assert!(seen.get(&(kind, name)).map_or(false, |count| *count >= 5), "{} {}: {:?}", kind, name, seen);
        }
    }
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
        prop_assert_eq!(model.predict_batch(&["", &text]).unwrap(), [model.predict("").unwrap(), steps.answer.clone()]);
        prop_assert_eq!(model.predict(&text).unwrap(), steps.answer);
        prop_assert!(model.explain(&text, 3).unwrap().len() <= 3);
    }
}

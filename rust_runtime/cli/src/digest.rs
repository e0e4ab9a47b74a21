//! `cerebellum digest MODELS TASK < JSON strings`: one short line a text, for comparing runtimes on very many texts.
//!
//! Not part of what users are told of: `scripts/parity.py` reads it. In is one JSON string a line, out is one line each:
//!
//! ```text
//! OUTCOME LABEL REFLEX NORMALIZED NGRAMS INDICES VALUES LOGITS PROBABILITIES
//! ```
//!
//! - OUTCOME: `accepted`, `abstained` or `reflex`; LABEL: its place, in decimal.
//! - REFLEX: `-`, or the hash of the UTF-8 bytes of the group's name.
//! - NORMALIZED: the hash of the normalized text's UTF-8 bytes.
//! - NGRAMS, INDICES, VALUES: how many, a colon, and a hash. That of the n-grams is over the hashes of their UTF-8
//!   bytes, that of the indices over the indices, that of the values over their IEEE 754 bits.
//! - LOGITS: the bits of each, separated by commas: the model's, also where a reflex answers, and never ONNX Runtime's.
//! - PROBABILITIES: the same of the answer's.
//!
//! All hashes and bits are 16 lower-case hexadecimal digits. The hash is FNV-1a of 64 bits over numbers below 2⁶⁴: it
//! begins with `0xcbf29ce484222325`, and for each number it is xored with the number, then multiplied by
//! `0x100000001b3` modulo 2⁶⁴. Of bytes it is the ordinary FNV-1a. A text that is refused gives the line `InvalidText`.

use crate::json::{self, Value};
use crate::Stop;
use cerebellum::{Answer, Error, MicroModel, Scratch};
use std::fmt::Write as _;
use std::io::{BufRead, Write};
use std::sync::Arc;

/// FNV-1a, a number a step.
pub fn fnv(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0xcbf2_9ce4_8422_2325, |hash, number| (hash ^ number).wrapping_mul(0x0100_0000_01b3))
}

fn of_text(text: &str) -> u64 {
    fnv(text.bytes().map(u64::from))
}

/// A model and who computes its probabilities.
pub enum Engine {
    Native(Arc<MicroModel>, Scratch),
    #[cfg(feature = "onnxruntime")]
    OnnxRuntime(cerebellum::OnnxModel),
}

impl Engine {
    /// The one that `--engine NAME --library PATH` asks for; without words the native one.
    pub(crate) fn load(models: &str, task: &str, words: &[&str]) -> Result<Engine, Stop> {
        match words {
            [] | ["--engine", "native"] => {
                Ok(Engine::Native(Arc::new(MicroModel::load(models, task)?), Scratch::new()))
            }
            #[cfg(feature = "onnxruntime")]
            ["--engine", "onnxruntime", "--library", library] => {
                let library = std::path::Path::new(library);
                Ok(Engine::OnnxRuntime(cerebellum::OnnxModel::load(models, task, Some(library))?))
            }
            #[cfg(not(feature = "onnxruntime"))]
            ["--engine", "onnxruntime", ..] => {
                let next = "Build it with: cargo build --release -p cerebellum-onnx-cli";
                Err(Stop(5, format!("this program was built without ONNX Runtime. {}", next)))
            }
            _ => Err(Stop(2, "expected: [--engine native | --engine onnxruntime --library PATH]".to_owned())),
        }
    }

    /// The model without the engine.
    pub fn model(&self) -> &MicroModel {
        match self {
            Engine::Native(model, _) => model,
            #[cfg(feature = "onnxruntime")]
            Engine::OnnxRuntime(model) => model.model(),
        }
    }

    /// The answer, by the way an application would ask.
    pub fn predict(&mut self, text: &str) -> cerebellum::Result<Answer<'_>> {
        match self {
            Engine::Native(model, scratch) => model.predict_with(scratch, text),
            #[cfg(feature = "onnxruntime")]
            Engine::OnnxRuntime(model) => model.predict(text),
        }
    }
}

/// One line out for every line in.
pub(crate) fn digest_stream(engine: &mut Engine, source: impl BufRead, target: &mut impl Write) -> Result<(), Stop> {
    let mut out = String::new();
    for (i, line) in source.split(b'\n').enumerate() {
        let text = read(&line?).map_err(|wrong| Stop(1, format!("line {}: {}", i + 1, wrong)))?;
        out.clear();
        match text.map(|text| digest(engine, &mut out, &text)) {
            None | Some(Err(Error::InvalidText { .. })) => out.push_str("InvalidText"),
            Some(other) => other?,
        }
        out.push('\n');
        target.write_all(out.as_bytes())?;
    }
    Ok(())
}

/// The string a line holds; none where it has a lone surrogate.
pub fn read(line: &[u8]) -> Result<Option<String>, String> {
    match json::parse(std::str::from_utf8(line).map_err(|error| error.to_string())?)? {
        text @ Value::String(_) => Ok(text.text()),
        _ => Err("not a JSON string".to_owned()),
    }
}

fn digest(engine: &mut Engine, out: &mut String, text: &str) -> cerebellum::Result<()> {
    let answer = engine.predict(text)?;
    let (label, outcome) = (answer.label.to_owned(), answer.outcome);
    let probabilities = answer.probabilities.into_owned();
    let steps = engine.model().steps(text)?;
    let place = engine.model().labels().iter().position(|other| *other == label).unwrap_or(usize::MAX);
    let reflex = steps.reflex.map_or_else(|| "-".to_owned(), |name| format!("{:016x}", of_text(name)));
    let ngrams = fnv(steps.ngrams.iter().map(|gram| of_text(gram)));
    let indices = fnv(steps.indices.iter().map(|index| u64::from(*index)));
    let values = fnv(steps.values.iter().map(|value| value.to_bits()));
    let _ = write!(out, "{} {} {} {:016x}", outcome, place, reflex, of_text(&steps.normalized));
    for (count, hash) in [(steps.ngrams.len(), ngrams), (steps.indices.len(), indices), (steps.values.len(), values)] {
        let _ = write!(out, " {}:{:016x}", count, hash);
    }
    for numbers in [&steps.logits, &probabilities] {
        for (i, number) in numbers.iter().enumerate() {
            let _ = write!(out, "{}{:016x}", if i == 0 { ' ' } else { ',' }, number.to_bits());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_bytes_is_the_ordinary_one() {
        assert_eq!(of_text(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(of_text("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(of_text("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_line_a_text() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");
        let mut engine = Engine::load(folder, "is_question", &[]).unwrap_or_else(|stop| panic!("{}", stop.1));
        let mut out = Vec::new();
        let long = format!("\"{}\"", "a".repeat(100_001));
        let lines = format!("\"\\u4f60\\u597d\"\n{}\n\"\"\n\"\\ud800\"\n", long);
        digest_stream(&mut engine, lines.as_bytes(), &mut out).unwrap_or_else(|stop| panic!("{}", stop.1));
        let lines: Vec<&str> = std::str::from_utf8(&out).unwrap().lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0].split(' ').count(), 9);
        assert_eq!((lines[1], lines[3]), ("InvalidText", "InvalidText"));
        assert_eq!(lines[2].split(' ').nth(3), Some("cbf29ce484222325"));
        assert!(digest_stream(&mut engine, &b"[]\n"[..], &mut Vec::new()).is_err());
    }
}

//! Replays parity cases: every step of every text, compared in the order of the steps.

use crate::json::{self, Value};
use cerebellum::{MicroModel, Scratch, Steps};
use std::io::{BufRead, Read};

/// Logits and probabilities may differ by this much: another `exp`, another order of a sum.
const TOLERANCE: f64 = 1e-12;
const LONGEST_LIST: usize = 64;
const LONGEST_TEXT: usize = 400;
/// A case with the longest text has fewer bytes; files may be longer than memory.
const LONGEST_LINE: u64 = 2 << 20;
/// So many differences are told.
const TOLD: usize = 10;

/// What a replay found.
#[derive(Debug, Default)]
pub struct Replay {
    pub cases: usize,
    /// Largest difference of a logit or probability.
    pub largest: f64,
    /// How many cases differ.
    pub wrong: usize,
    /// Of the first of them: the line, and the first step that does.
    pub differences: Vec<String>,
}

/// Replays the lines of a `<task>_parity.jsonl`; an error says which line is no parity case.
pub fn replay(model: &MicroModel, mut source: impl BufRead) -> Result<Replay, String> {
    let mut replay = Replay::default();
    let (mut scratch, mut line) = (Scratch::new(), Vec::new());
    for number in 1.. {
        line.clear();
        let size = source.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut line);
        let size = size.map_err(|error| format!("{}: cannot be read: {}. Check the disk.", number, error))?;
        if size == 0 {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if line.is_empty() {
            continue;
        }
        let wrong = |what: &str| format!("{}: not a parity case: {}. Export the model again.", number, what);
        if size as u64 > LONGEST_LINE {
            return Err(wrong("its line is too long"));
        }
        let line = std::str::from_utf8(&line).map_err(|_| wrong("it is not UTF-8"))?;
        let case = json::parse(line).map_err(|error| wrong(&error))?;
        let text = text_of(&case).ok_or_else(|| wrong("text is wrong"))?;
        let steps = model.steps(&text).map_err(|error| wrong(&error.to_string()))?;
        replay.cases += 1;
        let shown: String = text.chars().take(40).collect();
        let difference = match first_difference(&case, &steps, &mut replay.largest) {
            Some(step) => format!("{}: {} of {:?} differs", number, step, shown),
            None if is_answer(model, &mut scratch, &text, &steps) => continue,
            None => format!("{}: predict_with and steps of {:?} differ", number, shown),
        };
        replay.wrong += 1;
        if replay.differences.len() < TOLD {
            replay.differences.push(difference);
        }
    }
    if replay.cases == 0 {
        return Err(" no parity case in it. Export the model again.".to_owned());
    }
    Ok(replay)
}

/// The input of a case.
fn text_of(case: &Value) -> Option<String> {
    match case.get("text") {
        Some(text) => text.text(),
        None => {
            let (repeat, times) = (case.get("repeat")?.text()?, case.get("times")?.number()?);
            let fits = times >= 0.0 && times * repeat.len() as f64 <= 4.0 * cerebellum::MAX_CODE_POINTS as f64;
            fits.then(|| repeat.repeat(times as usize))
        }
    }
}

/// The answer without steps is the same.
fn is_answer(model: &MicroModel, scratch: &mut Scratch, text: &str, steps: &Steps) -> bool {
    model.predict_with(scratch, text).map_or(false, |answer| answer == steps.answer)
}

fn first_difference(case: &Value, steps: &Steps, largest: &mut f64) -> Option<&'static str> {
    let bits: Vec<String> = steps.values.iter().map(|value| format!("{:016x}", value.to_bits())).collect();
    let indices: Vec<String> = steps.indices.iter().map(u32::to_string).collect();
    let is_text = |name: &str, text: &str| case.get(name).and_then(Value::text).as_deref() == Some(text);
    let reflex = match (case.get("reflex"), steps.reflex) {
        (Some(Value::Null) | None, None) => true,
        (Some(expected), Some(name)) => expected.text().as_deref() == Some(name),
        _ => false,
    };
    let checks: [(&'static str, bool); 8] = [
        ("normalized", is_normalized(case.get("normalized"), &steps.normalized)),
        ("ngrams", is_list(case.get("ngrams"), &steps.ngrams)),
        ("indices", is_list(case.get("indices"), &indices)),
        ("values", is_list(case.get("values"), &bits)),
        ("logits", are_near(case.get("logits"), &steps.logits, largest)),
        ("probabilities", are_near(case.get("probabilities"), &steps.probabilities, largest)),
        ("reflex", reflex),
        ("label", is_text("label", steps.answer.label)),
    ];
    let outcome = ("outcome", is_text("outcome", steps.answer.outcome.as_str()));
    checks.into_iter().chain([outcome]).find(|(_, same)| !same).map(|(name, _)| name)
}

fn is_normalized(expected: Option<&Value>, found: &str) -> bool {
    let count = found.chars().count();
    match expected {
        Some(Value::String(_)) => expected.and_then(Value::text).as_deref() == Some(found) && count <= LONGEST_TEXT,
        Some(short) => is_hash(short, count, found),
        None => false,
    }
}

/// A list written out (numbers in decimal), or its length and the hash of its items joined by LF.
fn is_list(expected: Option<&Value>, found: &[String]) -> bool {
    match expected {
        Some(Value::Array(items)) => {
            let same = |item: &Value, found: &String| match item {
                Value::Number(number) => found.parse() == Ok(*number),
                other => other.text().as_ref() == Some(found),
            };
            items.len() == found.len()
                && items.len() <= LONGEST_LIST
                && items.iter().zip(found).all(|(item, found)| same(item, found))
        }
        Some(short) => is_hash(short, found.len(), &found.join("\n")),
        None => false,
    }
}

fn is_hash(expected: &Value, count: usize, found: &str) -> bool {
    expected.get("count").and_then(Value::number) == Some(count as f64)
        && expected.get("sha256").and_then(Value::text) == Some(cerebellum::sha256_hex(found.as_bytes()))
}

fn are_near(expected: Option<&Value>, found: &[f64], largest: &mut f64) -> bool {
    let items = expected.and_then(Value::array).unwrap_or(&[]);
    let mut near = items.len() == found.len();
    for (item, found) in items.iter().zip(found) {
        let number = item.text().filter(|text| text.len() == 16).and_then(|text| u64::from_str_radix(&text, 16).ok());
        let difference = number.map_or(f64::INFINITY, |bits| (f64::from_bits(bits) - found).abs());
        near &= difference <= TOLERANCE;
        *largest = largest.max(difference);
    }
    near
}

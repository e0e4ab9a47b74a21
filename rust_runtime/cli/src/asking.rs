//! Asking a model: one sentence, or a stream of JSON Lines; the shapes are those of `main.py ask`.

use crate::json::{self, Value};
use cerebellum::{Answer, MicroModel, Outcome, Scratch, MAX_CODE_POINTS};
use std::io::{self, BufRead, BufReader, Read, Write};

/// A text of the largest allowed size, every code point as a pair of \u escapes, and a little more.
const MAX_LINE_BYTES: usize = 13 * MAX_CODE_POINTS;

/// An answer for people, with its reasons.
pub fn answer_lines(model: &MicroModel, text: &str) -> cerebellum::Result<Vec<String>> {
    let answer = model.predict(text)?;
    let mut lines = vec![format!("{}  {:.1}%  {}", answer.label, answer.confidence * 100.0, answer.outcome)];
    if answer.outcome == Outcome::Reflex {
        lines.push(format!("  reflex: {}", model.steps(text)?.reflex.unwrap_or_default()));
    } else {
        lines.extend(model.explain(text, 8)?.iter().map(|c| format!("  {:+.3}  {}", c.value, c.feature)));
    }
    Ok(lines)
}

/// An answer for programs: a JSON object.
pub fn answer_object(out: &mut String, model: &MicroModel, answer: &Answer) {
    out.push_str("{\"label\": ");
    json::write_string(out, answer.label);
    out.push_str(", \"confidence\": ");
    json::write_number(out, answer.confidence);
    out.push_str(", \"outcome\": ");
    json::write_string(out, answer.outcome.as_str());
    out.push_str(", \"probabilities\": {");
    for (i, (label, probability)) in model.labels().iter().zip(answer.probabilities.iter()).enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        json::write_string(out, label);
        out.push_str(": ");
        json::write_number(out, *probability);
    }
    out.push_str("}}");
}

/// One line out for every line in, in order; lines end with LF only, and a broken line gets an error object.
pub fn answer_stream(model: &MicroModel, source: impl Read, target: &mut impl Write) -> io::Result<()> {
    let mut source = BufReader::with_capacity(1 << 16, source);
    let (mut line, mut out, mut scratch) = (Vec::new(), String::new(), Scratch::new());
    loop {
        line.clear();
        let limit = MAX_LINE_BYTES as u64 + 1;
        if source.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            return target.flush();
        }
        out.clear();
        if line.len() > MAX_LINE_BYTES && line.last() != Some(&b'\n') {
            while line.last().map_or(false, |byte| *byte != b'\n') {
                line.clear();
                source.by_ref().take(limit).read_until(b'\n', &mut line)?;
            }
            error_object(&mut out, "too_long", "a line of more than 1,300,000 bytes");
        } else {
            answer_line(&mut out, model, &mut scratch, &line);
        }
        out.push('\n');
        target.write_all(out.as_bytes())?;
        if source.buffer().is_empty() {
            target.flush()?;
        }
    }
}

/// The reply to one line: an answer, or `{"error": {"code", "message"}}`.
fn answer_line(out: &mut String, model: &MicroModel, scratch: &mut Scratch, line: &[u8]) {
    let body = line.strip_suffix(b"\n").unwrap_or(line);
    if body.iter().all(|byte| matches!(byte, b' ' | b'\t'..=b'\r')) {
        return error_object(out, "blank", "a blank line");
    }
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => return error_object(out, "not_utf8", &format!("not UTF-8 at byte {}", error.valid_up_to())),
    };
    let value = match json::parse(text) {
        Ok(value) => value,
        Err(message) => {
            let message: String = message.chars().take(120).collect();
            return error_object(out, "not_json", &format!("not JSON: {}", message));
        }
    };
    let text = if let Value::Object(_) = value { value.get("text") } else { Some(&value) };
    let codes = match text {
        Some(Value::String(codes)) => codes,
        _ => return error_object(out, "no_text", "expected a JSON string or an object with \"text\""),
    };
    let lone = codes.iter().position(|code| char::from_u32(*code).is_none());
    if let Some(place) = lone.filter(|_| codes.len() <= MAX_CODE_POINTS) {
        let message = format!("lone surrogate U+{:04X} at position {}: not a Unicode text", codes[place], place);
        return error_object(out, "not_unicode", &message);
    }
    let text: String = codes.iter().map(|code| char::from_u32(*code).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    match model.predict_with(scratch, &text) {
        Ok(answer) => answer_object(out, model, &answer),
        Err(error) => error_object(out, "too_long", error.message()),
    }
}

fn error_object(out: &mut String, code: &str, message: &str) {
    out.push_str("{\"error\": {\"code\": ");
    json::write_string(out, code);
    out.push_str(", \"message\": ");
    json::write_string(out, message);
    out.push_str("}}");
}

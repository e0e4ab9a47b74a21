//! JSON as Python's `json` module reads and writes it, so that both command lines answer alike to the byte.
//!
//! Strings are code points, for a `\ud800` escape is valid JSON and has to be answered with a worded error. `NaN` and
//! `Infinity` are accepted, as Python does. Messages are those of Python 3.11.

use std::fmt::Write;

/// Deeper nesting is refused, as not JSON, so that no line overflows the stack. Python's limit is near: its recursion
/// limit less what is in use.
const MAX_DEPTH: usize = 970;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(f64),
    /// Code points, lone surrogates included.
    String(Vec<u32>),
    Array(Vec<Value>),
    Object(Vec<(Vec<u32>, Value)>),
}

impl Value {
    /// The last value with this key, of an object.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Object(pairs) => {
                let same = |found: &Vec<u32>| found.iter().copied().eq(key.chars().map(u32::from));
                pairs.iter().rev().find(|(found, _)| same(found)).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The text of a string without lone surrogates.
    pub fn text(&self) -> Option<String> {
        match self {
            Value::String(codes) => codes.iter().map(|code| char::from_u32(*code)).collect(),
            _ => None,
        }
    }

    pub fn array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// The value a text holds, or why it is none.
pub fn parse(text: &str) -> Result<Value, String> {
    let chars: Vec<char> = text.chars().collect();
    if chars.first() == Some(&'\u{feff}') {
        return Err(at("Unexpected UTF-8 BOM (decode using utf-8-sig)", &chars, 0));
    }
    let mut parser = Parser { chars: &chars, at: 0 };
    parser.space();
    let value = parser.value(0)?;
    parser.space();
    if parser.at < chars.len() {
        return Err(at("Extra data", &chars, parser.at));
    }
    Ok(value)
}

fn at(message: &str, chars: &[char], place: usize) -> String {
    let before = &chars[..place.min(chars.len())];
    let line = before.iter().filter(|char| **char == '\n').count() + 1;
    let column = match before.iter().rposition(|char| *char == '\n') {
        Some(newline) => place - newline,
        None => place + 1,
    };
    format!("{}: line {} column {} (char {})", message, line, column, place)
}

struct Parser<'a> {
    chars: &'a [char],
    at: usize,
}

impl Parser<'_> {
    fn fail<T>(&self, message: &str, place: usize) -> Result<T, String> {
        Err(at(message, self.chars, place))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        match self.peek() {
            Some('"') => self.string().map(Value::String),
            Some('{') => {
                if depth >= MAX_DEPTH {
                    return Err(too_deep("object"));
                }
                self.object(depth)
            }
            Some('[') => {
                if depth >= MAX_DEPTH {
                    return Err(too_deep("array"));
                }
                self.array(depth)
            }
            _ => self.plain(),
        }
    }

    fn plain(&mut self) -> Result<Value, String> {
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Number(f64::NAN)),
            ("Infinity", Value::Number(f64::INFINITY)),
            ("-Infinity", Value::Number(f64::NEG_INFINITY)),
        ] {
            let end = self.at + word.len();
            if end <= self.chars.len() && self.chars[self.at..end].iter().copied().eq(word.chars()) {
                self.at = end;
                return Ok(value);
            }
        }
        self.number()
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        let mut at = start;
        let digit = |at: usize| self.chars.get(at).map_or(false, char::is_ascii_digit);
        if self.peek() == Some('-') {
            at += 1;
        }
        let first = at;
        if !digit(at) {
            return self.fail("Expecting value", start);
        }
        if self.chars[at] == '0' {
            at += 1;
        } else {
            while digit(at) {
                at += 1;
            }
        }
        let digits = at - first;
        let mut whole = true;
        if self.chars.get(at) == Some(&'.') && digit(at + 1) {
            whole = false;
            at += 1;
            while digit(at) {
                at += 1;
            }
        }
        if matches!(self.chars.get(at), Some('e' | 'E')) {
            let sign = usize::from(matches!(self.chars.get(at + 1), Some('+' | '-')));
            if digit(at + 1 + sign) {
                whole = false;
                at += 1 + sign;
                while digit(at) {
                    at += 1;
                }
            }
        }
        if whole && digits > 4_300 {
            return Err(format!(
                "Exceeds the limit (4300 digits) for integer string conversion: value has {} digits; \
                 use sys.set_int_max_str_digits() to increase the limit",
                digits
            ));
        }
        let text: String = self.chars[start..at].iter().collect();
        self.at = at;
        Ok(Value::Number(text.parse().unwrap_or(f64::NAN)))
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        let mut pairs = Vec::new();
        self.at += 1;
        self.space();
        if self.peek() == Some('}') {
            self.at += 1;
            return Ok(Value::Object(pairs));
        }
        loop {
            if self.peek() != Some('"') {
                return self.fail("Expecting property name enclosed in double quotes", self.at);
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(':') {
                return self.fail("Expecting ':' delimiter", self.at);
            }
            self.at += 1;
            self.space();
            let value = self.value(depth + 1)?;
            pairs.push((key, value));
            self.space();
            match self.peek() {
                Some('}') => break,
                Some(',') => self.at += 1,
                _ => return self.fail("Expecting ',' delimiter", self.at),
            }
            self.space();
        }
        self.at += 1;
        Ok(Value::Object(pairs))
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        self.at += 1;
        self.space();
        if self.peek() == Some(']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(']') => break,
                Some(',') => self.at += 1,
                _ => return self.fail("Expecting ',' delimiter", self.at),
            }
            self.space();
        }
        self.at += 1;
        Ok(Value::Array(items))
    }

    /// A string, its code points; `self.at` is at the opening quote.
    fn string(&mut self) -> Result<Vec<u32>, String> {
        let begin = self.at;
        let mut out = Vec::new();
        self.at += 1;
        loop {
            match self.peek() {
                None => return self.fail("Unterminated string starting at", begin),
                Some('"') => break,
                Some('\\') => out.push(self.escape(begin)?),
                Some(char) if (char as u32) < 0x20 => return self.fail("Invalid control character at", self.at),
                Some(char) => {
                    out.push(char as u32);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        Ok(out)
    }

    fn escape(&mut self, begin: usize) -> Result<u32, String> {
        let slash = self.at;
        let char = match self.chars.get(slash + 1) {
            None => return self.fail("Unterminated string starting at", begin),
            Some(char) => *char,
        };
        self.at += 2;
        let simple = match char {
            '"' | '\\' | '/' => char as u32,
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'u' => return self.unicode_escape(slash + 2),
            _ => return self.fail("Invalid \\escape", slash),
        };
        Ok(simple)
    }

    fn unicode_escape(&mut self, start: usize) -> Result<u32, String> {
        let high = self.hex(start)?;
        self.at = start + 4;
        let follows = self.chars.get(start + 4) == Some(&'\\') && self.chars.get(start + 5) == Some(&'u');
        if (0xD800..0xDC00).contains(&high) && start + 10 < self.chars.len() && follows {
            let low = self.hex(start + 6)?;
            if (0xDC00..0xE000).contains(&low) {
                self.at = start + 10;
                return Ok(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00));
            }
        }
        Ok(high)
    }

    fn hex(&self, start: usize) -> Result<u32, String> {
        if start + 4 >= self.chars.len() {
            return self.fail("Invalid \\uXXXX escape", start - 1);
        }
        self.chars[start..start + 4]
            .iter()
            .try_fold(0, |value, char| char.to_digit(16).map(|digit| value * 16 + digit))
            .map_or_else(|| self.fail("Invalid \\uXXXX escape", start - 1), Ok)
    }
}

fn too_deep(what: &str) -> String {
    format!("maximum recursion depth exceeded while decoding a JSON {} from a unicode string", what)
}

/// Writes a string as `json.dumps(..., ensure_ascii=False)` does.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if (control as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", control as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Writes the name of an object's next member, and the comma before it.
pub fn write_name(out: &mut String, name: &str) {
    if !out.ends_with('{') {
        out.push_str(", ");
    }
    write_string(out, name);
    out.push_str(": ");
}

/// Writes items as an array.
pub fn write_list<T>(out: &mut String, items: &[T], mut write_item: impl FnMut(&mut String, &T)) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write_item(out, item);
    }
    out.push(']');
}

/// A result object with its schema version in front.
pub fn with_schema(object: &str) -> String {
    format!("{{\"schema_version\": 1, {}", object.strip_prefix('{').unwrap_or(object))
}

/// Writes a number as Python's `repr` does; what is no number, as JSON has none for it, as `null`.
pub fn write_number(out: &mut String, number: f64) {
    if !number.is_finite() {
        return out.push_str("null");
    }
    let shortest = format!("{:e}", number);
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{}", number);
        out.push_str(&plain);
        if !plain.contains('.') {
            out.push_str(".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{}e{}{:02}", mantissa, sign, exponent.abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        for (number, expected) in [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.234e-7, "1.234e-07"),
            (5e-324, "5e-324"),
            (1e16, "1e+16"),
            (123456789012345.0, "123456789012345.0"),
            (0.9188945779726946, "0.9188945779726946"),
            (f64::NAN, "null"),
            (f64::INFINITY, "null"),
            (f64::NEG_INFINITY, "null"),
        ] {
            let mut out = String::new();
            write_number(&mut out, number);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn strings() {
        assert_eq!(parse(r#" "a\u00e9\ud83d\ude00\ud800\n" "#).unwrap(), {
            Value::String(vec![0x61, 0xe9, 0x1f600, 0xd800, 10])
        });
        let mut out = String::new();
        write_string(&mut out, "a\"\\\u{1}\u{7f}é\u{2028}");
        assert_eq!(out, "\"a\\\"\\\\\\u0001\u{7f}é\u{2028}\"");
    }
}

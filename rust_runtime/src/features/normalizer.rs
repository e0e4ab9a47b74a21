//! Text to normalized text: the first step of every answer.
//!
//! Each code point is folded by the frozen table, then runs of spaces become one space and outer spaces go.
//! Specified in `proto/README.md`, section "Normalize".

use super::unicode_tables::{action, class_of_folded, is_kept, Action, Class, Fold};
use crate::error::{Error, Result};

/// Longer texts are refused at the border, in every runtime.
pub const MAX_CODE_POINTS: usize = 100_000;

/// Marks put around every text; no normalized text contains them.
pub(crate) const BEGIN: u32 = 2;
pub(crate) const END: u32 = 3;
/// First character of every word n-gram.
pub(crate) const WORD_MARK: u32 = 1;

const SPACE: u32 = 0x20;
const CLASS_SHIFT: u32 = 24;

/// A code point of a normalized text with its class, in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Char(u32);

impl Char {
    #[inline]
    pub(crate) fn new(code: u32, class: Class) -> Char {
        Char(code | (class as u32) << CLASS_SHIFT)
    }

    #[inline]
    pub(crate) fn code(self) -> u32 {
        self.0 & 0x1F_FFFF
    }

    #[inline]
    pub(crate) fn is_word(self) -> bool {
        self.0 >> CLASS_SHIFT == Class::Word as u32
    }

    #[inline]
    pub(crate) fn is_other(self) -> bool {
        self.0 >> CLASS_SHIFT == Class::Other as u32
    }
}

/// Why a text is not answered, if it is not.
pub(crate) fn check_length(text: &str) -> Result<()> {
    if text.len() <= MAX_CODE_POINTS {
        return Ok(());
    }
    let count = text.chars().count();
    if count <= MAX_CODE_POINTS {
        return Ok(());
    }
    Err(Error::InvalidText {
        message: format!("{} code points, at most {} are answered", with_commas(count), with_commas(MAX_CODE_POINTS)),
    })
}

/// A number with a comma before every third digit from the right.
pub(crate) fn with_commas(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Writes `BEGIN`, the normalized text and `END` over what is in `out`.
pub(crate) fn normalize_into(text: &str, out: &mut Vec<Char>) {
    out.clear();
    out.reserve(text.len() + 2);
    out.push(Char::new(BEGIN, Class::Other));
    let mut after_space = true;
    for char in text.chars() {
        let code = char as u32;
        let Action { fold, class } = action(code);
        match fold {
            Fold::Add(distance) if code != SPACE => {
                out.push(Char::new(code.wrapping_add(*distance as u32), *class));
                after_space = false;
            }
            Fold::Add(_) | Fold::Put([SPACE]) => {
                if !after_space {
                    out.push(Char::new(SPACE, Class::Other));
                    after_space = true;
                }
            }
            Fold::Put(parts) => {
                for part in *parts {
                    out.push(Char::new(*part, class_of_folded(*part)));
                    after_space = false;
                }
            }
        }
    }
    if after_space && out.len() > 1 {
        out.pop();
    }
    out.push(Char::new(END, Class::Other));
}

/// Whether normalizing leaves a text of at least one character as it is, if it does so with the first `known` of them.
///
/// No fold gives a code point that is folded itself, so each has to be kept.
pub(crate) fn is_normalized(chars: &[char], known: usize) -> bool {
    let mut after_space = known == 0 || chars[known - 1] == ' ';
    for char in &chars[known..] {
        if !is_kept(*char as u32) || (*char == ' ' && after_space) {
            return false;
        }
        after_space = *char == ' ';
    }
    !after_space
}

/// Code points as a string.
pub(crate) fn string_of(chars: &[Char]) -> String {
    chars.iter().filter_map(|char| char::from_u32(char.code())).collect()
}

/// The text as the n-grams see it.
///
/// ```
/// assert_eq!(cerebellum::normalize("  Ｗhat’s\u{a0}UP？ "), "what's up?");
/// ```
pub fn normalize(text: &str) -> String {
    let mut marked = Vec::new();
    normalize_into(text, &mut marked);
    string_of(&marked[1..marked.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_becomes_more_than_its_bytes() {
        let mut out = Vec::new();
        for char in (0..0x11_0000).filter_map(char::from_u32) {
            normalize_into(&char.to_string(), &mut out);
            assert!(out.len() - 2 <= char.len_utf8(), "{:?}", char);
        }
    }

    #[test]
    fn what_normalize_makes() {
        for (text, expected) in [
            ("", ""),
            (" ", ""),
            ("\u{1c}\u{1d}a\u{85}b\u{1f}", "a b"),
            ("İ", "i\u{307}"),
            ("ß", "ß"),
            ("ΌΣΟΣ", "όσοσ"),
            ("a…b", "a...b"),
            ("…", "..."),
            (" a \u{200b} b ", "a b"),
            ("\u{3000}ＯＫ, ok…好!", "ok, ok...好!"),
            ("\u{1}\u{2}\u{3}", ""),
            ("x\r\ny\u{2028}z", "x y z"),
        ] {
            assert_eq!(normalize(text), expected, "{:?}", text);
            assert_eq!(normalize(expected), expected);
        }
    }

    #[test]
    fn what_is_normalized() {
        let check = |text: &str| {
            let chars: Vec<char> = text.chars().collect();
            assert_eq!(is_normalized(&chars, 0), normalize(text) == text, "{:?}", text);
        };
        for char in (0..0x11_0000).filter_map(char::from_u32) {
            check(&format!("a{}b", char));
            check(&char.to_string());
        }
        for text in ["a b", "a  b", " a", "a "] {
            check(text);
        }
        assert!(is_normalized(&['A', ' ', 'b'], 2) && !is_normalized(&['a', ' ', ' ', 'b'], 2));
    }

    #[test]
    fn longer_texts_are_refused_by_code_points_not_bytes() {
        assert!(check_length(&"好".repeat(MAX_CODE_POINTS)).is_ok());
        let error = check_length(&"a".repeat(MAX_CODE_POINTS + 1)).unwrap_err();
        assert_eq!(error.to_string(), "100,001 code points, at most 100,000 are answered");
    }
}

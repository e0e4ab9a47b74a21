//! Frozen character classes and the character fold, the same in every language.
//!
//! Rust's own `char::to_lowercase` and `char::is_alphanumeric` follow the Unicode version of the compiler; a model must
//! not. Specified in `proto/README.md`, section "Normalize".

pub(crate) use super::unicode_tables_data::TABLES_SHA256;
pub use super::unicode_tables_data::UNICODE_VERSION;
use super::unicode_tables_data::{ACTIONS, PAGES_RUNS, PAGE_COUNT, PAGE_OF_RUNS};

/// What kind of character a code point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Neither of the two others.
    Other = 0,
    /// A letter, mark or number of a script that puts spaces between words.
    Word = 1,
    /// A letter, mark or number of a script that does not.
    Spaceless = 2,
}

/// What takes a code point's place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fold {
    /// The code point at this distance.
    Add(i32),
    /// These code points, possibly none.
    Put(&'static [u32]),
}

/// A fold and the class of what it gives; `Other` where it gives several code points or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Action {
    pub(super) fold: Fold,
    pub(super) class: Class,
}

const PAGE: usize = 128;
const INDEX: usize = 0x11_0000 / PAGE;

static PAGE_OF: [u8; INDEX] = unfold(&PAGE_OF_RUNS);
static PAGES: [u8; PAGE_COUNT * PAGE] = unfold(&PAGES_RUNS);

/// Runs of `(how many, value)` written out; the compiler does it.
const fn unfold<const N: usize>(runs: &[(u16, u8)]) -> [u8; N] {
    let mut out = [0; N];
    let (mut run, mut at) = (0, 0);
    while run < runs.len() {
        let (count, value) = runs[run];
        let mut i = 0;
        while i < count {
            out[at] = value;
            at += 1;
            i += 1;
        }
        run += 1;
    }
    assert!(at == N, "the runs do not fill the table");
    out
}

/// What the fold does with a code point below 0x110000; others stay as they are.
#[inline]
pub(super) fn action(code: u32) -> &'static Action {
    let code = code as usize;
    let page = PAGE_OF.get(code / PAGE).map_or(0, |page| usize::from(*page));
    let kind = PAGES.get(page * PAGE + code % PAGE).map_or(0, |kind| usize::from(*kind));
    ACTIONS.get(kind).unwrap_or(&ACTIONS[0])
}

/// Whether the fold leaves a code point as it is.
pub(super) fn is_kept(code: u32) -> bool {
    matches!(action(code).fold, Fold::Add(0))
}

/// The class of a code point that the fold leaves as it is, as all of a normalized text are.
pub(super) fn class_of_folded(code: u32) -> Class {
    match action(code) {
        Action { fold: Fold::Add(0), class } => *class,
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    const TABLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/unicode_tables.txt");

    fn hex(text: &str) -> u32 {
        u32::from_str_radix(text, 16).unwrap()
    }

    /// The specification's file, read by a second, plain reader.
    fn read() -> (HashMap<u32, Vec<u32>>, HashMap<u32, Class>) {
        let (mut folds, mut classes) = (HashMap::new(), HashMap::new());
        let mut section = String::new();
        for line in std::fs::read_to_string(TABLES).unwrap().lines() {
            if line.starts_with('[') {
                section = line.to_owned();
            } else if line.starts_with('#') || line.starts_with("unicode ") {
                continue;
            } else if section == "[fold]" {
                let parts: Vec<&str> = line.splitn(4, ' ').collect();
                for code in (hex(parts[0])..=hex(parts[1])).step_by(parts[2].parse().unwrap()) {
                    let value = match parts[3].strip_prefix('=') {
                        Some(list) => list.split_whitespace().map(hex).collect(),
                        None => vec![(code as i64 + parts[3].parse::<i64>().unwrap()) as u32],
                    };
                    folds.insert(code, value);
                }
            } else {
                let (first, last) = line.split_once(' ').unwrap();
                let class = if section == "[word]" { Class::Word } else { Class::Spaceless };
                for code in hex(first)..=hex(last) {
                    classes.insert(code, class);
                }
            }
        }
        (folds, classes)
    }

    #[test]
    fn every_code_point_is_as_the_specification_says() {
        let (folds, classes) = read();
        let class = |code: u32| classes.get(&code).copied().unwrap_or(Class::Other);
        for code in 0..0x11_0000 {
            let expected = folds.get(&code).cloned().unwrap_or_else(|| vec![code]);
            let found = match action(code).fold {
                Fold::Add(distance) => vec![(code as i32 + distance) as u32],
                Fold::Put(list) => list.to_vec(),
            };
            assert_eq!(found, expected, "fold of U+{:04X}; run make unicode-tables", code);
            if let [one] = expected[..] {
                assert_eq!(action(code).class, class(one), "class of the fold of U+{:04X}", code);
            }
            if expected == [code] {
                assert_eq!(class_of_folded(code), class(code), "class of U+{:04X}", code);
            }
        }
    }

    #[test]
    fn the_hash_is_of_the_specifications_file() {
        let data = std::fs::read(TABLES).unwrap();
        assert_eq!(crate::artifact::sha256::sha256(&data), TABLES_SHA256, "run make unicode-tables");
        assert!(String::from_utf8(data).unwrap().contains(&format!("unicode {}\n", UNICODE_VERSION)));
    }
}

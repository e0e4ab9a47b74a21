//! Front-coded terms and varints, as in `proto/README.md`, section "Varints and front coding".

use crate::error::{Error, Result};
use crate::features::normalizer::with_commas;

/// Longer terms are never in a vocabulary; it bounds what a few hostile bytes can unfold to.
pub(crate) const MAX_TERM_BYTES: usize = 255;

/// How many bytes terms may unfold to in all, and how many of them are left.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    most: usize,
    left: usize,
}

impl Budget {
    /// For the terms of a vocabulary.
    pub(crate) const TERMS: Budget = Budget::of(1 << 28);
    /// For the literals of all groups of a file together.
    pub(crate) const LITERALS: Budget = Budget::of(1 << 22);

    const fn of(most: usize) -> Budget {
        Budget { most, left: most }
    }
}

/// How many bytes front-coded terms unfold to, as far as they are well formed.
pub(crate) fn unfolded_size(data: &[u8]) -> usize {
    let (mut at, mut sum) = (0, 0);
    while let Ok((shared, next)) = varint(data, at) {
        match varint(data, next) {
            Ok((rest, next)) if shared as usize <= MAX_TERM_BYTES && rest as usize <= MAX_TERM_BYTES => {
                sum += shared as usize + rest as usize;
                at = next + rest as usize;
            }
            _ => break,
        }
    }
    sum
}

/// A LEB128 number of at most five bytes (below 2³²) at a place, and the place after it.
#[inline]
pub(crate) fn varint(data: &[u8], at: usize) -> Result<(u32, usize)> {
    match data.get(at) {
        Some(byte) if *byte < 0x80 => Ok((u32::from(*byte), at + 1)),
        _ => long_varint(data, at),
    }
}

fn long_varint(data: &[u8], at: usize) -> Result<(u32, usize)> {
    let mut value = 0;
    for (i, byte) in data.iter().skip(at).take(5).enumerate() {
        value |= u64::from(byte & 0x7F) << (7 * i);
        if *byte < 0x80 {
            return match u32::try_from(value) {
                Ok(value) => Ok((value, at + i + 1)),
                Err(_) => break,
            };
        }
    }
    Err(Error::malformed(format!("a number at byte {} does not end or is too large", at)))
}

/// Goes through front-coded terms without unfolding them all.
pub(crate) struct Terms<'a> {
    data: &'a [u8],
    at: usize,
    count: usize,
    /// What the terms still to come may unfold to.
    pub budget: Budget,
    /// The term before, and room for the longest.
    bytes: [u8; MAX_TERM_BYTES],
    size: usize,
    chars: [char; MAX_TERM_BYTES],
    /// By byte where a character starts, and at the end: how many characters are before it.
    before: [u8; MAX_TERM_BYTES + 1],
}

/// A term's characters, of which the first `shared` are those of the term before; there is at least one more.
pub(crate) struct Term<'t> {
    pub chars: &'t [char],
    pub shared: usize,
}

impl<'a> Terms<'a> {
    pub(crate) fn new(data: &'a [u8], budget: Budget) -> Terms<'a> {
        const N: usize = MAX_TERM_BYTES;
        Terms { data, at: 0, count: 0, budget, bytes: [0; N], size: 0, chars: ['\0'; N], before: [0; N + 1] }
    }

    /// The next term, or `None` at the end; lengths, order and UTF-8 are checked.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Term<'_>>> {
        if self.at >= self.data.len() {
            return Ok(None);
        }
        let (shared, at) = varint(self.data, self.at)?;
        let (rest, at) = varint(self.data, at)?;
        let (shared_size, rest_size) = (shared as usize, rest as usize);
        if shared_size > self.size
            || rest_size > self.data.len() - at
            || shared_size.saturating_add(rest_size) > MAX_TERM_BYTES
        {
            return Err(self.error(&format!("has impossible lengths ({} shared, {} own)", shared, rest)));
        }
        let rest = &self.data[at..at + rest_size];
        let before = &self.bytes[shared_size..self.size];
        let common = match (rest.first(), before.first()) {
            (Some(_), None) => shared_size,
            (Some(byte), Some(other)) if byte > other => shared_size,
            _ if rest > before => shared_size + rest.iter().zip(before).take_while(|(a, b)| a == b).count(),
            _ => return Err(self.error("is not above the one before it")),
        };
        // up to the start of one of its characters, what the term before shares with this one is well formed
        let mut place = common;
        while place < self.size && self.bytes[place] & 0xC0 == 0x80 {
            place -= 1;
        }
        self.size = shared_size + rest_size;
        self.budget.left = match self.budget.left.checked_sub(self.size) {
            Some(left) => left,
            None => {
                let most = with_commas(self.budget.most);
                return Err(self.error(&format!("and those before it unfold to more than {} bytes", most)));
            }
        };
        self.bytes[shared_size..self.size].copy_from_slice(rest);
        let shared = usize::from(self.before[place]);
        let mut count = shared;
        while place < self.size {
            let (char, next) = match char_at(&self.bytes[..self.size], place) {
                Some(found) => found,
                None => return Err(self.error("is not UTF-8")),
            };
            self.chars[count] = char;
            count += 1;
            place = next;
            self.before[place] = count as u8;
        }
        self.at = at + rest_size;
        self.count += 1;
        Ok(Some(Term { chars: &self.chars[..count], shared }))
    }

    #[cold]
    fn error(&self, problem: &str) -> Error {
        Error::malformed(format!("front-coded terms: number {} {}", self.count, problem))
    }
}

/// The character that starts at a byte, and where it ends; `None` where that is no UTF-8.
#[inline]
fn char_at(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let first = bytes[at];
    if first < 0x80 {
        return Some((char::from(first), at + 1));
    }
    if let [0xE1..=0xEC, second, third, ..] = bytes[at..] {
        // most others, and any two continuations will do
        return match (second & 0xC0, third & 0xC0) {
            (0x80, 0x80) => {
                let code = u32::from(first & 0x0F) << 12 | u32::from(second & 0x3F) << 6 | u32::from(third & 0x3F);
                char::from_u32(code).map(|char| (char, at + 3))
            }
            _ => None,
        };
    }
    let (size, bits) = match first {
        0xC0..=0xDF => (2, first & 0x1F),
        0xE0..=0xEF => (3, first & 0x0F),
        0xF0..=0xF7 => (4, first & 0x07),
        _ => return None,
    };
    let mut code = u32::from(bits);
    for byte in bytes.get(at + 1..at + size)? {
        if byte & 0xC0 != 0x80 {
            return None;
        }
        code = code << 6 | u32::from(byte & 0x3F);
    }
    // no surrogate, none above U+10FFFF, and none written longer than need be
    let char = char::from_u32(code)?;
    if char.len_utf8() == size {
        Some((char, at + size))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(data: &[u8]) -> std::result::Result<Vec<(String, usize)>, String> {
        let (mut terms, mut found) = (Terms::new(data, Budget::TERMS), Vec::new());
        while let Some(term) = terms.next().map_err(|error| error.to_string())? {
            found.push((term.chars.iter().collect(), term.shared));
        }
        Ok(found)
    }

    #[test]
    fn terms_of_the_specifications_example() {
        let data = b"\x00\x03\x01ok\x00\x02\x02o\x00\x01k\x00\x02ok\x00\x03\xe5\xa5\xbd";
        let found: Vec<String> = all(data).unwrap().into_iter().map(|(term, _)| term).collect();
        assert_eq!(found, ["\x01ok", "\x02o", "k", "ok", "好"]);
    }

    #[test]
    fn a_prefix_may_be_shared_less_than_it_could_and_cut_a_code_point() {
        let found = all(b"\x00\x03\xe5\xa5\xbd\x02\x01\xbe\x00\x04\xe5\xa5\xbea").unwrap();
        assert_eq!(found, [("好".into(), 0), ("\u{597e}".into(), 0), ("\u{597e}a".into(), 1)]);
    }

    #[test]
    fn utf_8_is_what_the_standard_library_says() {
        for code in (0..0x11_0000).filter_map(char::from_u32) {
            assert_eq!(char_at(code.to_string().as_bytes(), 0), Some((code, code.len_utf8())));
        }
        let mut bytes = [0; 4];
        for first in 0..=255 {
            for second in [0, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF] {
                for rest in [[0x80, 0x80], [0xBF, 0xBF], [0x80, 0x41], [0x41, 0x80], [0xC0, 0x80]] {
                    bytes[..2].copy_from_slice(&[first, second]);
                    bytes[2..].copy_from_slice(&rest);
                    for size in 1..=4 {
                        let (bytes, mut at, mut chars) = (&bytes[..size], 0, String::new());
                        while let Some((char, next)) = bytes.get(at).and_then(|_| char_at(bytes, at)) {
                            chars.push(char);
                            at = next;
                        }
                        let ours = if at == size { Some(chars.as_str()) } else { None };
                        assert_eq!(ours, std::str::from_utf8(bytes).ok(), "{:02x?}", bytes);
                    }
                }
            }
        }
    }

    #[test]
    fn terms_unfold_to_so_many_bytes_and_not_one_more() {
        // 16,448 terms of 255 bytes and one of 64 are 4 MiB
        let mut data = Vec::new();
        for number in 0..16_448u32 {
            let own = [number / 8_836, number / 94 % 94, number % 94].map(|digit| b'!' + digit as u8);
            let shared = [b'!'; 252];
            data.extend(if number == 0 { [0, 0xff, 1].iter().chain(&shared) } else { [0xfc, 1, 3].iter().chain(&[]) });
            data.extend(own);
        }
        let count = |data: &[u8]| {
            let (mut terms, mut count) = (Terms::new(data, Budget::LITERALS), 0);
            while terms.next()?.is_some() {
                count += 1;
            }
            Ok::<_, Error>(count)
        };
        let with_last = |size: usize| [&data[..], &[0, size as u8], &vec![b'~'; size]].concat();
        assert_eq!(unfolded_size(&with_last(64)), 1 << 22);
        assert_eq!(count(&with_last(64)).unwrap(), 16_449);
        let message = count(&with_last(65)).unwrap_err().to_string();
        let expected = "front-coded terms: number 16448 and those before it unfold to more than 4,194,304 bytes";
        assert_eq!(message, expected);
    }

    #[test]
    fn impossible_terms() {
        for (data, expected) in [
            (&b"\x00"[..], "a number at byte 1 does not end"),
            (b"\x80\x80\x80\x80\x10\x00", "too large"),
            (b"\x80\x80\x80\x80\x80\x00", "does not end"),
            (b"\x01\x01a", "number 0 has impossible lengths (1 shared, 1 own)"),
            (b"\x00\x02a", "impossible lengths"),
            (b"\x00\x00", "not above"),
            (b"\x00\x01a\x00\x01a", "number 1 is not above"),
            (b"\x00\x01b\x00\x01a", "not above"),
            (b"\x00\x02ab\x00\x01a", "not above"),
            (b"\x00\x01\xff", "number 0 is not UTF-8"),
            (b"\x00\x03\xed\xa0\x80", "not UTF-8"),
            (b"\x00\x03\xe5\xa5\xbd\x02\x02\xc3\xa9", "number 1 is not UTF-8"),
            (b"\x00\x03\xe5\xa5\xbd\x01\x01\xff", "number 1 is not UTF-8"),
            (b"\x00\xff\xff\xff\xff\x0fa", "impossible lengths"),
        ] {
            let message = all(data).unwrap_err();
            assert!(message.contains(expected), "{:?}: {}", data, message);
        }
        let mut long = vec![0, 0x80, 2];
        long.extend([b'a'; 256]);
        assert!(all(&long).unwrap_err().contains("impossible lengths"));
        let mut long = vec![0, 0xff, 1];
        long.extend([b'a'; 255]);
        assert_eq!(all(&long).unwrap()[0].0.len(), 255);
        assert_eq!(varint(b"\x81\x80\x00", 0).unwrap(), (1, 3));
        assert_eq!(varint(b"\xff\xff\xff\xff\x0f", 0).unwrap(), (u32::MAX, 5));
    }
}

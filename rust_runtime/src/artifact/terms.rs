//! Front-coded terms and varints, as in `proto/README.md`, section "Varints and front coding".

use crate::error::{Error, Result};

/// Longer terms are never in a vocabulary; it bounds what a few hostile bytes can unfold to.
const MAX_TERM_BYTES: usize = 255;

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
    /// The term before, and room for the longest.
    term: [u8; MAX_TERM_BYTES],
    size: usize,
}

/// A term, and what of it the term before has not.
pub(crate) struct Term<'t> {
    /// UTF-8.
    pub bytes: &'t [u8],
    /// Where the first character starts that is not one of the term before.
    pub new: usize,
    /// The characters from there; never empty.
    pub rest: &'t str,
}

impl<'a> Terms<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Terms<'a> {
        Terms { data, at: 0, count: 0, term: [0; MAX_TERM_BYTES], size: 0 }
    }

    /// The next term, or `None` at the end; lengths, order and UTF-8 are checked.
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
            return Err(Error::malformed(format!(
                "front-coded terms: number {} has impossible lengths ({} shared, {} own)",
                self.count, shared, rest
            )));
        }
        let rest = &self.data[at..at + rest_size];
        let before = &self.term[shared_size..self.size];
        let common = match (rest.first(), before.first()) {
            (Some(_), None) => shared_size,
            (Some(byte), Some(other)) if byte > other => shared_size,
            _ if rest > before => shared_size + rest.iter().zip(before).take_while(|(a, b)| a == b).count(),
            _ => {
                return Err(Error::malformed(format!(
                    "front-coded terms: number {} is not above the one before it",
                    self.count
                )))
            }
        };
        // the term before is UTF-8, so what it shares up to the start of one of its characters is that too
        let mut new = common;
        while new < self.size && new > 0 && self.term[new] & 0xC0 == 0x80 {
            new -= 1;
        }
        self.size = shared_size + rest_size;
        self.term[shared_size..self.size].copy_from_slice(rest);
        let bytes = &self.term[..self.size];
        let rest = std::str::from_utf8(&bytes[new..])
            .map_err(|_| Error::malformed(format!("front-coded terms: number {} is not UTF-8", self.count)))?;
        self.at = at + rest_size;
        self.count += 1;
        Ok(Some(Term { bytes, new, rest }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(data: &[u8]) -> std::result::Result<Vec<(String, usize)>, String> {
        let (mut terms, mut found) = (Terms::new(data), Vec::new());
        while let Some(term) = terms.next().map_err(|error| error.to_string())? {
            assert!(term.bytes.ends_with(term.rest.as_bytes()) && term.new + term.rest.len() == term.bytes.len());
            found.push((String::from_utf8(term.bytes.to_vec()).unwrap(), term.new));
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
        assert_eq!(found, [("好".into(), 0), ("\u{597e}".into(), 0), ("\u{597e}a".into(), 3)]);
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

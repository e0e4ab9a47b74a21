//! Protobuf's wire format, decoded as strictly as the official libraries do.
//!
//! A small decoder of our own, so that the crate needs nothing but the standard library; the tables of fields it is
//! driven by are in `messages.rs` and `onnx_messages.rs`, and a test holds them to `proto/*.proto`.

/// The bytes are no such message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

type Result<T> = std::result::Result<T, Broken>;

/// Messages and groups may be nested this deep, as in the official libraries.
const MAX_DEPTH: u32 = 100;

/// How a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Uint32,
    Int32,
    Int64,
    Enum(&'static str),
    Float,
    Double,
    Str,
    Bytes,
    Message(&'static str),
}

/// How often a field may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    One,
    Optional,
    Repeated,
}

/// One line of a message in a `.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field(pub u32, pub &'static str, pub Kind, pub Label);

/// A field's content.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// Any of the varint kinds: all 64 bits.
    Varint(u64),
    Float(f32),
    Double(f64),
    Str(&'a str),
    Bytes(&'a [u8]),
    Message(Nested<'a>),
}

/// A message inside a message, to be merged into its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nested<'a> {
    data: &'a [u8],
    depth: u32,
}

impl<'a> Nested<'a> {
    pub(crate) fn merge_into<M: Message<'a>>(self, message: &mut M) -> Result<()> {
        merge(message, self.data, self.depth)
    }

    pub(crate) fn read<M: Message<'a> + Default>(self) -> Result<M> {
        let mut message = M::default();
        self.merge_into(&mut message)?;
        Ok(message)
    }
}

/// A message that takes its fields one by one.
pub(crate) trait Message<'a> {
    const FIELDS: &'static [Field];

    /// Takes a field of `FIELDS`; the value is of the field's kind. Repeated numbers come one by one.
    fn put(&mut self, number: u32, value: Value<'a>) -> Result<()>;

    /// Told of every field that is not in `FIELDS`, or has another wire type.
    fn unknown(&mut self, _number: u32) {}
}

/// The message in these bytes.
pub(crate) fn decode<'a, M: Message<'a> + Default>(data: &'a [u8]) -> Result<M> {
    Nested { data, depth: MAX_DEPTH }.read()
}

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const DELIMITED: u32 = 2;
const GROUP: u32 = 3;
const END_GROUP: u32 = 4;
const FIXED32: u32 = 5;

fn merge<'a, M: Message<'a>>(message: &mut M, data: &'a [u8], depth: u32) -> Result<()> {
    let mut reader = Reader { data };
    while !reader.data.is_empty() {
        let (number, wire) = reader.tag()?;
        let field = M::FIELDS.iter().find(|field| field.0 == number);
        let taken = match field {
            Some(field) => take(message, field, wire, &mut reader, depth)?,
            None => false,
        };
        if !taken {
            message.unknown(number);
            reader.skip(number, wire, depth)?;
        }
    }
    Ok(())
}

/// Reads a known field; false, and nothing read, where the wire type is not the field's.
fn take<'a, M: Message<'a>>(
    message: &mut M,
    &Field(number, _, kind, label): &Field,
    wire: u32,
    reader: &mut Reader<'a>,
    depth: u32,
) -> Result<bool> {
    let own = match kind {
        Kind::Uint32 | Kind::Int32 | Kind::Int64 | Kind::Enum(_) => VARINT,
        Kind::Float => FIXED32,
        Kind::Double => FIXED64,
        Kind::Str | Kind::Bytes | Kind::Message(_) => DELIMITED,
    };
    if wire == own {
        let value = match kind {
            Kind::Str => Value::Str(std::str::from_utf8(reader.delimited()?).map_err(|_| Broken)?),
            Kind::Bytes => Value::Bytes(reader.delimited()?),
            Kind::Message(_) => {
                let data = reader.delimited()?;
                Value::Message(Nested { data, depth: depth.checked_sub(1).ok_or(Broken)? })
            }
            _ => reader.number(kind)?,
        };
        message.put(number, value)?;
        return Ok(true);
    }
    if wire == DELIMITED && label == Label::Repeated {
        let mut packed = Reader { data: reader.delimited()? };
        while !packed.data.is_empty() {
            message.put(number, packed.number(kind)?)?;
        }
        return Ok(true);
    }
    Ok(false)
}

struct Reader<'a> {
    data: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Field number and wire type: a varint of at most five bytes and 32 bits, the number not 0.
    fn tag(&mut self) -> Result<(u32, u32)> {
        let tag = self.varint(5).and_then(|tag| u32::try_from(tag).map_err(|_| Broken))?;
        if tag >> 3 == 0 {
            return Err(Broken);
        }
        Ok((tag >> 3, tag & 7))
    }

    /// A varint of at most `longest` bytes; bits above the 64th are dropped.
    fn varint(&mut self, longest: usize) -> Result<u64> {
        let mut value = 0;
        for (i, byte) in self.data.iter().take(longest).enumerate() {
            value |= u64::from(byte & 0x7F) << (7 * i);
            if *byte < 0x80 {
                self.data = &self.data[i + 1..];
                return Ok(value);
            }
        }
        Err(Broken)
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        if count > self.data.len() {
            return Err(Broken);
        }
        let (taken, rest) = self.data.split_at(count);
        self.data = rest;
        Ok(taken)
    }

    fn delimited(&mut self) -> Result<&'a [u8]> {
        let size = self.varint(5)?;
        if size > i32::MAX as u64 {
            return Err(Broken);
        }
        self.bytes(size as usize)
    }

    fn number(&mut self, kind: Kind) -> Result<Value<'a>> {
        match kind {
            Kind::Float => {
                let bytes = self.bytes(4)?.try_into().map_err(|_| Broken)?;
                Ok(Value::Float(f32::from_le_bytes(bytes)))
            }
            Kind::Double => {
                let bytes = self.bytes(8)?.try_into().map_err(|_| Broken)?;
                Ok(Value::Double(f64::from_le_bytes(bytes)))
            }
            _ => self.varint(10).map(Value::Varint),
        }
    }

    /// Goes over a field nobody reads; groups are gone through to their end without recursion.
    fn skip(&mut self, number: u32, wire: u32, depth: u32) -> Result<()> {
        let mut open: Vec<u32> = Vec::new();
        let (mut number, mut wire) = (number, wire);
        loop {
            match wire {
                VARINT => drop(self.varint(10)?),
                FIXED64 => drop(self.bytes(8)?),
                DELIMITED => drop(self.delimited()?),
                FIXED32 => drop(self.bytes(4)?),
                GROUP if open.len() < depth as usize => open.push(number),
                END_GROUP if open.pop() == Some(number) => {}
                _ => return Err(Broken),
            }
            if open.is_empty() {
                return Ok(());
            }
            let next = self.tag()?;
            number = next.0;
            wire = next.1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::messages::Preprocessor;
    use crate::artifact::onnx_messages::{Graph, Model};

    fn version(data: &[u8]) -> Option<u32> {
        decode::<Preprocessor>(data).ok().map(|message| message.format_version)
    }

    fn repeated(part: &[u8], times: usize, then: &[u8]) -> Vec<u8> {
        let mut data = part.repeat(times);
        data.extend_from_slice(then);
        data
    }

    /// Each line was tried on the official Python library (protobuf 7, upb).
    #[test]
    fn odd_bytes_are_read_as_the_official_libraries_read_them() {
        let group = |depth: usize| {
            let mut data = [0xa3, 6].repeat(depth);
            data.extend([0xa4, 6].repeat(depth));
            data
        };
        let inside = |part: Vec<u8>| {
            let mut data = vec![0x32, part.len() as u8 & 127 | 128, (part.len() >> 7) as u8];
            data.extend(part);
            data
        };
        let cases: Vec<(Vec<u8>, Option<u32>)> = vec![
            (vec![], Some(0)),
            (vec![8, 7, 8, 9], Some(9)),
            (vec![8, 0xff, 0xff, 0xff, 0xff, 0x0f], Some(u32::MAX)),
            (repeated(&[8], 1, &repeated(&[0xff], 9, &[0x7f])), Some(u32::MAX)),
            (repeated(&[8], 1, &repeated(&[0x80], 9, &[2])), Some(0)),
            (repeated(&[8], 1, &repeated(&[0x80], 10, &[0])), None),
            (vec![8, 0x81, 0x80, 0x80, 0x80, 0x10], Some(1)),
            (vec![0x88, 0x80, 0x80, 0x80, 0x00, 5], Some(5)),
            (vec![0x88, 0x80, 0x80, 0x80, 0x10, 5], None),
            (vec![0x88, 0x80, 0x80, 0x80, 0x0f, 5], Some(0)),
            (vec![0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 5], None),
            (vec![0, 5], None),
            (vec![2, 0], None),
            (vec![7], None),
            (vec![0x0e], None),
            (vec![0x0f], None),
            (vec![0x0c], None),
            (vec![0x0b, 0x0c], Some(0)),
            (vec![0xa3, 6, 0xac, 6], None),
            (vec![0xa3, 6], None),
            (group(100), Some(0)),
            (group(101), None),
            (inside(group(99)), Some(0)),
            (inside(group(100)), None),
            (vec![0x12, 0x81, 0x80, 0x80, 0x80, 0x00, 0x41], Some(0)),
            (vec![0x12, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 0x41], None),
            (vec![0x12, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x41], None),
            (vec![0x0d, 1, 2, 3, 4], Some(0)),
            (vec![0x0a, 1, 4], Some(0)),
            (vec![0xa2, 6, 1, 0xff], Some(0)),
            (vec![0x3a, 3, 0x32, 1, 0], None),
            (vec![0x3a, 5, 0x35, 0, 0, 0, 0], Some(0)),
            (vec![0x12, 2, 0xc0, 0x80], None),
            (vec![0x12, 3, 0xed, 0xa0, 0x80], None),
            (vec![0xf8, 0xff, 0xff, 0xff, 0x0f, 0], Some(0)),
            (vec![0xf8, 0xff, 0xff, 0xff, 0x1f, 0], None),
        ];
        for (data, expected) in cases {
            assert_eq!(version(&data), expected, "{:02x?}", data);
        }
    }

    #[test]
    fn repeated_numbers_are_packed_or_not_and_messages_are_merged() {
        let packed = decode::<Preprocessor>(&[0x3a, 10, 0x32, 8, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]).unwrap();
        let single = decode::<Preprocessor>(&[0x3a, 9, 0x31, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]).unwrap();
        assert_eq!((&packed.ngrams.tf_weights, &single.ngrams.tf_weights), (&vec![1.0], &vec![1.0]));
        let merged = decode::<Model>(&[0x3a, 3, 0x12, 1, 0x41, 0x3a, 4, 0x2a, 2, 0x10, 7]).unwrap();
        let graph: Graph = merged.graph.unwrap();
        assert_eq!((graph.initializer.len(), graph.initializer[0].data_type), (1, 7));
    }
}

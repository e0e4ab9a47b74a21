//! The messages of `proto/preprocessor.proto`, by hand; those of the graph are in `onnx_messages.rs`.
//!
//! Every message has its table of fields, which drives the decoder. Strings and bytes are borrowed from the file.

use super::wire::{Broken, Field, Kind::*, Label::*, Message, Value};

pub(super) type Result = std::result::Result<(), Broken>;

/// Defines a message: its table, and where each field goes. With `unread`, it notes the first field that is neither in
/// the table nor in this list as `foreign`.
macro_rules! message {
    ($name:ident, [$($field:expr),* $(,)?], $(unread [$($unread:literal),*],)? |$self:ident, $value:ident| {$($arms:tt)*}) => {
        impl<'a> Message<'a> for $name<'a> {
            const FIELDS: &'static [Field] = &[$($field),*];

            fn put(&mut $self, number: u32, $value: Value<'a>) -> Result {
                match (number, $value) { $($arms)* _ => return Err(Broken) }
                Ok(())
            }

            $(fn unknown(&mut self, number: u32) {
                if ![$($unread),*].contains(&number) {
                    self.foreign.get_or_insert(number);
                }
            })?
        }
    };
}
pub(super) use message;

#[derive(Debug, Default)]
pub(crate) struct Preprocessor<'a> {
    pub format_version: u32,
    pub task: &'a str,
    pub blueprint: &'a str,
    pub labels: Vec<&'a str>,
    pub languages: Vec<&'a str>,
    pub tables: Option<Tables<'a>>,
    pub ngrams: NGrams<'a>,
    pub vocabulary: Vocabulary<'a>,
    pub cues: Vec<PatternGroup<'a>>,
    pub cue_value: f64,
    pub reflexes: Vec<PatternGroup<'a>>,
    pub thresholds: Vec<Threshold<'a>>,
    pub classifier_sha256: &'a [u8],
}

message!(
    Preprocessor,
    [
        Field(1, "format_version", Uint32, One),
        Field(2, "task", Str, One),
        Field(3, "blueprint", Str, One),
        Field(4, "labels", Str, Repeated),
        Field(5, "languages", Str, Repeated),
        Field(6, "tables", Message("Tables"), One),
        Field(7, "ngrams", Message("NGrams"), One),
        Field(8, "vocabulary", Message("Vocabulary"), One),
        Field(9, "cues", Message("PatternGroup"), Repeated),
        Field(10, "cue_value", Double, One),
        Field(11, "reflexes", Message("PatternGroup"), Repeated),
        Field(12, "thresholds", Message("Threshold"), Repeated),
        Field(13, "classifier_sha256", Bytes, One),
    ],
    |self, value| {
        (1, Value::Varint(number)) => self.format_version = number as u32,
        (2, Value::Str(text)) => self.task = text,
        (3, Value::Str(text)) => self.blueprint = text,
        (4, Value::Str(text)) => self.labels.push(text),
        (5, Value::Str(text)) => self.languages.push(text),
        (6, Value::Message(part)) => part.merge_into(self.tables.get_or_insert_with(Tables::default))?,
        (7, Value::Message(part)) => part.merge_into(&mut self.ngrams)?,
        (8, Value::Message(part)) => part.merge_into(&mut self.vocabulary)?,
        (9, Value::Message(part)) => self.cues.push(part.read()?),
        (10, Value::Double(number)) => self.cue_value = number,
        (11, Value::Message(part)) => self.reflexes.push(part.read()?),
        (12, Value::Message(part)) => self.thresholds.push(part.read()?),
        (13, Value::Bytes(bytes)) => self.classifier_sha256 = bytes,
    }
);

#[derive(Debug, Default)]
pub(crate) struct Tables<'a> {
    pub unicode_version: &'a str,
    pub sha256: &'a [u8],
}

message!(
    Tables,
    [Field(1, "unicode_version", Str, One), Field(2, "sha256", Bytes, One)],
    |self, value| {
        (1, Value::Str(text)) => self.unicode_version = text,
        (2, Value::Bytes(bytes)) => self.sha256 = bytes,
    }
);

/// Values of `TermWeight`.
pub(crate) const PRESENCE: u32 = 1;
pub(crate) const LOG_TF: u32 = 2;

#[derive(Debug, Default)]
pub(crate) struct NGrams<'a> {
    pub char_min: u32,
    pub char_max: u32,
    pub word_min: u32,
    pub word_max: u32,
    pub term_weight: u32,
    pub tf_weights: Vec<f64>,
    marker: std::marker::PhantomData<&'a ()>,
}

message!(
    NGrams,
    [
        Field(1, "char_min", Uint32, One),
        Field(2, "char_max", Uint32, One),
        Field(3, "word_min", Uint32, One),
        Field(4, "word_max", Uint32, One),
        Field(5, "term_weight", Enum("TermWeight"), One),
        Field(6, "tf_weights", Double, Repeated),
    ],
    |self, value| {
        (1, Value::Varint(number)) => self.char_min = number as u32,
        (2, Value::Varint(number)) => self.char_max = number as u32,
        (3, Value::Varint(number)) => self.word_min = number as u32,
        (4, Value::Varint(number)) => self.word_max = number as u32,
        (5, Value::Varint(number)) => self.term_weight = number as u32,
        (6, Value::Double(number)) => self.tf_weights.push(number),
    }
);

#[derive(Debug, Default)]
pub(crate) struct Vocabulary<'a> {
    pub size: u32,
    pub terms: &'a [u8],
    pub idf_values: Vec<f32>,
    pub idf_places: &'a [u8],
}

message!(
    Vocabulary,
    [
        Field(1, "size", Uint32, One),
        Field(2, "terms", Bytes, One),
        Field(3, "idf_values", Float, Repeated),
        Field(4, "idf_places", Bytes, One),
    ],
    |self, value| {
        (1, Value::Varint(number)) => self.size = number as u32,
        (2, Value::Bytes(bytes)) => self.terms = bytes,
        (3, Value::Float(number)) => self.idf_values.push(number),
        (4, Value::Bytes(bytes)) => self.idf_places = bytes,
    }
);

#[derive(Debug, Default)]
pub(crate) struct PatternGroup<'a> {
    pub name: &'a str,
    pub label: u32,
    pub start: &'a [u8],
    pub end: &'a [u8],
    pub word: &'a [u8],
    pub anywhere: &'a [u8],
}

message!(
    PatternGroup,
    [
        Field(1, "name", Str, One),
        Field(2, "label", Uint32, One),
        Field(3, "start", Bytes, One),
        Field(4, "end", Bytes, One),
        Field(5, "word", Bytes, One),
        Field(6, "anywhere", Bytes, One),
    ],
    |self, value| {
        (1, Value::Str(text)) => self.name = text,
        (2, Value::Varint(number)) => self.label = number as u32,
        (3, Value::Bytes(bytes)) => self.start = bytes,
        (4, Value::Bytes(bytes)) => self.end = bytes,
        (5, Value::Bytes(bytes)) => self.word = bytes,
        (6, Value::Bytes(bytes)) => self.anywhere = bytes,
    }
);

#[derive(Debug, Default)]
pub(crate) struct Threshold<'a> {
    pub label: u32,
    pub threshold: Option<f64>,
    pub certificate: Certificate<'a>,
}

message!(
    Threshold,
    [
        Field(1, "label", Uint32, One),
        Field(2, "threshold", Double, Optional),
        Field(3, "certificate", Message("Certificate"), One),
    ],
    |self, value| {
        (1, Value::Varint(number)) => self.label = number as u32,
        (2, Value::Double(number)) => self.threshold = Some(number),
        (3, Value::Message(part)) => part.merge_into(&mut self.certificate)?,
    }
);

#[derive(Debug, Default)]
pub(crate) struct Certificate<'a> {
    pub n: u32,
    pub errors: u32,
    pub max_error: f64,
    pub confidence: f64,
    marker: std::marker::PhantomData<&'a ()>,
}

message!(
    Certificate,
    [
        Field(1, "n", Uint32, One),
        Field(2, "errors", Uint32, One),
        Field(3, "max_error", Double, One),
        Field(4, "confidence", Double, One),
    ],
    |self, value| {
        (1, Value::Varint(number)) => self.n = number as u32,
        (2, Value::Varint(number)) => self.errors = number as u32,
        (3, Value::Double(number)) => self.max_error = number,
        (4, Value::Double(number)) => self.confidence = number,
    }
);

#[cfg(test)]
mod tests {
    use super::super::onnx_messages::{Attribute, Graph, Model, Node, OperatorSetId, Tensor, ValueInfo};
    use super::*;
    use std::collections::BTreeMap;

    type Fields = Vec<(u32, String, String, &'static str)>;

    /// Fields of every message of a `.proto`, by a plain reader of the few forms these two files use.
    fn written(file: &str) -> BTreeMap<String, Fields> {
        let path = format!("{}/../proto/{}", env!("CARGO_MANIFEST_DIR"), file);
        let (mut messages, mut open) = (BTreeMap::new(), None);
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let words: Vec<&str> = line
                .split("//")
                .next()
                .unwrap()
                .split(|c: char| " ;={}".contains(c))
                .filter(|w| !w.is_empty())
                .collect();
            match words[..] {
                ["message", name] => open = Some(name.to_owned()),
                ["enum", _] => open = None,
                [] | ["syntax", ..] | ["package", ..] => {}
                [kind, name, number] => add(&mut messages, &open, "one", kind, name, number),
                ["optional", kind, name, number] => add(&mut messages, &open, "optional", kind, name, number),
                ["repeated", kind, name, number] => add(&mut messages, &open, "repeated", kind, name, number),
                [_, _] if open.is_none() => {}
                ref other => panic!("{}: a form this test does not read: {:?}", file, other),
            }
        }
        messages
    }

    fn add(
        messages: &mut BTreeMap<String, Fields>,
        open: &Option<String>,
        label: &'static str,
        kind: &str,
        name: &str,
        number: &str,
    ) {
        let fields = messages.entry(open.clone().unwrap()).or_default();
        fields.push((number.parse().unwrap(), name.to_owned(), kind.to_owned(), label));
    }

    fn ours<'a, M: Message<'a>>() -> Fields {
        let kind = |kind| match kind {
            Uint32 => "uint32",
            Int32 => "int32",
            Int64 => "int64",
            Float => "float",
            Double => "double",
            Str => "string",
            Bytes => "bytes",
            Enum(name) | Message(name) => name,
        };
        let label = |label| match label {
            One => "one",
            Optional => "optional",
            Repeated => "repeated",
        };
        M::FIELDS.iter().map(|f| (f.0, f.1.to_owned(), kind(f.2).to_owned(), label(f.3))).collect()
    }

    #[test]
    fn the_tables_are_those_of_the_proto_files() {
        let expected: BTreeMap<String, Fields> = [
            ("Preprocessor", ours::<Preprocessor>()),
            ("Tables", ours::<Tables>()),
            ("NGrams", ours::<NGrams>()),
            ("Vocabulary", ours::<Vocabulary>()),
            ("PatternGroup", ours::<PatternGroup>()),
            ("Threshold", ours::<Threshold>()),
            ("Certificate", ours::<Certificate>()),
        ]
        .map(|(name, fields)| (name.to_owned(), fields))
        .into();
        assert_eq!(written("preprocessor.proto"), expected);
        let expected: BTreeMap<String, Fields> = [
            ("ModelProto", ours::<Model>()),
            ("OperatorSetIdProto", ours::<OperatorSetId>()),
            ("GraphProto", ours::<Graph>()),
            ("NodeProto", ours::<Node>()),
            ("AttributeProto", ours::<Attribute>()),
            ("TensorProto", ours::<Tensor>()),
            ("ValueInfoProto", ours::<ValueInfo>()),
        ]
        .map(|(name, fields)| (name.to_owned(), fields))
        .into();
        assert_eq!(written("onnx_subset.proto"), expected);
    }

    #[test]
    fn every_field_of_a_table_has_its_place() {
        fn check<'a, M: Message<'a> + Default>() {
            for Field(number, name, kind, _) in M::FIELDS {
                let value = match kind {
                    Uint32 | Int32 | Int64 | Enum(_) => Value::Varint(1),
                    Float => Value::Float(1.0),
                    Double => Value::Double(1.0),
                    Str => Value::Str("a"),
                    Bytes => Value::Bytes(b"a"),
                    Message(_) => continue,
                };
                assert!(M::default().put(*number, value).is_ok(), "{} = {}", name, number);
            }
        }
        check::<Preprocessor>();
        check::<Tables>();
        check::<NGrams>();
        check::<Vocabulary>();
        check::<PatternGroup>();
        check::<Threshold>();
        check::<Certificate>();
        check::<Model>();
        check::<OperatorSetId>();
        check::<Graph>();
        check::<Node>();
        check::<Attribute>();
        check::<Tensor>();
        check::<ValueInfo>();
    }

    #[test]
    fn term_weights_have_the_numbers_of_the_proto() {
        let text =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/preprocessor.proto")).unwrap();
        assert!(text.contains(&format!("PRESENCE = {};", PRESENCE)));
        assert!(text.contains(&format!("LOG_TF = {};", LOG_TF)));
    }
}

//! The messages of `proto/preprocessor.proto` and `proto/onnx_subset.proto`, by hand.
//!
//! Every message has its table of fields, which drives the decoder. Strings and bytes are borrowed from the file.

use super::wire::{Broken, Field, Kind::*, Label::*, Message, Value};

type Result = std::result::Result<(), Broken>;

/// Defines a message: its table, and where each field goes.
macro_rules! message {
    ($name:ident, [$($field:expr),* $(,)?], $(unknown $unknown:ident,)? |$self:ident, $value:ident| {$($arms:tt)*}) => {
        impl<'a> Message<'a> for $name<'a> {
            const FIELDS: &'static [Field] = &[$($field),*];

            fn put(&mut $self, number: u32, $value: Value<'a>) -> Result {
                match (number, $value) { $($arms)* _ => return Err(Broken) }
                Ok(())
            }

            $(fn unknown(&mut self, number: u32) {
                self.$unknown.get_or_insert(number);
            })?
        }
    };
}

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

/// Of repeated messages of a graph this many are kept and all are counted: no graph of ours has more, and a hostile
/// file cannot make two bytes into a hundred.
const KEPT: usize = 8;

/// The first few of a repeated message.
#[derive(Debug)]
pub(crate) struct Few<T> {
    kept: Vec<T>,
    /// How many there were.
    pub count: usize,
}

impl<T> Default for Few<T> {
    fn default() -> Few<T> {
        Few { kept: Vec::new(), count: 0 }
    }
}

impl<T> Few<T> {
    fn push(&mut self, item: T) {
        self.count += 1;
        if self.kept.len() < KEPT {
            self.kept.push(item);
        }
    }
}

impl<T> std::ops::Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.kept
    }
}

#[derive(Debug, Default)]
pub(crate) struct Model<'a> {
    pub ir_version: i64,
    pub producer_name: &'a str,
    pub producer_version: &'a str,
    pub graph: Option<Graph<'a>>,
    pub opset_import: Few<OperatorSetId<'a>>,
    pub foreign: Option<u32>,
}

impl<'a> Message<'a> for Model<'a> {
    const FIELDS: &'static [Field] = &[
        Field(1, "ir_version", Int64, One),
        Field(2, "producer_name", Str, One),
        Field(3, "producer_version", Str, One),
        Field(7, "graph", Message("GraphProto"), One),
        Field(8, "opset_import", Message("OperatorSetIdProto"), Repeated),
    ];

    fn put(&mut self, number: u32, value: Value<'a>) -> Result {
        match (number, value) {
            (1, Value::Varint(number)) => self.ir_version = number as i64,
            (2, Value::Str(text)) => self.producer_name = text,
            (3, Value::Str(text)) => self.producer_version = text,
            (7, Value::Message(part)) => part.merge_into(self.graph.get_or_insert_with(Graph::default))?,
            (8, Value::Message(part)) => self.opset_import.push(part.read()?),
            _ => return Err(Broken),
        }
        Ok(())
    }

    fn unknown(&mut self, number: u32) {
        if !matches!(number, 4..=6) {
            self.foreign.get_or_insert(number); // domain, model_version and doc_string may be there
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct OperatorSetId<'a> {
    pub domain: &'a str,
    pub version: i64,
    pub foreign: Option<u32>,
}

message!(
    OperatorSetId,
    [Field(1, "domain", Str, One), Field(2, "version", Int64, One)],
    unknown foreign,
    |self, value| {
        (1, Value::Str(text)) => self.domain = text,
        (2, Value::Varint(number)) => self.version = number as i64,
    }
);

#[derive(Debug, Default)]
pub(crate) struct Graph<'a> {
    pub node: Few<Node<'a>>,
    pub name: &'a str,
    pub initializer: Few<Tensor<'a>>,
    pub input: Few<ValueInfo<'a>>,
    pub output: Few<ValueInfo<'a>>,
    pub foreign: Option<u32>,
}

message!(
    Graph,
    [
        Field(1, "node", Message("NodeProto"), Repeated),
        Field(2, "name", Str, One),
        Field(5, "initializer", Message("TensorProto"), Repeated),
        Field(11, "input", Message("ValueInfoProto"), Repeated),
        Field(12, "output", Message("ValueInfoProto"), Repeated),
    ],
    unknown foreign,
    |self, value| {
        (1, Value::Message(part)) => self.node.push(part.read()?),
        (2, Value::Str(text)) => self.name = text,
        (5, Value::Message(part)) => self.initializer.push(part.read()?),
        (11, Value::Message(part)) => self.input.push(part.read()?),
        (12, Value::Message(part)) => self.output.push(part.read()?),
    }
);

#[derive(Debug, Default)]
pub(crate) struct Node<'a> {
    pub input: Vec<&'a str>,
    pub output: Vec<&'a str>,
    pub name: &'a str,
    pub op_type: &'a str,
    pub attribute: Few<Attribute<'a>>,
    pub domain: &'a str,
    pub foreign: Option<u32>,
}

message!(
    Node,
    [
        Field(1, "input", Str, Repeated),
        Field(2, "output", Str, Repeated),
        Field(3, "name", Str, One),
        Field(4, "op_type", Str, One),
        Field(5, "attribute", Message("AttributeProto"), Repeated),
        Field(7, "domain", Str, One),
    ],
    unknown foreign,
    |self, value| {
        (1, Value::Str(text)) => self.input.push(text),
        (2, Value::Str(text)) => self.output.push(text),
        (3, Value::Str(text)) => self.name = text,
        (4, Value::Str(text)) => self.op_type = text,
        (5, Value::Message(part)) => self.attribute.push(part.read()?),
        (7, Value::Str(text)) => self.domain = text,
    }
);

#[derive(Debug, Default)]
pub(crate) struct Attribute<'a> {
    pub name: &'a str,
    pub f: f32,
    pub i: i64,
    pub foreign: Option<u32>,
}

impl<'a> Message<'a> for Attribute<'a> {
    const FIELDS: &'static [Field] =
        &[Field(1, "name", Str, One), Field(2, "f", Float, One), Field(3, "i", Int64, One)];

    fn put(&mut self, number: u32, value: Value<'a>) -> Result {
        match (number, value) {
            (1, Value::Str(text)) => self.name = text,
            (2, Value::Float(number)) => self.f = number,
            (3, Value::Varint(number)) => self.i = number as i64,
            _ => return Err(Broken),
        }
        Ok(())
    }

    fn unknown(&mut self, number: u32) {
        if number != 20 {
            self.foreign.get_or_insert(number); // the attribute's type may be there
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Tensor<'a> {
    pub dims: Vec<i64>,
    pub data_type: i32,
    pub name: &'a str,
    pub raw_data: &'a [u8],
    pub foreign: Option<u32>,
}

message!(
    Tensor,
    [
        Field(1, "dims", Int64, Repeated),
        Field(2, "data_type", Int32, One),
        Field(8, "name", Str, One),
        Field(9, "raw_data", Bytes, One),
    ],
    unknown foreign,
    |self, value| {
        (1, Value::Varint(number)) => self.dims.push(number as i64),
        (2, Value::Varint(number)) => self.data_type = number as i32,
        (8, Value::Str(text)) => self.name = text,
        (9, Value::Bytes(bytes)) => self.raw_data = bytes,
    }
);

#[derive(Debug, Default)]
pub(crate) struct ValueInfo<'a> {
    pub name: &'a str,
    pub foreign: Option<u32>,
}

impl<'a> Message<'a> for ValueInfo<'a> {
    const FIELDS: &'static [Field] = &[Field(1, "name", Str, One)];

    fn put(&mut self, number: u32, value: Value<'a>) -> Result {
        match (number, value) {
            (1, Value::Str(text)) => self.name = text,
            _ => return Err(Broken),
        }
        Ok(())
    }

    fn unknown(&mut self, number: u32) {
        if number != 2 {
            self.foreign.get_or_insert(number); // the type of an input or output may be there
        }
    }
}

#[cfg(test)]
mod tests {
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

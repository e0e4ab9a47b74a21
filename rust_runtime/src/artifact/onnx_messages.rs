//! The messages of `proto/onnx_subset.proto`, by hand, as in `messages.rs`.
//!
//! What no one reads, such as names, is checked for UTF-8 and dropped.

use super::messages::{message, Result};
use super::wire::{Broken, Field, Kind::*, Label::*, Message, Value};

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
    pub graph: Option<Graph<'a>>,
    pub opset_import: Few<OperatorSetId<'a>>,
    pub foreign: Option<u32>,
}

message!(
    Model,
    [
        Field(1, "ir_version", Int64, One),
        Field(2, "producer_name", Str, One),
        Field(3, "producer_version", Str, One),
        Field(7, "graph", Message("GraphProto"), One),
        Field(8, "opset_import", Message("OperatorSetIdProto"), Repeated),
    ],
    unread [4, 5, 6], // domain, model_version and doc_string
    |self, value| {
        (1, Value::Varint(number)) => self.ir_version = number as i64,
        (2 | 3, Value::Str(_)) => {}
        (7, Value::Message(part)) => part.merge_into(self.graph.get_or_insert_with(Graph::default))?,
        (8, Value::Message(part)) => self.opset_import.push(part.read()?),
    }
);

#[derive(Debug, Default)]
pub(crate) struct OperatorSetId<'a> {
    pub domain: &'a str,
    pub version: i64,
    pub foreign: Option<u32>,
}

message!(
    OperatorSetId,
    [Field(1, "domain", Str, One), Field(2, "version", Int64, One)],
    unread [],
    |self, value| {
        (1, Value::Str(text)) => self.domain = text,
        (2, Value::Varint(number)) => self.version = number as i64,
    }
);

#[derive(Debug, Default)]
pub(crate) struct Graph<'a> {
    pub node: Few<Node<'a>>,
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
    unread [],
    |self, value| {
        (1, Value::Message(part)) => self.node.push(part.read()?),
        (2, Value::Str(_)) => {}
        (5, Value::Message(part)) => self.initializer.push(part.read()?),
        (11, Value::Message(part)) => self.input.push(part.read()?),
        (12, Value::Message(part)) => self.output.push(part.read()?),
    }
);

#[derive(Debug, Default)]
pub(crate) struct Node<'a> {
    pub input: Vec<&'a str>,
    pub output: Vec<&'a str>,
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
    unread [],
    |self, value| {
        (1, Value::Str(text)) => self.input.push(text),
        (2, Value::Str(text)) => self.output.push(text),
        (3, Value::Str(_)) => {}
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

message!(
    Attribute,
    [Field(1, "name", Str, One), Field(2, "f", Float, One), Field(3, "i", Int64, One)],
    unread [20], // its type
    |self, value| {
        (1, Value::Str(text)) => self.name = text,
        (2, Value::Float(number)) => self.f = number,
        (3, Value::Varint(number)) => self.i = number as i64,
    }
);

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
    unread [],
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

message!(
    ValueInfo,
    [Field(1, "name", Str, One)],
    unread [2], // the type of an input or output
    |self, value| {
        (1, Value::Str(text)) => self.name = text,
    }
);

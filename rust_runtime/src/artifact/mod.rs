//! The two files of a model, read and checked as `proto/README.md` says.

pub(crate) mod graph;
mod lookup_builder;
pub(crate) mod messages;
mod onnx_messages;
pub(crate) mod preprocessor;
pub(crate) mod reader;
pub(crate) mod sha256;
pub(crate) mod terms;
pub(crate) mod wire;

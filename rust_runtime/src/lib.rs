//! Opens the models of Micro-Model Foundry and answers.
//!
//! ```no_run
//! let model = cerebellum::MicroModel::load("models", "is_question")?;
//! let answer = model.predict("今天天气怎么样")?;
//! println!("{} {:.3} {}", answer.label, answer.confidence, answer.outcome);
//! # Ok::<(), cerebellum::Error>(())
//! ```
//!
//! A model is two files, `<task>_preprocessor.bin` and `<task>_classifier.onnx`. Features and scores are computed by this
//! crate alone, from the standard library: features are those of the Python package to the last bit, logits and
//! probabilities within 1e-12. What each step does is written in `proto/README.md` of the repository.
#![deny(unsafe_code, missing_docs)]

mod artifact;
mod cascade;
mod error;
mod features;
#[cfg(feature = "capi")]
mod ffi;
mod micro_model;
#[cfg(feature = "onnxruntime")]
mod onnx_session;
mod scorer;

pub use artifact::preprocessor::{Threshold, FORMAT_VERSION};
pub use cascade::{Cascade, Counts, Decision, Way};
pub use error::{Error, Result};
pub use features::normalizer::{normalize, MAX_CODE_POINTS};
pub use features::unicode_tables::UNICODE_VERSION;
pub use micro_model::{Answer, Contribution, MicroModel, Outcome, Scratch, Steps};
#[cfg(feature = "onnxruntime")]
pub use onnx_session::{OnnxModel, LEAST_ONNX_RUNTIME};

/// The SHA-256 of some bytes, lower-case digits: what a parity case has instead of a long list.
#[doc(hidden)]
pub fn sha256_hex(data: &[u8]) -> String {
    artifact::sha256::hex(&artifact::sha256::sha256(data))
}

/// Reads a `.bin` alone; for fuzzing.
#[doc(hidden)]
pub fn read_preprocessor(data: &[u8]) -> Result<()> {
    artifact::preprocessor::Preprocessor::decode(data).map(drop)
}

/// Reads a `.onnx` alone; for fuzzing.
#[doc(hidden)]
pub fn read_classifier(data: &[u8]) -> Result<()> {
    artifact::graph::read_weights(data).map(drop)
}

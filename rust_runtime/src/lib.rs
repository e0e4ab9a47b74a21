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
//! probabilities within 1e-12. What each step does is specified in the project's repository, in `proto/README.md`.
//!
//! - An [`Answer`] has the most probable label and its confidence; its [`Outcome`] says whether to rely on it.
//! - A [`MicroModel`] never changes: threads share one without a lock. It is loaded from a folder, or made from the bytes
//!   of its files ([`MicroModel::from_bytes`], for instance with `include_bytes!`).
//! - [`MicroModel::predict_with`] keeps what depends on the text in a [`Scratch`] and allocates nothing once that has
//!   grown; [`MicroModel::predict_batch`] answers many texts.
//! - [`MicroModel::explain`] gives the reasons, [`MicroModel::steps`] every intermediate value.
//! - A [`Cascade`] asks the reflexes, then models, then your own function for what none is sure of, and counts each way:
//!
//! ```
//! use cerebellum::{Cascade, MicroModel, Way};
//!
//! let models = [MicroModel::load("../models", "is_question")?];
//! let cascade = Cascade::new(models).on_unsure(|_text, _answer| Some("Statement".to_owned())); // ask an LLM here
//! assert_eq!(cascade.ask("今天天气怎么样")?.way, Way::Model);
//! assert_eq!((cascade.ask("")?.way, cascade.counts().caller), (Way::Caller, 1));
//! # Ok::<(), cerebellum::Error>(())
//! ```
//!
//! # Features
//!
//! None is on by default, and the default needs no other crate and Rust 1.63.
//!
//! - `onnxruntime`: `OnnxModel` scores through ONNX Runtime, loaded at run time from a path. Needs Rust 1.92.
//! - `capi`: exports the C functions of libcerebellum. Build that library by the repository's CMake files, not by this.
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

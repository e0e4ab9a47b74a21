//! Scoring through ONNX Runtime, when asked for: one thread, one session a caller.
//!
//! The library is loaded at run time. It is looked at first, so that one that is missing, foreign or too old is a worded
//! error.

use crate::artifact::reader::read_artifact;
use crate::error::{Error, Result};
use crate::features::normalizer::check_length;
use crate::micro_model::{Answer, MicroModel, Scratch};
use ort::environment::Environment;
use ort::session::builder::SessionBuilder;
use ort::session::{Session, SessionInputValue};
use ort::value::{TensorElementType, TensorRef, ValueType};
use ort::LoadDynamicError;
use std::borrow::Cow;
use std::error::Error as _;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The oldest ONNX Runtime that will do.
pub const LEAST_ONNX_RUNTIME: &str = "1.17";

/// A model whose scores ONNX Runtime computes; features are this crate's own, as everywhere.
///
/// `predict` takes `&mut self`: a session is for one caller at a time. ONNX Runtime itself can be loaded once a process,
/// so all models of a process have to use the same library.
///
/// ```no_run
/// # use std::path::Path;
/// let library = Path::new("/usr/lib/libonnxruntime.so.1");
/// let mut model = cerebellum::OnnxModel::load("models", "is_question", Some(library))?;
/// println!("{}", model.predict("今天天气怎么样")?.label);
/// # Ok::<(), cerebellum::Error>(())
/// ```
#[derive(Debug)]
pub struct OnnxModel {
    model: MicroModel,
    session: Session,
    scratch: Scratch,
    indices: Vec<i64>,
}

impl OnnxModel {
    /// Loads a model, and ONNX Runtime from a file or folder, or from `ORT_DYLIB_PATH` where `library` is `None`.
    ///
    /// A folder may be the one of the Python package `onnxruntime`, one that holds it (`site-packages`), or that of an
    /// unpacked release, which has the library in `lib/`. An empty `ORT_DYLIB_PATH` is one that is not set.
    ///
    /// # Errors
    ///
    /// [`MissingDependency`](crate::Error::MissingDependency) for a library that cannot be used, else as
    /// [`MicroModel::load`].
    pub fn load(folder: impl AsRef<Path>, task: &str, library: Option<&Path>) -> Result<OnnxModel> {
        let (model, classifier) = MicroModel::of(read_artifact(folder.as_ref(), task)?);
        let session = open(&find_library(library)?, &classifier)?;
        check_inputs(&session)?;
        Ok(OnnxModel { model, session, scratch: Scratch::new(), indices: Vec::new() })
    }

    /// The model without ONNX Runtime.
    pub fn model(&self) -> &MicroModel {
        &self.model
    }

    /// The answer to one text.
    ///
    /// # Errors
    ///
    /// As [`MicroModel::predict`], and `MalformedArtifact` where ONNX Runtime refuses to run the graph.
    pub fn predict(&mut self, text: &str) -> Result<Answer<'_>> {
        check_length(text)?;
        if let Some(reflex) = self.model.features(&mut self.scratch, text) {
            let (label, confidence, outcome) = self.model.by_reflex(reflex, &mut self.scratch);
            let probabilities = Cow::Borrowed(self.scratch.probabilities());
            return Ok(Answer { label, confidence, probabilities, outcome });
        }
        let probabilities = self.run().map_err(|error| refused(&error))?;
        let known = !self.scratch.indices.is_empty();
        let (label, confidence, outcome) = self.model.by_probabilities(&probabilities, known);
        Ok(Answer { label, confidence, probabilities: Cow::Owned(probabilities), outcome })
    }

    /// Probabilities of the features in the scratch.
    fn run(&mut self) -> ort::Result<Vec<f64>> {
        self.indices.clear();
        self.indices.extend(self.scratch.indices.iter().map(|index| i64::from(*index)));
        let count = self.indices.len();
        let indices = TensorRef::from_array_view(([count], &self.indices[..]))?;
        let values = TensorRef::from_array_view(([1, count], &self.scratch.values[..]))?;
        let inputs: [SessionInputValue<'_>; 2] = [indices.into(), values.into()]; // in the order `check_inputs` found
        let outputs = self.session.run(inputs)?;
        let (_, probabilities) = outputs["probabilities"].try_extract_tensor::<f64>()?;
        Ok(probabilities.to_vec())
    }
}

fn missing(message: String, source: Option<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::MissingDependency { message, source }
}

fn refused(error: &ort::Error) -> Error {
    Error::malformed(format!("ONNX Runtime refuses the graph: {}", error))
}

/// The library's file: the given one, the one in a given folder, or what `ORT_DYLIB_PATH` names.
fn find_library(given: Option<&Path>) -> Result<PathBuf> {
    let named = match given {
        Some(path) => path.to_owned(),
        None => named_by_environment().ok_or_else(|| {
            let next = "Give the path of the library, or set ORT_DYLIB_PATH to it (pip install onnxruntime has one).";
            missing(format!("ONNX Runtime was asked for and no library is given. {}", next), None)
        })?,
    };
    let wrong = |what: String| {
        let next =
            "Give the library's file, the folder of the Python package onnxruntime, or that of an unpacked release.";
        missing(format!("{}: {}. {}", named.display(), what, next), None)
    };
    let path = named.canonicalize().map_err(|error| wrong(error.to_string()))?;
    if path.is_file() {
        return Ok(path);
    }
    let folders = ["", "lib", "capi", "onnxruntime/capi"];
    folders
        .iter()
        .find_map(|folder| library_in(&path.join(folder)))
        .ok_or_else(|| wrong("no libonnxruntime in it, nor in lib, capi or onnxruntime/capi under it".to_owned()))
}

fn named_by_environment() -> Option<PathBuf> {
    std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The shared library of a folder; of several, the one with the first name.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let is_library = |name: &str| {
        let ending = name.strip_prefix("libonnxruntime.").unwrap_or_default();
        name == "onnxruntime.dll" || ending.starts_with("so") || ending.ends_with("dylib")
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.file_name().and_then(OsStr::to_str).map_or(false, is_library))
        .min()
}

/// The library's environment and its file: ONNX Runtime and `ort` allow one a process, for good.
static ENVIRONMENT: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// The one environment, made from this library the first time.
fn environment(library: &Path) -> Result<Environment> {
    let mut held = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((loaded, environment)) = &*held {
        if loaded != library {
            let (loaded, library) = (loaded.display(), library.display());
            let message = format!("{}: ONNX Runtime is already loaded from {}. Use one a process.", library, loaded);
            return Err(missing(message, None));
        }
        return Ok(environment.clone());
    }
    let builder = ort::init_from(library).map_err(|error| {
        let next = format!("Give the library of ONNX Runtime {} or newer.", LEAST_ONNX_RUNTIME);
        let why = match &error {
            LoadDynamicError::Dlopen { error, .. } => error.source().map(|loader| format!(": {}", loader)),
            _ => None,
        };
        let why = format!("{}{}", error, why.unwrap_or_default());
        missing(format!("{}: not a usable ONNX Runtime: {}. {}", library.display(), why, next), Some(error.into()))
    })?;
    let environment = builder.with_telemetry(false).build().map_err(|error| {
        missing(format!("{}: ONNX Runtime does not start: {}", library.display(), error), Some(error.into()))
    })?;
    *held = Some((library.to_owned(), environment.clone()));
    Ok(environment)
}

/// A session of one thread.
fn open(library: &Path, classifier: &[u8]) -> Result<Session> {
    let options = |error: ort::Error<SessionBuilder>| refused(&error.into());
    Session::builder(&environment(library)?)
        .map_err(|error| refused(&error))?
        .with_intra_threads(1)
        .map_err(options)?
        .with_inter_threads(1)
        .map_err(options)?
        .commit_from_memory(classifier)
        .map_err(|error| refused(&error))
}

/// The graph's inputs are those of the specification, element types and shapes included.
fn check_inputs(session: &Session) -> Result<()> {
    let found: Vec<_> = session
        .inputs()
        .iter()
        .map(|input| match input.dtype() {
            ValueType::Tensor { ty, shape, .. } => (input.name(), Some(*ty), shape.to_vec()),
            _ => (input.name(), None, Vec::new()),
        })
        .collect();
    let expected = [
        ("indices", Some(TensorElementType::Int64), vec![-1]),
        ("values", Some(TensorElementType::Float64), vec![1, -1]),
    ];
    if found != expected {
        return Err(Error::malformed(format!("another graph: expected the inputs {:?}, got {:?}", expected, found)));
    }
    Ok(())
}

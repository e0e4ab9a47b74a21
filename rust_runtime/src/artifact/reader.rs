//! The files of a task, read and checked against each other.

use super::graph::{read_weights, Weights};
use super::preprocessor::Preprocessor;
use super::sha256::{hex, sha256};
use crate::error::{Error, Result};
use crate::features::normalizer::with_commas;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

const MAX_FILE_BYTES: u64 = 1 << 30;

/// A preprocessor with the weights it belongs to, and the graph's bytes for ONNX Runtime.
pub(crate) struct Artifact {
    pub preprocessor: Preprocessor,
    pub weights: Weights,
    pub preprocessor_bytes: usize,
    pub classifier: Vec<u8>,
}

/// Reads `<task>_preprocessor.bin` and `<task>_classifier.onnx`.
pub(crate) fn read_artifact(folder: &Path, task: &str) -> Result<Artifact> {
    let preprocessor_path = folder.join(format!("{}_preprocessor.bin", task));
    let classifier_path = folder.join(format!("{}_classifier.onnx", task));
    let binary = read_part(&preprocessor_path)?;
    let classifier = read_part(&classifier_path)?;
    let preprocessor = read_preprocessor(&binary, task).map_err(|error| error.within(&preprocessor_path))?;
    check_checksum(&preprocessor, &classifier, || {
        format!("{}: not the file {}_preprocessor.bin was made with", classifier_path.display(), task)
    })?;
    let weights = read_matching_weights(&classifier, &preprocessor).map_err(|error| error.within(&classifier_path))?;
    Ok(Artifact { preprocessor, weights, preprocessor_bytes: binary.len(), classifier })
}

/// The same from bytes, of whatever task, without names of files in the messages.
pub(crate) fn artifact_of(binary: &[u8], classifier: &[u8]) -> Result<Artifact> {
    let preprocessor = Preprocessor::decode(binary)?;
    check_checksum(&preprocessor, classifier, || "the graph is not the one the preprocessor was made with".to_owned())?;
    let weights = read_matching_weights(classifier, &preprocessor)?;
    Ok(Artifact { preprocessor, weights, preprocessor_bytes: binary.len(), classifier: classifier.to_vec() })
}

fn read_preprocessor(binary: &[u8], task: &str) -> Result<Preprocessor> {
    let preprocessor = Preprocessor::decode(binary)?;
    if preprocessor.task != task {
        return Err(Error::ChecksumMismatch {
            message: format!("made for task '{}', not '{}'", preprocessor.task, task),
        });
    }
    Ok(preprocessor)
}

fn check_checksum(preprocessor: &Preprocessor, classifier: &[u8], wrong: impl FnOnce() -> String) -> Result<()> {
    let (expected, found) = (preprocessor.classifier_sha256, sha256(classifier));
    if found == expected {
        return Ok(());
    }
    let (expected, found) = (hex(&expected[..8]), hex(&found[..8]));
    Err(Error::ChecksumMismatch {
        message: format!("{}: expected SHA-256 {}…, got {}…. Copy both files of one run.", wrong(), expected, found),
    })
}

fn read_matching_weights(classifier: &[u8], preprocessor: &Preprocessor) -> Result<Weights> {
    let weights = read_weights(classifier)?;
    if (weights.features(), weights.labels()) != (preprocessor.feature_count(), preprocessor.labels.len()) {
        return Err(Error::malformed(format!(
            "weights for {} features and {} labels, the .bin has {} and {}",
            weights.features(),
            weights.labels(),
            preprocessor.feature_count(),
            preprocessor.labels.len()
        )));
    }
    Ok(weights)
}

/// A file's bytes, or `MissingPart` with what to do. What is no regular file is never opened: a pipe would keep us.
fn read_part(path: &Path) -> Result<Vec<u8>> {
    let missing = |error: io::Error| {
        let message = match error.kind() {
            // the second: a NUL, which no file name has
            ErrorKind::NotFound | ErrorKind::InvalidInput => {
                format!("{}: no such file. Forge the model first, or give the folder it is in.", path.display())
            }
            ErrorKind::PermissionDenied => {
                format!("{}: cannot be read: {}. Check its permissions.", path.display(), error)
            }
            _ => format!("{}: cannot be read: {}. Check the path, and the disk it is on.", path.display(), error),
        };
        Error::MissingPart { message, path: path.to_owned(), source: Some(error) }
    };
    if !std::fs::metadata(path).map_err(missing)?.is_file() {
        let message = format!("{}: is not a file. Forge the model first, or give the folder it is in.", path.display());
        return Err(Error::MissingPart { message, path: path.to_owned(), source: None });
    }
    let file = File::open(path).map_err(missing)?;
    let size = file.metadata().map_err(missing)?.len();
    if size > MAX_FILE_BYTES {
        let most = with_commas(MAX_FILE_BYTES as usize);
        return Err(Error::malformed(format!("{}: larger than {} bytes", path.display(), most)));
    }
    let mut data = Vec::with_capacity(size as usize + 1);
    file.take(size + 1).read_to_end(&mut data).map_err(missing)?;
    if data.len() as u64 > size {
        let message = "grows while it is read. Give a file that is written to its end.";
        return Err(Error::malformed(format!("{}: {}", path.display(), message)));
    }
    Ok(data)
}

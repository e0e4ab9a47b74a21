//! Every error of this crate.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What this crate's functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// What happened, to what, expected and got, and the next step; the names are those of the Python package.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file has a format version, or Unicode tables, this runtime does not read.
    VersionMismatch {
        /// The whole message.
        message: String,
    },
    /// The files do not belong together.
    ChecksumMismatch {
        /// The whole message.
        message: String,
    },
    /// A file of the artifact is missing or cannot be read.
    MissingPart {
        /// The whole message.
        message: String,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: Option<io::Error>,
    },
    /// The bytes are not a valid artifact.
    MalformedArtifact {
        /// The whole message.
        message: String,
    },
    /// A text no runtime answers.
    InvalidText {
        /// The whole message.
        message: String,
    },
    /// A library that was asked for is not there, or is not one that can be used.
    MissingDependency {
        /// The whole message.
        message: String,
        /// What the loader said.
        source: Option<Box<dyn StdError + Send + Sync + 'static>>,
    },
    /// The caller's own function failed: that of [`Cascade::try_on_unsure`](crate::Cascade::try_on_unsure).
    Caller {
        /// What it said.
        message: String,
        /// Its error.
        source: Box<dyn StdError + Send + Sync + 'static>,
    },
}

impl Error {
    /// The error's name, the same in every language (but for `Caller`, whose own error Python lets through): `VersionMismatch`, `ChecksumMismatch`, …
    ///
    /// ```
    /// let error = cerebellum::MicroModel::load("nowhere", "mood").unwrap_err();
    /// assert_eq!(error.name(), "MissingPart");
    /// ```
    pub fn name(&self) -> &'static str {
        match self {
            Error::VersionMismatch { .. } => "VersionMismatch",
            Error::ChecksumMismatch { .. } => "ChecksumMismatch",
            Error::MissingPart { .. } => "MissingPart",
            Error::MalformedArtifact { .. } => "MalformedArtifact",
            Error::InvalidText { .. } => "InvalidText",
            Error::MissingDependency { .. } => "MissingDependency",
            Error::Caller { .. } => "Caller",
        }
    }

    /// The text for a person, the same as `to_string()`.
    pub fn message(&self) -> &str {
        match self {
            Error::VersionMismatch { message }
            | Error::ChecksumMismatch { message }
            | Error::MissingPart { message, .. }
            | Error::MalformedArtifact { message }
            | Error::InvalidText { message }
            | Error::MissingDependency { message, .. }
            | Error::Caller { message, .. } => message,
        }
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Error {
        Error::MalformedArtifact { message: message.into() }
    }

    /// The same error, its message beginning with the file.
    pub(crate) fn within(mut self, path: &Path) -> Error {
        match &mut self {
            Error::VersionMismatch { message }
            | Error::ChecksumMismatch { message }
            | Error::MissingPart { message, .. }
            | Error::MalformedArtifact { message }
            | Error::InvalidText { message }
            | Error::MissingDependency { message, .. }
            | Error::Caller { message, .. } => {
                *message = format!("{}: {}", path.display(), message);
            }
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Error::MissingPart { source: Some(source), .. } => Some(source),
            Error::MissingDependency { source: Some(source), .. } => Some(source.as_ref()),
            Error::Caller { source, .. } => Some(source.as_ref()),
            _ => None,
        }
    }
}

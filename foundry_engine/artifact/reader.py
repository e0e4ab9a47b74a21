"""The files of a task, read and checked against each other."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path

from foundry_engine.artifact.files import ArtifactFiles
from foundry_engine.artifact.graph_reader import Weights, read_weights
from foundry_engine.artifact.preprocessor import Preprocessor, decode
from foundry_engine.errors import ArtifactError, ChecksumMismatch, MalformedArtifact, MissingPart

MAX_FILE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Artifact:
    """A preprocessor with the weights it belongs to, and the graph's bytes for ONNX Runtime."""

    preprocessor: Preprocessor
    weights: Weights
    classifier: bytes


def read_artifact(folder: Path, task: str) -> Artifact:
    """Read ``<task>_preprocessor.bin`` and ``<task>_classifier.onnx``.

    Raises ``MissingPart``, ``VersionMismatch``, ``ChecksumMismatch`` or ``MalformedArtifact``; the message begins with
    the file. Time and memory are bounded by the files' sizes.
    """
    files = ArtifactFiles(folder, task)
    binary, classifier = read_part(files.preprocessor), read_part(files.classifier)
    with _named(files.preprocessor):
        preprocessor = decode(binary)
        if preprocessor.task != task:
            raise ChecksumMismatch(f"made for task '{preprocessor.task}', not '{task}'")
    found = hashlib.sha256(classifier).digest()
    if found != preprocessor.classifier_sha256:
        raise ChecksumMismatch(
            f"{files.classifier}: not the file {files.preprocessor.name} was made with: expected SHA-256 "
            f"{preprocessor.classifier_sha256.hex()[:16]}…, got {found.hex()[:16]}…. Copy both files of one run.",
            expected=preprocessor.classifier_sha256.hex(),
            got=found.hex(),
        )
    with _named(files.classifier):
        weights = read_weights(classifier)
        if (weights.features, weights.labels) != (preprocessor.feature_count, len(preprocessor.labels)):
            raise MalformedArtifact(
                f"weights for {weights.features} features and {weights.labels} labels, the .bin has "
                f"{preprocessor.feature_count} and {len(preprocessor.labels)}"
            )
    return Artifact(preprocessor, weights, classifier)


def read_part(path: Path) -> bytes:
    """A file's bytes, or ``MissingPart`` with what to do. A pipe or device is not opened: it may never end."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise MissingPart(f"{path}: is not a file. Forge the model first, or give the folder it is in.")
        if status.st_size > MAX_FILE_BYTES:
            raise MalformedArtifact(f"{path}: larger than {MAX_FILE_BYTES:,} bytes")
        with path.open("rb") as file:
            data = file.read(status.st_size + 1)  # a file that grows is another one than was measured
            if len(data) > status.st_size:
                raise MalformedArtifact(f"{path}: grows while it is read. Give a file that is written to its end.")
            return data
    except (FileNotFoundError, ValueError) as error:  # the second: a NUL or surrogate, which no file name has
        raise MissingPart(f"{path}: no such file. Forge the model first, or give the folder it is in.") from error
    except OSError as error:
        raise MissingPart(f"{path}: cannot be read: {error.strerror}. Check its permissions.") from error


class _named:
    """Puts the file's name before the message of an error inside the block."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, ArtifactError):
            raise type(error)(f"{self._path}: {error.message}", **error.facts) from error

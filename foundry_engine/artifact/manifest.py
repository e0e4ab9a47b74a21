"""The manifest: what an artifact is made of and what it is worth. No time, path or host: equal models, equal bytes."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from foundry_engine.artifact.files import ArtifactFiles
from foundry_engine.artifact.preprocessor import FORMAT_VERSION, Preprocessor
from foundry_engine.artifact.reader import read_part
from foundry_engine.errors import ChecksumMismatch, MalformedArtifact
from foundry_engine.features.unicode_tables import TABLES_SHA256, UNICODE_VERSION
from foundry_engine.folders import LIBRARIES, sha256_of


def _described(files: ArtifactFiles) -> tuple[Path, ...]:
    return files.classifier, files.preprocessor, files.parity


def describe(
    files: ArtifactFiles, preprocessor: Preprocessor, data: dict[str, str], training: dict[str, Any]
) -> dict[str, Any]:
    """The manifest before verification: contents, versions and the data's fingerprints."""
    return {
        "format_version": FORMAT_VERSION,
        "task": preprocessor.task,
        "blueprint": preprocessor.blueprint,
        "labels": list(preprocessor.labels),
        "languages": list(preprocessor.languages),
        "features": {"terms": len(preprocessor.terms), "cues": len(preprocessor.cues)},
        "files": {path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in _described(files)},
        "unicode": {"version": UNICODE_VERSION, "tables_sha256": TABLES_SHA256},
        "versions": {name: version(name) for name in LIBRARIES},
        "data": data,
        "training": training,
        "certificates": {
            preprocessor.labels[label]: {
                "threshold": threshold.value,
                "n": threshold.certificate.n,
                "errors": threshold.certificate.errors,
                "max_error": threshold.certificate.max_error,
                "confidence": threshold.certificate.confidence,
            }
            for label, threshold in sorted(preprocessor.thresholds.items())
        },
    }


def read(files: ArtifactFiles) -> dict[str, Any]:
    """The manifest of a folder, held to the files it stands beside.

    Raises ``MissingPart``, ``MalformedArtifact``, or ``ChecksumMismatch`` when a file is not the one it describes.
    """
    try:
        manifest = json.loads(read_part(files.manifest))
        checksums = {path: manifest["files"][path.name]["sha256"] for path in _described(files)}
        sizes = [manifest["files"][path.name]["bytes"] for path in _described(files)]
        numbers = [*sizes, manifest["features"]["terms"], manifest["features"]["cues"]]
        whole = all(type(number) is int for number in numbers) and isinstance(manifest["certificates"], dict)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise MalformedArtifact(f"{files.manifest}: not a manifest of task '{files.task}'. Export it again.") from error
    if not whole:
        raise MalformedArtifact(f"{files.manifest}: a number is missing. Export the model again.")
    for path, expected in checksums.items():
        got = hashlib.sha256(read_part(path)).hexdigest()
        if got != expected:
            raise ChecksumMismatch(
                f"{path}: not the file {files.manifest.name} describes: expected SHA-256 {str(expected)[:16]}…, "
                f"got {got[:16]}…. Export the model again.",
                expected=expected,
                got=got,
            )
    return dict(manifest)


def to_bytes(manifest: dict[str, Any]) -> bytes:
    """The file's bytes."""
    return (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode("utf-8")

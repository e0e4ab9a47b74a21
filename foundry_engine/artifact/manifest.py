"""The manifest: what an artifact is made of and what it is worth. No time, path or host: equal models, equal bytes."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

from foundry_engine.artifact.files import ArtifactFiles
from foundry_engine.artifact.preprocessor import FORMAT_VERSION, Preprocessor
from foundry_engine.features.unicode_tables import TABLES_SHA256, UNICODE_VERSION
from foundry_engine.folders import sha256_of

PACKAGES = ("numpy", "scipy", "scikit-learn", "skl2onnx", "onnx", "onnxruntime", "protobuf", "datasketch", "pyarrow")
"""Whose versions can change a model's numbers."""


def describe(
    files: ArtifactFiles, preprocessor: Preprocessor, data: dict[str, str], training: dict[str, Any]
) -> dict[str, Any]:
    """The manifest before verification: contents, versions and the data's fingerprints."""
    parts = (files.classifier, files.preprocessor, files.parity)
    return {
        "format_version": FORMAT_VERSION,
        "task": preprocessor.task,
        "blueprint": preprocessor.blueprint,
        "labels": list(preprocessor.labels),
        "languages": list(preprocessor.languages),
        "features": {"terms": len(preprocessor.terms), "cues": len(preprocessor.cues)},
        "files": {path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in parts},
        "unicode": {"version": UNICODE_VERSION, "tables_sha256": TABLES_SHA256},
        "versions": {name: version(name) for name in PACKAGES},
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


def to_bytes(manifest: dict[str, Any]) -> bytes:
    """The file's bytes."""
    return (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode("utf-8")

"""The manifest describes its files and nothing of the machine; damage to either is seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from foundry_engine.artifact import manifest
from foundry_engine.artifact.files import ArtifactFiles
from foundry_engine.artifact.preprocessor import decode
from foundry_engine.errors import ArtifactError, ChecksumMismatch, MalformedArtifact, MissingPart
from tests.small_artifacts import write


@pytest.fixture
def files(tmp_path: Path) -> ArtifactFiles:
    files = write(tmp_path)
    files.parity.write_bytes(b"{}\n")
    described = manifest.describe(files, decode(files.preprocessor.read_bytes()), {"dataset": "0" * 64}, {"rows": 3})
    files.manifest.write_bytes(manifest.to_bytes(described))
    return files


def test_what_it_says(files: ArtifactFiles) -> None:
    read = manifest.read(files)
    assert read["labels"] == ["Ask", "Tell", "Greet"] and read["features"] == {"terms": 10, "cues": 2}
    assert read["files"][files.classifier.name]["bytes"] == files.classifier.stat().st_size
    assert read["certificates"] == {
        "Ask": {"threshold": 0.5, "n": 300, "errors": 0, "max_error": 0.01, "confidence": 0.95},
        "Greet": {"threshold": None, "n": 12, "errors": 3, "max_error": 0.05, "confidence": 0.9},
    }


def test_it_names_no_place_and_no_time(files: ArtifactFiles, tmp_path: Path) -> None:
    text = files.manifest.read_text("utf-8")
    assert str(tmp_path) not in text and "time" not in json.loads(text)
    other = write(tmp_path / "elsewhere")
    other.parity.write_bytes(b"{}\n")
    again = manifest.describe(other, decode(other.preprocessor.read_bytes()), {"dataset": "0" * 64}, {"rows": 3})
    assert manifest.to_bytes(again).decode() == text


@pytest.mark.parametrize("name", ["classifier", "preprocessor", "parity"])
def test_a_file_it_does_not_describe_is_named(files: ArtifactFiles, name: str) -> None:
    path = getattr(files, name)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ChecksumMismatch) as caught:
        manifest.read(files)
    assert caught.value.message.startswith(f"{path}: ")


@pytest.mark.parametrize("name", ["classifier", "preprocessor", "parity", "manifest"])
def test_a_missing_file_is_named(files: ArtifactFiles, name: str) -> None:
    getattr(files, name).unlink()
    with pytest.raises(MissingPart, match=getattr(files, name).name):
        manifest.read(files)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"null", b"[]", b"3", b'"text"', b"{}", b'{"files": 3}', b'{"files": {}}', b"\xff\xfe", b"[" * 100_000],
    ids=lambda data: data[:12].decode("latin-1"),
)
def test_bytes_that_are_no_manifest(files: ArtifactFiles, data: bytes) -> None:
    files.manifest.write_bytes(data)
    with pytest.raises(MalformedArtifact, match=files.manifest.name):
        manifest.read(files)


@pytest.mark.parametrize("key", ["files", "features", "certificates"])
@pytest.mark.parametrize("value", [None, 1, "x", [], {}])
def test_a_field_of_another_kind(files: ArtifactFiles, key: str, value: object) -> None:
    data = json.loads(files.manifest.read_bytes())
    if key == "certificates" and value == {}:
        return  # a task without abstention targets
    files.manifest.write_text(json.dumps({**data, key: value}))
    with pytest.raises(ArtifactError):
        manifest.read(files)

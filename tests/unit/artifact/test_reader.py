"""Files of a task held against each other: what is missing, swapped, cut or foreign is named."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from foundry_engine.artifact import reader
from foundry_engine.artifact.files import ArtifactFiles
from foundry_engine.artifact.preprocessor import decode
from foundry_engine.artifact.reader import read_artifact
from foundry_engine.errors import ArtifactError, ChecksumMismatch, MalformedArtifact, MissingPart, VersionMismatch
from tests.small_artifacts import TERMS, classifier, preprocessor, write


def test_files_that_belong_together_are_read(tmp_path: Path) -> None:
    files = write(tmp_path)
    artifact = read_artifact(tmp_path, "mood")
    assert artifact.preprocessor == decode(files.preprocessor.read_bytes())
    assert artifact.classifier == files.classifier.read_bytes()
    assert (artifact.weights.features, artifact.weights.labels) == (len(TERMS) + 2, 3)


def folder_in_its_place(path: Path) -> None:
    path.unlink()
    path.mkdir()


def unlink(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def page(path: Path) -> None:
    path.write_text("<!doctype html><title>404</title>")


def pointer(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("part", "change", "kind"),
    [
        ("preprocessor", unlink, MissingPart),
        ("classifier", unlink, MissingPart),
        ("preprocessor", folder_in_its_place, MissingPart),
        ("classifier", folder_in_its_place, MissingPart),
        ("preprocessor", pipe, MissingPart),
        ("classifier", pipe, MissingPart),
        ("preprocessor", device, MissingPart),
        ("classifier", device, MissingPart),
        ("preprocessor", empty, MalformedArtifact),
        ("classifier", empty, ChecksumMismatch),
        ("preprocessor", half, ArtifactError),
        ("classifier", half, ChecksumMismatch),
        ("preprocessor", page, MalformedArtifact),
        ("classifier", page, ChecksumMismatch),
        ("preprocessor", pointer, MalformedArtifact),
    ],
)
def test_a_bad_part_is_named(
    tmp_path: Path, part: str, change: Callable[[Path], None], kind: type[ArtifactError]
) -> None:
    path = getattr(write(tmp_path), part)
    change(path)
    with pytest.raises(kind) as caught:
        read_artifact(tmp_path, "mood")
    assert caught.value.message.startswith(f"{path}: ")


@pytest.mark.parametrize("task", ["a\0b", "a\ud800b"])
def test_a_name_no_file_has_is_a_missing_part(tmp_path: Path, task: str) -> None:
    with pytest.raises(MissingPart, match="no such file"):
        read_artifact(tmp_path, task)


def test_a_file_of_another_run_says_to_copy_both(tmp_path: Path) -> None:
    files = write(tmp_path)
    other = write(tmp_path / "other", preprocessor(terms=TERMS[:5], idf=()))
    files.classifier.write_bytes(other.classifier.read_bytes())
    with pytest.raises(ChecksumMismatch, match="Copy both files of one run") as caught:
        read_artifact(tmp_path, "mood")
    assert caught.value.expected != caught.value.got


def test_files_of_another_task_are_refused(tmp_path: Path) -> None:
    files, wanted = write(tmp_path), ArtifactFiles(tmp_path, "weather")
    files.classifier.rename(wanted.classifier)
    files.preprocessor.rename(wanted.preprocessor)
    with pytest.raises(ChecksumMismatch, match="made for task 'mood', not 'weather'"):
        read_artifact(tmp_path, "weather")


def test_a_graph_of_another_size_is_refused(tmp_path: Path) -> None:
    write(tmp_path, graph=classifier(preprocessor(cues=())))
    with pytest.raises(MalformedArtifact, match=r"weights for 10 features and 3 labels, the .bin has 12 and 3"):
        read_artifact(tmp_path, "mood")


def test_an_error_keeps_its_facts_when_it_gets_the_files_name(tmp_path: Path) -> None:
    files = write(tmp_path)
    data = bytearray(files.preprocessor.read_bytes())
    files.preprocessor.write_bytes(bytes(data) + b"\x08\x07")  # a later field wins
    with pytest.raises(VersionMismatch) as caught:
        read_artifact(tmp_path, "mood")
    assert caught.value.got == 7 and caught.value.message.startswith(str(files.preprocessor))


def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = write(tmp_path)
    monkeypatch.setattr(reader, "MAX_FILE_BYTES", 10)
    with pytest.raises(MalformedArtifact, match="larger than 10 bytes"):
        read_artifact(tmp_path, files.task)


def test_a_file_without_permission_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    files = write(tmp_path)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(MissingPart, match=r"cannot be read: Permission denied. Check its permissions") as caught:
        read_artifact(tmp_path, "mood")
    assert str(files.preprocessor) in caught.value.message

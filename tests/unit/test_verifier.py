"""What verify makes of artifacts that were damaged after export: a named file, and models/ untouched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def nothing(data: bytes) -> bytes:
    return b""


def other_number(data: bytes) -> bytes:
    place = data.index(b'"values":["3f') + len(b'"values":["3f')
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("parity.jsonl", other_number),
        ("manifest.json", cut),
        ("classifier.onnx", nothing),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_damaged_artifact_is_named_and_nothing_is_shipped(
    forged: object, main: Callable, tmp_path: Path, name: str, damage: Callable[[bytes], bytes]
) -> None:
    task, runs, models = forged.task, tmp_path / "runs", tmp_path / "models"  # type: ignore[attr-defined]
    shutil.copytree(forged.runs, runs)  # type: ignore[attr-defined]
    path = runs / forged.blueprint.name / task / "4_artifacts" / f"{task}_{name}"  # type: ignore[attr-defined]
    path.write_bytes(damage(path.read_bytes()))
    done = main("--blueprint", forged.blueprint, "--steps", "verify", "--force", "--runs", runs, "--models", models)  # type: ignore[attr-defined]
    assert done.returncode != 0
    assert f"{task}_{name}" in done.stderr and "Traceback" not in done.stderr and "unexpected" not in done.stderr
    assert not [p for p in models.glob("*") if not p.name.startswith(".")]

"""The command line in this process, where that is as true as a process of its own, and copies of what was forged."""

from __future__ import annotations

import io
import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from foundry_engine.cli import app
from tests.conftest import ROOT, Forged


class Said(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Cli = Callable[..., Said]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    """``python main.py …`` in this process, without keys in the environment."""
    logger = logging.getLogger("foundry_engine")
    before = (logger.handlers[:], logger.level, logger.propagate)
    monkeypatch.delenv("GEMINI_API_KEYS", raising=False)

    def run(*arguments: str | Path, stdin: bytes = b"") -> Said:
        monkeypatch.setattr(sys, "argv", ["main.py", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app.main(ROOT)
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, out, err)

    yield run
    logger.handlers[:], logger.level, logger.propagate = before


@pytest.fixture
def own(forged: Forged, tmp_path: Path) -> Forged:
    """The forged blueprint as a copy of one's own, to change."""
    copy = Forged(tmp_path / forged.task, tmp_path / "runs", tmp_path / "models", forged.output)
    for source, target in ((forged.blueprint, copy.blueprint), (forged.runs, copy.runs), (forged.models, copy.models)):
        shutil.copytree(source, target)
    return copy


def places(made: Forged) -> list[str | Path]:
    """The options that name a forged blueprint's folders."""
    return ["--blueprint", made.blueprint, "--runs", made.runs, "--models", made.models]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that is there exactly once."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new), "utf-8")

"""The Rust side of verify: run when it is built, named when it is not, and nothing is shipped when it disagrees."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from foundry_engine import blueprint, verifier
from foundry_engine.errors import ParityError
from foundry_engine.folders import RunFolder
from foundry_engine.verification import shipped_runtime


def stub(folder: Path, code: int, out: str = "", error: str = "") -> Path:
    """A program that notes its arguments, says something and ends with a code."""
    program = folder / "cerebellum"
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"open({str(folder / 'arguments')!r}, 'w').write(repr(sys.argv[1:]))\n"
        f"sys.stdout.write({out!r}); sys.stderr.write({error!r}); sys.exit({code})\n",
        "utf-8",
    )
    program.chmod(0o755)
    return program


def test_one_that_agrees(tmp_path: Path) -> None:
    program = stub(tmp_path, 0, "mood: ok, 5 cases\n")
    assert shipped_runtime.replay(Path("/models"), "mood", program) == "Rust agrees (mood: ok, 5 cases)"
    assert (tmp_path / "arguments").read_text() == "['verify', '/models', '--task', 'mood']"


@pytest.mark.parametrize(
    ("code", "out", "said"),
    [
        (4, "mood_parity.jsonl:7: values of 'x' differs", "mood_parity.jsonl:7: values of 'x' differs"),
        (1, "", "exit code 1: format version"),
        (101, "", "exit code 101: format version"),
    ],
)
def test_one_that_does_not(tmp_path: Path, code: int, out: str, said: str) -> None:
    with pytest.raises(ParityError, match="runtime 'rust'") as caught:
        shipped_runtime.replay(tmp_path, "mood", stub(tmp_path, code, out, "format version 9"))
    assert said in caught.value.message and "make runtimes" in caught.value.message


def test_one_that_cannot_be_run(tmp_path: Path) -> None:
    program = tmp_path / "cerebellum"
    program.write_text("no program")
    with pytest.raises(ParityError, match="it cannot be run"):
        shipped_runtime.replay(tmp_path, "mood", program)


def test_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped_runtime, "BUILT", tmp_path / "nothing")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shipped_runtime.find() is None
    assert "was not run" in shipped_runtime.replay(tmp_path, "mood", None)
    assert shipped_runtime.find() is None
    program = stub(tmp_path, 0)
    assert shipped_runtime.find() == program
    monkeypatch.setattr(shipped_runtime, "BUILT", program)
    assert shipped_runtime.find() == program


def test_what_verify_makes_of_it(forged: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report differs, what is shipped does not; a disagreement ships nothing."""
    shutil.copytree(forged.runs, tmp_path / "runs")
    declared = blueprint.load(forged.blueprint)
    folder = RunFolder(tmp_path / "runs" / declared.name / forged.task)
    shipped = {}
    for name, program in (("none", None), ("agrees", stub(tmp_path, 0, "urgency: ok"))):
        monkeypatch.setattr(shipped_runtime, "find", lambda program=program: program)
        models = tmp_path / name
        verifier.run(declared, forged.task, folder, models=models, force=True)
        summary = json.loads((folder.report / verifier.REPORT).read_text("utf-8"))["parity"]["summary"]
        assert ("Rust was not run" in summary) == (program is None), summary
        shipped[name] = {p.name: p.read_bytes() for p in models.iterdir() if not p.name.startswith(".")}
    assert shipped["none"] == shipped["agrees"] and len(shipped["none"]) == 4
    (tmp_path / "wrong").mkdir()
    wrong = stub(tmp_path / "wrong", 4, "urgency_parity.jsonl:7: values of 'x' differs")
    monkeypatch.setattr(shipped_runtime, "find", lambda: wrong)
    with pytest.raises(ParityError, match="is not shipped"):
        verifier.run(declared, forged.task, folder, models=tmp_path / "refused", force=True)
    assert not (tmp_path / "refused").exists()
    assert "urgency_parity.jsonl:7" in (folder.report / verifier.MARKDOWN).read_text("utf-8")

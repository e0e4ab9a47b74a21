"""``scripts/bench_streaming.py``, small and without peers: every row is measured, and ours has no wrong one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT


def test_rows_and_labels_are_measured() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "bench_streaming.py"), "--no-peers"]
    sizes = ["--rows", "500", "--labels", "60", "--faults", "none", "429", "truncated"]
    done = subprocess.run([*command, *sizes], capture_output=True, text=True, timeout=120)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert sum(line[1:3] == ["rows", "streaming"] for line in lines) == 1, done.stdout + done.stderr
    labels = [line for line in lines if "ours" in line[1:-1]]
    assert [line[line.index("ours") + 3] for line in labels] == ["0", "0", "0"], "none is wrong"
    assert {line[0] for line in labels} == {"none", "429", "truncated"}
    assert not any("not correct" in " ".join(line) for line in lines)


def test_a_peer_that_cannot_be_had_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import peer_environments

    monkeypatch.setattr(peer_environments, "ENVIRONMENTS", tmp_path)
    python, told = peer_environments.python_of("none", "no-such-package @ file:///nowhere.whl", 60)
    assert python is None
    assert told.startswith("no-such-package @ file:///nowhere.whl cannot be installed here: ERROR")

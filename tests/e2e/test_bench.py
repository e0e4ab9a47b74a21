"""``scripts/bench_predict.py`` on the small blueprint: every engine is timed, and plain Python is the fast one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT, Forged


def bench(*options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "bench_predict.py"), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_plain_python_is_fifteen_times_faster(forged: Forged) -> None:
    """Interleaved and paired, so that a busy machine slows both sides alike."""
    folders = ["--blueprint", forged.blueprint, "--runs", forged.runs, "--models", forged.models]
    done = bench(*folders, "--sentences", "30", "--rounds", "5", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (figures,) = json.loads(done.stdout)["tasks"]
    assert figures["task"] == forged.task and figures["sentences"] == 30
    assert set(figures["microseconds"]) == {"plain", "onnxruntime", "same", "stock"}
    assert all(value > 0 for value in figures["microseconds"].values())
    assert figures["reached"] is (figures["plain_is_faster"]["same"] >= figures["required"] == 15)


def test_before_a_forge_it_says_what_to_do(forged: Forged, tmp_path: Path) -> None:
    done = bench("--blueprint", forged.blueprint, "--runs", tmp_path, "--models", forged.models)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Forge the blueprint first: make forge" in done.stderr and "Traceback" not in done.stderr

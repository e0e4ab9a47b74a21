"""Refining raw files as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run
from tests.unit.refinery.jobs import contents, lines, usual_rows, write_job


def test_refine_and_say_what_happened(main: Run, tmp_path: Path) -> None:
    config = write_job(tmp_path, {"a.jsonl": lines(*usual_rows(3)) + b"broken\n"})
    done = main("refine", "--config", config)
    assert done.returncode == 0, done.stderr
    assert "unreadable: not_json" in done.stdout and str(tmp_path / "out" / "report.html") in done.stdout
    again = main("refine", "--config", config, "--json")
    said = json.loads(again.stdout)
    assert (said["schema_version"], said["state"], said["rejected"]) == (1, "unchanged", {"not_json": 1})


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"seed": "x"}, 3, "refine.yaml:1:"),
        ({"operators": ["length"]}, 3, "operator 'length' needs the tag 'normalized'"),
        ({"gates": [{"measure": "safety", "at_least": 0.9}]}, 4, "below its gates: safety not measured"),
        ({"inputs": [{"path": "empty.jsonl"}]}, 1, "empty.jsonl: 0 rows"),
    ],
)
def test_a_failure_is_a_message_and_a_code(
    main: Run, tmp_path: Path, more: dict[str, object], code: int, said: str
) -> None:
    config = write_job(tmp_path, {"a.jsonl": lines(*usual_rows()), "empty.jsonl": b""}, **more)
    done = main("refine", "--config", config)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert said in done.stderr, done.stderr


def test_a_missing_config(main: Run, tmp_path: Path) -> None:
    done = main("refine", "--config", tmp_path / "nowhere.yaml")
    assert done.returncode == 3 and "cannot be read" in done.stderr


def test_killed_and_run_again_gives_the_same_bytes(tmp_path: Path) -> None:
    raw = {"a.jsonl": lines(*usual_rows(200))}
    whole, cut = (write_job(tmp_path / name, raw, memory_gib=2) for name in ("whole", "cut"))
    command = [sys.executable, str(ROOT / "main.py"), "refine", "--config"]
    subprocess.run([*command, str(whole)], check=True, capture_output=True)
    for part in ("1_blocks/stage.json", "2_refined/0000/stage.json"):
        process = subprocess.Popen([*command, str(cut)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (tmp_path / "cut" / "out.work" / part).exists():
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run([*command, str(cut)], check=True, capture_output=True)
    assert contents(cut.parent / "out") == contents(whole.parent / "out")
    assert not (cut.parent / "out.new").exists() and not (cut.parent / "out.work").exists()


def test_a_model_learns_more_from_refined_rows() -> None:
    script = ROOT / "scripts" / "bench_seeded_task.py"
    done = subprocess.run(
        [sys.executable, str(script), "--tasks", "1", "--rows", "2000", "--json"], capture_output=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["gain"] >= 0.05 and found["copies_removed"] >= 0.99

"""``kill -9`` of streaming runs: 20 random instants and every named fail-point; ``make crash-streaming`` has 200."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import crash_streaming
from scripts.crash_streaming import Outcome
from tests.conftest import ROOT
from tests.streams import numbers, out


@pytest.mark.slow
def test_every_fail_point_and_twenty_random_kills_leave_no_trace(tmp_path: Path) -> None:
    outcome = Outcome()
    crash_streaming.campaign(tmp_path, 20, 20261121, outcome)
    assert outcome.differences == []
    assert outcome.kills >= 20 + len(crash_streaming.POINTS)


def test_the_oracle_notices(tmp_path: Path) -> None:
    case = tmp_path / "case"
    crash_streaming.prepare(case)
    assert crash_streaming.finish(case) == []
    assert crash_streaming.judge(case, 0, Outcome()) == []
    lines = (case / "out.jsonl").read_text().splitlines(keepends=True)
    for wrong in (lines[1:], [lines[1], lines[0], *lines[2:]], [lines[0], *lines]):
        (case / "out.jsonl").write_text("".join(wrong))
        assert crash_streaming.judge(case, 0, Outcome()) == ["the output differs"]
    (case / "out.jsonl").write_text("".join(lines))
    with (case / "calls.log").open("a") as log:
        log.write("ask 0\n")
    assert "1 calls repeated" in crash_streaming.judge(case, 0, Outcome())[0]


WORK = """
import sys; from pathlib import Path; from tests.streams import pipeline
from foundry_engine.errors import FoundryError
try:
    pipeline(Path(sys.argv[1]), [lambda item: {**item, "text": "x" * 200}], parallel_size=4).run()
except FoundryError as error:
    sys.exit(error.message)
"""


def work(folder: Path, largest_file: int) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    command = [sys.executable, "-c", WORK, str(folder)]
    return subprocess.run(command, cwd=ROOT, preexec_fn=limit, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("largest_file", [10_000, 60_000, 150_000, 400_000])
def test_a_disk_that_fills_up_loses_nothing(tmp_path: Path, largest_file: int) -> None:
    """A file-size limit stands in for the full disk: writes fail in the journal, its log, or the export."""
    numbers(tmp_path / "in.jsonl", 1_500)
    full = work(tmp_path, largest_file)
    assert full.returncode == 1 and "run the same again" in full.stderr, full.stderr
    assert not (tmp_path / "out.jsonl").exists() and not list(tmp_path.glob(".*.new"))
    whole = work(tmp_path, resource.RLIM_INFINITY)
    assert whole.returncode == 0, whole.stderr
    assert [row["n"] for row in out(tmp_path)] == list(range(1_500))


def test_an_export_onto_a_full_disk_leaves_the_old_output(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 1_500)
    assert work(tmp_path, resource.RLIM_INFINITY).returncode == 0
    before = (tmp_path / "out.jsonl").read_bytes()
    full = work(tmp_path, 200_000)
    assert full.returncode == 1 and "out.jsonl: cannot be written: File too large" in full.stderr, full.stderr
    assert (tmp_path / "out.jsonl").read_bytes() == before and not list(tmp_path.glob(".*.new"))

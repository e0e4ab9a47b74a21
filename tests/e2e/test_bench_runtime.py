"""The benchmark of the runtimes: every engine tells its times, and the verdict is that of the figures."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

sys.path.insert(0, str(ROOT / "scripts"))
try:
    import bench_runtime
finally:
    sys.path.remove(str(ROOT / "scripts"))

ENGINES = ["Rust native", "Rust + ONNX Runtime", "C++", "Python plain", "scikit-learn"]


def test_every_engine_is_timed(forged: Any) -> None:
    places = ["--blueprint", forged.blueprint, "--runs", forged.runs, "--models", forged.models, "--task", forged.task]
    command = [
        sys.executable,
        ROOT / "scripts" / "bench_runtime.py",
        *places,
        "--turns",
        1,
        "--without-fasttext",
        "--json",
    ]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 1, f"without fastText it cannot pass: {done.stderr}"
    rows = json.loads(done.stdout)
    assert list(rows) == ENGINES
    for row in rows.values():
        assert all(value > 0 for value in row.values())
        assert all(row[f"p50_{n}"] <= row[f"p99_{n}"] for n in (5, 20, 100, 1_000))
    assert rows["Rust native"]["p50_20"] < rows["Python plain"]["p50_20"] < rows["scikit-learn"]["p50_20"]


def test_a_task_that_is_none_is_named_with_those_there_are(forged: Any) -> None:
    command = [sys.executable, ROOT / "scripts" / "bench_runtime.py", "--models", forged.models, "--task", "moood"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"no model for task 'moood' in {forged.models}; known: {forged.task}" in done.stderr


def test_every_option_is_explained() -> None:
    command = [sys.executable, ROOT / "scripts" / "bench_runtime.py", "--help"]
    said = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=True, env={"COLUMNS": "200"}
    ).stdout
    options = [line for line in said.splitlines() if line.startswith("  --")]
    assert len(options) == 7 and all(re.match(r"  --\S+( [A-Z]+)? {2,}\S", line) for line in options), said


@pytest.mark.parametrize(("own", "other", "held"), [(1.0, 400.0, True), (1.01, 400.0, False)])
def test_the_verdict(own: float, other: float, held: bool) -> None:
    numbers = {f"p{p}_{n}": 1.0 for p in (50, 99) for n in (5, 20, 100, 1_000)}
    numbers |= {"per_second": 1.0, "reload_ms": 1.0, "load_ms": 1.0, "disk_kib": 1.0, "resident_mib": 1.0}
    rows = {"Rust native": {**numbers, "p50_20": own}, "scikit-learn": {**numbers, "p50_20": other}}
    rows |= {name: {**numbers, "p50_20": 10.0} for name in ("fastText (Python)", "fastText (C++)")}
    table, found = bench_runtime.shown("mood", rows)
    assert found == held
    assert ("DOES NOT HOLD" in table) == (not held)
    del rows["fastText (C++)"]
    table, found = bench_runtime.shown("mood", rows)
    assert not found and "fastText (C++): not measured" in table


def test_sentences_have_the_lengths(forged: Any) -> None:
    texts = bench_runtime.sentences(bench_runtime.examples_of(forged.runs, forged.blueprint.name, forged.task))
    assert [len(text) for text in texts[:: bench_runtime.TEXTS]] == [5, 20, 100, 1_000]
    assert len(texts) == 4 * bench_runtime.TEXTS and all(text == text.strip() for text in texts)

"""A run with any fan-out, filters, failures, batches and crashes gives what a plain loop gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from foundry_engine.streaming import FunctionOperator, Operator
from foundry_engine.streaming.failpoints import VARIABLE
from tests.conftest import ROOT
from tests.streams import numbers, out, pipeline, quarantine

FAIL = -1
ONE = -2
Plan = Sequence[int]
"""What a stage does with item n, ``plan[n % len]``: ``FAIL``, ``ONE`` (itself), 0 (dropped) or a number of children."""


def made(plan: Plan, item: dict[str, Any]) -> Any:
    what = plan[item["n"] % len(plan)]
    if what == FAIL:
        raise ValueError("planned")
    row = {"n": item["n"] * 3 + 1}
    return row if what == ONE else [{"n": row["n"] + k} for k in range(what)] if what else None


def model(plans: Sequence[Plan], rows: int) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """The output, and lineage and stage of what fails: depth first, one row after another."""
    output: list[dict[str, Any]] = []
    failed: list[tuple[str, str]] = []

    def follow(stage: int, lineage: str, item: dict[str, Any]) -> None:
        if stage == len(plans):
            output.append({"_i": lineage, **item})
            return
        try:
            result = made(plans[stage], item)
        except ValueError:
            failed.append((lineage, f"s{stage}"))
            return
        if isinstance(result, dict):
            follow(stage + 1, lineage, result)
        for k, child in enumerate(result if isinstance(result, list) else ()):
            follow(stage + 1, f"{lineage}_{k}", child)

    for n in range(rows):
        follow(0, str(n), {"n": n})
    return output, failed


class Batch(Operator):
    version = "1"

    def __init__(self, plan: Plan, name: str) -> None:
        self.plan, self.name = plan, name

    def process_batch(self, items: list[dict[str, Any]]) -> list[Any]:
        return [made(self.plan, item) for item in items]


def operator(kind: str, plan: Plan, name: str) -> Any:
    if kind == "batch":
        return Batch(plan, name)
    if kind == "async":

        async def later(item: dict[str, Any], context: Any) -> Any:
            await context.once("pay", lambda: 1)
            return made(plan, item)

        return FunctionOperator(later, name=name, version="1")
    return FunctionOperator(lambda item: made(plan, item), name=name, version="1")


def run(folder: Path, plans: Sequence[Plan], kinds: Sequence[str], parallel: int, batch: int) -> None:
    operators = [operator(kind, plan, f"s{i}") for i, (plan, kind) in enumerate(zip(plans, kinds, strict=True))]
    made_ = pipeline(folder, operators, parallel_size=parallel, batch_size=batch, max_quarantined=1.0, queue_size=3)
    made_.run()


def judge(folder: Path, plans: Sequence[Plan], rows: int) -> None:
    output, failed = model(plans, rows)
    assert out(folder) == output
    assert [(row["_i"], row["stage"]) for row in quarantine(folder)] == failed


PLANS = st.lists(
    st.lists(st.sampled_from([FAIL, ONE, ONE, 0, 1, 2, 3]), min_size=1, max_size=5), min_size=1, max_size=3
)
KINDS = st.lists(st.sampled_from(["plain", "async", "batch"]), min_size=3, max_size=3)


@settings(max_examples=60)
@given(plans=PLANS, kinds=KINDS, rows=st.integers(0, 25), parallel=st.integers(1, 6), batch=st.integers(1, 7))
@example(plans=[[3], [0, 2], [FAIL, 1]], kinds=["batch"] * 3, rows=9, parallel=2, batch=4)
def test_a_run_gives_what_the_model_gives(
    plans: list[list[int]], kinds: list[str], rows: int, parallel: int, batch: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        numbers(folder / "in.jsonl", rows)
        run(folder, plans, kinds[: len(plans)], parallel, batch)
        judge(folder, plans, rows)


CHILD = (
    "import json, sys; from pathlib import Path; from tests.property import test_streaming as t; "
    "t.run(Path(sys.argv[1]), *json.loads(sys.argv[2]))"
)
POINTS = ["group.begun", "group.written", "group.committed", "call.begun", "call.kept", "export.half", "run.exported"]


@settings(max_examples=12)
@given(
    plans=PLANS,
    kinds=KINDS,
    parallel=st.integers(1, 6),
    batch=st.integers(1, 7),
    crashes=st.lists(st.tuples(st.sampled_from(POINTS), st.integers(1, 12)), min_size=1, max_size=2),
)
def test_crashes_change_nothing(
    plans: list[list[int]], kinds: list[str], parallel: int, batch: int, crashes: list[tuple[str, int]]
) -> None:
    rows = 15
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        numbers(folder / "in.jsonl", rows)
        told = json.dumps([plans, kinds[: len(plans)], parallel, batch])
        command = [sys.executable, "-c", CHILD, str(folder), told]
        for point, count in crashes:
            environment = {**os.environ, VARIABLE: f"{point}:{count}", "PYTHONPATH": str(ROOT)}
            ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, timeout=60)
            assert ended.returncode in (0, -9), ended.stderr.decode()
        run(folder, plans, kinds[: len(plans)], parallel, batch)
        judge(folder, plans, rows)

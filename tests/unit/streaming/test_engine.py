"""Bounds: rows that wait, rows under way, memory, and what importing costs."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from foundry_engine.streaming.lineage import root
from foundry_engine.streaming.task import Unit
from foundry_engine.streaming.waiting_rows import WaitingRows
from tests.conftest import ROOT
from tests.streams import numbers, pipeline


@pytest.mark.parametrize(("rows", "size"), [(3, 10_000_000), (1_000, 30)])
def test_waiting_rows_are_bounded_by_count_and_bytes(rows: int, size: int) -> None:
    waiting = WaitingRows(rows, size)
    added = 0
    while waiting.has_room:
        waiting.add(Unit(root(added), "x" * 10, root(added)))
        added += 1
    assert added == 3 == len(waiting)
    assert not waiting.is_low
    assert [unit.path for unit in waiting.take(2)] == [root(0), root(1)]
    assert waiting.has_room and waiting.is_low


@pytest.mark.parametrize(("parallel", "batch"), [(1, 1), (3, 1), (2, 3)])
def test_no_more_rows_are_under_way_than_asked_for(tmp_path: Path, parallel: int, batch: int) -> None:
    numbers(tmp_path / "in.jsonl", 60)
    lock = threading.Lock()
    under_way = most = 0

    def work(item: dict[str, Any]) -> dict[str, Any]:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        threading.Event().wait(0.002)
        with lock:
            under_way -= 1
        return item

    pipeline(tmp_path, [work], parallel_size=parallel, batch_size=batch).run()
    assert most == parallel * batch


def test_a_slow_stage_holds_back_the_ones_before_it(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 300)
    first = second = ahead = 0

    def quick(item: dict[str, Any]) -> dict[str, Any]:
        nonlocal first, ahead
        first += 1
        ahead = max(ahead, first - second)
        return item

    def slow(item: dict[str, Any]) -> dict[str, Any]:
        nonlocal second
        threading.Event().wait(0.001)
        second += 1
        return item

    pipeline(tmp_path, [quick, slow], queue_size=10).run()
    assert second == 300 and ahead <= 15


def test_importing_it_is_light() -> None:
    code = (
        "import sys; import foundry_engine.streaming; "
        "print([m for m in ('pandas', 'pyarrow', 'pydantic', 'numpy', 'yaml', 'typer') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr

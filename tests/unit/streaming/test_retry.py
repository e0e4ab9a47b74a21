"""What is tried again: by class of error, within budgets, and within time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from foundry_engine.errors import MalformedReply, RateLimited, Refused, TimedOut, Unavailable
from foundry_engine.streaming import Operator, RetryPolicy
from foundry_engine.streaming.retry import Spent
from tests.streams import AT_ONCE, numbers, out, pipeline, quarantine


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (Unavailable("503"), 5),
        (TimedOut("slow"), 5),
        (MalformedReply("{"), 3),
        (Refused("401"), 1),
        (ValueError("mine"), 1),
        (RateLimited("429", retry_after=150), 5),
        (RateLimited("429", retry_after=601), 1),
    ],
)
def test_tries_by_class(error: Exception, tries: int) -> None:
    policy, spent, delays = RetryPolicy(), Spent(), []
    while (delay := policy.delay(error, spent)) is not None:
        delays.append(delay)
    assert spent.tries == tries == len(delays) + 1


def test_budgets_are_apart_and_delays_grow_to_a_bound() -> None:
    policy, spent = RetryPolicy(again=9, longest_delay=8.0), Spent()
    assert policy.delay(MalformedReply("{"), spent) == 0.0
    delays = [policy.delay(Unavailable("503"), spent) for _ in range(9)]
    for n, delay in enumerate(delays):
        longest = min(8.0, 0.5 * 2**n)
        assert delay is not None and longest / 2 <= delay <= longest
    assert policy.delay(Unavailable("503"), spent) is None
    assert policy.delay(RateLimited("429", retry_after=3), spent) == 3.0
    assert policy.delay(MalformedReply("{"), spent) == 0.0


@pytest.mark.parametrize("kind", ["plain", "async", "batch"])
def test_a_row_is_tried_until_it_comes(tmp_path: Path, kind: str) -> None:
    numbers(tmp_path / "in.jsonl", 6)
    tries: Counter[int] = Counter()

    def work(item: dict[str, Any]) -> dict[str, Any]:
        tries[item["n"]] += 1
        if tries[item["n"]] <= item["n"]:
            raise Unavailable("not yet")
        return item

    async def later(item: dict[str, Any]) -> dict[str, Any]:
        return work(item)

    class Batch(Operator):
        def process_batch(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [work(item) for item in items]

    operator = {"plain": work, "async": later, "batch": Batch()}[kind]
    batch = 2 if kind == "batch" else 1
    report = pipeline(tmp_path, [operator], parallel_size=2, batch_size=batch).run()
    assert sum(report["stages"][0]["retries"].values()) > 0
    if kind != "batch":
        assert [row["n"] for row in out(tmp_path)] == [0, 1, 2, 3, 4]
        assert [(row["_i"], row["error"], row["tries"]) for row in quarantine(tmp_path)] == [("5", "Unavailable", 5)]
        assert report["stages"][0]["retries"] == {"Unavailable": 14}


def test_a_plain_function_that_hangs_is_left_behind(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 8)
    hold, seen = threading.Event(), Counter[int]()

    def work(item: dict[str, Any]) -> dict[str, Any]:
        seen[item["n"]] += 1
        if item["n"] == 3 and seen[3] < 3:
            hold.wait(20)
        if item["n"] == 5:
            hold.wait(20)
        return item

    policy = RetryPolicy(again=2, first_delay=0.0)
    begun = time.monotonic()
    pipeline(tmp_path, [work], parallel_size=2, timeout=0.1, retry=policy).run()
    hold.set()
    assert time.monotonic() - begun < 10
    assert [row["n"] for row in out(tmp_path)] == [0, 1, 2, 3, 4, 6, 7]
    (row,) = quarantine(tmp_path)
    assert (row["error"], row["tries"]) == ("TimedOut", 3) and "no result within 0.1 s" in row["message"]


def test_an_async_function_that_hangs_is_cancelled(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 4)
    cancelled: list[int] = []

    async def work(item: dict[str, Any]) -> dict[str, Any]:
        if item["n"] == 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.append(item["n"])
                raise
        if item["n"] == 3:
            raise TimeoutError("the operator's own")
        return item

    policy = RetryPolicy(again=1, first_delay=0.0)
    pipeline(tmp_path, [work], timeout=0.05, retry=policy).run()
    assert cancelled == [2, 2]
    assert [(row["_i"], row["error"]) for row in quarantine(tmp_path)] == [("2", "TimedOut"), ("3", "TimeoutError")]


def test_a_late_answer_of_a_call_left_behind_is_kept(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 1)
    calls: list[int] = []
    hold = threading.Event()

    def work(item: dict[str, Any], context: Any) -> dict[str, Any]:
        def call() -> int:
            calls.append(1)
            if len(calls) == 1:
                hold.wait(20)
            else:
                hold.set()
            return len(calls)

        return {"got": context.once("call", call)}

    pipeline(tmp_path, [work], timeout=0.1, retry=AT_ONCE).run()
    assert len(calls) == 2 and out(tmp_path)[0]["got"] == 2

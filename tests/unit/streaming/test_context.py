"""Paid calls: made once, whatever happens to the code around them."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from foundry_engine.errors import Unavailable
from foundry_engine.streaming import FunctionOperator, Operator
from tests.streams import numbers, out, pipeline, quarantine, write_rows


class Shop:
    """A paid service that counts."""

    def __init__(self) -> None:
        self.sold: Counter[int] = Counter()
        self._lock = threading.Lock()

    def buy(self, number: int) -> dict[str, Any]:
        with self._lock:
            self.sold[number] += 1
        return {"price": number * 2, 3: ("a", None)}


def plain(shop: Shop, after: Any) -> Any:
    def work(item: dict[str, Any], context: Any) -> Any:
        def call() -> Any:
            context.report_usage({"tokens": 2, "cost": 0.5})
            return shop.buy(item["n"])

        return after(item, context.once("buy", call))

    return FunctionOperator(work, name="buy")


def later(shop: Shop, after: Any) -> Any:
    async def work(item: dict[str, Any], context: Any) -> Any:
        async def call() -> Any:
            await asyncio.sleep(0.001)
            context.report_usage({"tokens": 2, "cost": 0.5})
            return shop.buy(item["n"])

        return after(item, await context.once("buy", call))

    return FunctionOperator(work, name="buy")


def later_with_a_plain_call(shop: Shop, after: Any) -> Any:
    async def work(item: dict[str, Any], context: Any) -> Any:
        def call() -> Any:
            context.report_usage({"tokens": 2, "cost": 0.5})
            return shop.buy(item["n"])

        return after(item, await context.once("buy", call))

    return FunctionOperator(work, name="buy")


KINDS = pytest.mark.parametrize("kind", [plain, later, later_with_a_plain_call])


@KINDS
def test_an_answer_is_paid_once_even_when_the_code_after_it_breaks_and_changes(tmp_path: Path, kind: Any) -> None:
    shop = Shop()
    numbers(tmp_path / "in.jsonl", 10)

    def broken(item: dict[str, Any], answer: dict[str, Any]) -> Any:
        raise ValueError("a mistake after the call")

    report = pipeline(tmp_path, [kind(shop, broken)], parallel_size=4, max_quarantined=1.0).run()
    assert report["rows_quarantined"] == 10 and report["calls"]["answered"] == 10

    def mended(item: dict[str, Any], answer: dict[str, Any]) -> Any:
        return {"n": item["n"], **answer}

    again = pipeline(tmp_path, [kind(shop, mended)], parallel_size=4, restart_from="buy")
    report = again.run()
    assert [row["price"] for row in out(tmp_path)] == [n * 2 for n in range(10)]
    assert shop.sold == Counter(dict.fromkeys(range(10), 1))
    assert report["calls"] == {"begun": 10, "answered": 10, "failed": 0, "repeated_at_most": 0}
    assert report["usage"] == {"tokens": 20, "cost": 5.0}
    assert report["stages"][0]["usage"] == report["usage"]


@KINDS
def test_a_fresh_answer_and_a_kept_one_are_the_same(tmp_path: Path, kind: Any) -> None:
    seen: list[Any] = []

    def look(item: dict[str, Any], answer: Any) -> Any:
        seen.append(answer)
        if len(seen) == 1:
            raise Unavailable("once more")
        return item

    numbers(tmp_path / "in.jsonl", 1)
    report = pipeline(tmp_path, [kind(Shop(), look)]).run()
    assert seen == [{"price": 0, "3": ["a", None]}] * 2
    assert report["stages"][0]["retries"] == {"Unavailable": 1}


def test_calls_of_one_row_are_told_apart_by_name_and_rows_by_place_and_content(tmp_path: Path) -> None:
    made: list[str] = []

    def work(item: dict[str, Any], context: Any) -> dict[str, Any]:
        def call(name: str) -> str:
            made.append(name)
            return name

        return {"got": [context.once(name, lambda name=name: call(name)) for name in ("a", "b", "a")]}

    write_rows(tmp_path / "in.jsonl", [{"n": 1}, {"n": 1}])
    pipeline(tmp_path, [work]).run()
    assert [row["got"] for row in out(tmp_path)] == [["a", "b", "a"]] * 2
    assert sorted(made) == ["a", "a", "b", "b"]


def test_with_an_id_field_answers_follow_the_row_to_another_place(tmp_path: Path) -> None:
    shop = Shop()

    def keep(item: dict[str, Any], answer: dict[str, Any]) -> Any:
        return item

    write_rows(tmp_path / "in.jsonl", [{"id": f"r{n}", "n": n} for n in range(3)])
    pipeline(tmp_path, [plain(shop, keep)], id_field="id").run()
    write_rows(tmp_path / "in.jsonl", [{"id": "new", "n": 7}, {"id": "r2", "n": 2}, {"id": "r1", "n": 8}])
    pipeline(tmp_path, [plain(shop, keep)], id_field="id", restart_from="input").run()
    assert shop.sold == {0: 1, 1: 1, 2: 1, 7: 1, 8: 1}, "row 2 moved and kept its answer, row 1 changed and was asked"


@KINDS
def test_an_error_of_the_call_passes_through_and_is_no_answer(tmp_path: Path, kind: Any) -> None:
    class Failing(Shop):
        def buy(self, number: int) -> dict[str, Any]:
            super().buy(number)
            if self.sold[number] < 3:
                raise Unavailable("down")
            return {}

    shop = Failing()
    numbers(tmp_path / "in.jsonl", 2)
    report = pipeline(tmp_path, [kind(shop, lambda item, answer: item)]).run()
    assert shop.sold == {0: 3, 1: 3}
    assert report["calls"] == {"begun": 6, "answered": 2, "failed": 4, "repeated_at_most": 0}
    assert report["usage"]["tokens"] == 12, "failed tries count"


@KINDS
def test_an_answer_that_is_not_json_says_so(tmp_path: Path, kind: Any) -> None:
    class Odd(Shop):
        def buy(self, number: int) -> Any:
            return {"x": {number}}

    numbers(tmp_path / "in.jsonl", 1)
    made = pipeline(tmp_path, [kind(Odd(), lambda item, answer: item)], max_quarantined=1.0)
    report = made.run()
    assert "once('buy'): the answer is not JSON" in quarantine(tmp_path)[0]["message"]
    assert report["calls"]["repeated_at_most"] == 0


def test_items_of_a_batch_have_contexts_of_their_own(tmp_path: Path) -> None:
    shop = Shop()

    class Batch(Operator):
        version = "1"

        def process_batch(self, items: list[dict[str, Any]], context: Any) -> list[Any]:
            return [
                {**item, **context.item(i).once("buy", lambda item=item: shop.buy(item["n"]))}
                for i, item in enumerate(items)
            ]

    class Whole(Operator):
        def process_batch(self, items: list[dict[str, Any]], context: Any) -> list[Any]:
            return [context.once("buy", dict)]

    numbers(tmp_path / "in.jsonl", 7)
    pipeline(tmp_path, [Batch()], batch_size=3).run()
    again = pipeline(tmp_path, [Batch()], batch_size=2, restart_from="Batch")
    again.run()
    assert shop.sold == Counter(dict.fromkeys(range(7), 1))
    made = pipeline(tmp_path, [Whole()], batch_size=3, pipeline_id="whole")
    with pytest.raises(Exception, match=r"take context.item\(n\)"):
        made.run()


def test_a_crash_between_call_and_answer_is_counted(tmp_path: Path) -> None:
    """A begun call whose end was never seen, as a crash leaves it."""
    shop = Shop()
    numbers(tmp_path / "in.jsonl", 3)
    operator = plain(shop, lambda item, answer: item)
    pipeline(tmp_path, [operator]).run()
    journal = sqlite3.connect(tmp_path / "runs/run/journal.sqlite")
    journal.execute("UPDATE call SET ended = 0, result = NULL WHERE key = (SELECT min(key) FROM call)")
    journal.commit()
    journal.close()
    report = pipeline(tmp_path, [operator], restart_from="buy").run()
    assert sum(shop.sold.values()) == 4
    assert report["calls"] == {"begun": 4, "answered": 3, "failed": 0, "repeated_at_most": 1}


def test_a_hundred_calls_are_under_way_on_one_loop(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 200)
    under_way, most = 0, 0

    async def work(item: dict[str, Any], context: Any) -> dict[str, Any]:
        async def call() -> int:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            for _ in range(1000):
                if most >= 100:
                    break
                await asyncio.sleep(0.002)
            under_way -= 1
            return 1

        return {"one": await context.once("call", call)}

    assert pipeline(tmp_path, [work], parallel_size=100).run()["rows_out"] == 200
    assert most == 100


def test_waiting_operators_are_let_go_when_the_journal_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from foundry_engine.streaming.run_journal import RunJournal

    numbers(tmp_path / "in.jsonl", 4)
    raised: list[BaseException] = []

    def work(item: dict[str, Any], context: Any) -> dict[str, Any]:
        try:
            context.once("call", dict)
        except BaseException as error:
            raised.append(error)
            raise
        return item

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    made = pipeline(tmp_path, [work], parallel_size=2)
    with monkeypatch.context() as patch:
        patch.setattr(RunJournal, "begin_call", full)
        with pytest.raises(Exception, match=r"disk is full.*what was accepted before is kept"):
            made.run()
    for _ in range(200):
        if len(raised) == 2:
            break
        threading.Event().wait(0.01)
    assert all("stopped before this could be journalled" in str(error) for error in raised) and raised
    assert made.run()["rows_out"] == 4

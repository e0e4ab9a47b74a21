"""A run from end to end: what comes out, what is resumed, what is refused."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from foundry_engine.errors import (
    BudgetSpent,
    Busy,
    ConfigError,
    DataError,
    InvalidSetting,
    MissingSetting,
    ResumeError,
    UnknownComponent,
)
from foundry_engine.folders import locked
from foundry_engine.streaming import FilterOperator, FunctionOperator, Operator, UnifiedPipeline
from foundry_engine.streaming.schemes.memory import ROWS
from tests.streams import numbers, out, pipeline, quarantine, read_rows, write_rows


def test_the_first_example_works_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "input.jsonl", [{"text": " 你好 "}, {"text": "b"}])

    def clean_text(item: dict[str, Any]) -> dict[str, Any]:
        return {"text": item["text"].strip(), "len": len(item["text"])}

    pipeline = UnifiedPipeline(operators=[FunctionOperator(clean_text)])
    pipeline.create(
        pipeline_id="my_first_task",
        input_uri="jsonl://input.jsonl",
        output_uri="jsonl://output.jsonl",
        parallel_size=10,
    )
    report = pipeline.run()
    assert read_rows(tmp_path / "output.jsonl") == [
        {"_i": "0", "text": "你好", "len": 4},
        {"_i": "1", "text": "b", "len": 1},
    ]
    assert report["state"] == "finished" and report["rows_out"] == 2
    folder = tmp_path / "runs/streaming/my_first_task"
    assert json.loads((folder / "report.json").read_text()) == report
    assert "你好" in (tmp_path / "output.jsonl").read_text("utf-8"), "Chinese stands as itself"


def fan(item: dict[str, Any]) -> Any:
    """0 → dropped, 1 → itself, 2 → two, 3 → three in a generator."""
    number = item["n"] % 4
    if number == 0:
        return None
    if number == 1:
        return item
    if number == 2:
        return [{"n": item["n"], "k": k} for k in range(2)]
    return ({"n": item["n"], "k": k} for k in range(3))


async def fan_later(item: dict[str, Any]) -> Any:
    await asyncio.sleep(0.001 * (7 - item["n"]))
    return list(made) if hasattr(made := fan(item), "send") else made


class FanBatch(Operator):
    def process_batch(self, items: list[dict[str, Any]], context: Any) -> list[Any]:
        return [fan(item) for item in items]


class FanBatchLater(Operator):
    async def process_batch(self, items: list[dict[str, Any]]) -> list[Any]:
        return [fan(item) for item in items]


FANNED = ["1", "2_0", "2_1", "3_0", "3_1", "3_2", "5", "6_0", "6_1", "7_0", "7_1", "7_2"]


@pytest.mark.parametrize("operator", [fan, fan_later, FanBatch(), FanBatchLater()], ids=lambda o: str(o)[:20])
@pytest.mark.parametrize(("parallel", "batch"), [(1, 1), (3, 1), (2, 3), (1, 8), (4, 5)])
def test_fan_out_filters_and_batches_keep_order_and_lineage(
    tmp_path: Path, operator: Any, parallel: int, batch: int
) -> None:
    numbers(tmp_path / "in.jsonl", 8)
    keep = FilterOperator(lambda item: item.get("k") != 1)
    pipeline(tmp_path, [operator, keep, fan], parallel_size=parallel, batch_size=batch).run()
    rows = out(tmp_path)
    kept = [lineage for lineage in FANNED if not lineage.endswith("_1")]
    expected = []
    for lineage in kept:
        number = int(lineage.partition("_")[0]) % 4
        expected += [f"{lineage}_{k}" for k in range(number)] if number > 1 else [lineage]
    assert [row["_i"] for row in rows] == expected
    assert all(row["n"] == int(row["_i"].partition("_")[0]) for row in rows)


def test_rows_of_a_batch_are_under_way_at_once_when_there_is_only_process_item(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 12)
    together = threading.Barrier(6)

    def wait(item: dict[str, Any]) -> dict[str, Any]:
        together.wait(timeout=10)
        return item

    assert pipeline(tmp_path, [wait], batch_size=6).run()["rows_out"] == 12


def test_process_batch_is_used_where_it_exists_and_process_item_for_single_rows(tmp_path: Path) -> None:
    class Both(Operator):
        version = "1"

        def __init__(self) -> None:
            self.sizes: list[int] = []

        def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
            self.sizes.append(0)
            return item

        def process_batch(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            self.sizes.append(len(items))
            return items

    numbers(tmp_path / "in.jsonl", 10)
    batched, single = Both(), Both()
    pipeline(tmp_path, [batched], batch_size=4).run()
    pipeline(tmp_path, [single], pipeline_id="single").run()
    assert sorted(batched.sizes) == [2, 4, 4]
    assert single.sizes == [0] * 10


def test_a_row_goes_on_as_soon_as_it_is_ready(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 3)
    arrived = threading.Event()

    def first(item: dict[str, Any]) -> dict[str, Any]:
        if item["n"] == 2:
            assert arrived.wait(10), "row 0 has to reach the second stage while row 2 is still in the first"
        return item

    def second(item: dict[str, Any]) -> dict[str, Any]:
        arrived.set()
        return item

    assert pipeline(tmp_path, [first, second], parallel_size=2).run()["rows_quarantined"] == 0


def test_operators_are_told_where_a_row_comes_from(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 2)

    def tell(item: dict[str, Any], context: Any) -> dict[str, Any]:
        return {"seen": item["_i"], "same": context.lineage, "stage": context.node_id}

    pipeline(tmp_path, [lambda item: [item, item], tell], lineage="_i").run()
    assert [row["seen"] for row in out(tmp_path)] == ["0_0", "0_1", "1_0", "1_1"]
    assert all(row["seen"] == row["same"] == row["_i"] and row["stage"] == "tell" for row in out(tmp_path))


def test_without_a_lineage_key_rows_are_what_they_are(tmp_path: Path) -> None:
    rows = [{"_i": 5, "data": {"x": [1]}, "id": 1}, {"data": None}]
    write_rows(tmp_path / "in.jsonl", rows)
    pipeline(tmp_path, [lambda item: item], lineage=None).run()
    assert out(tmp_path) == rows


@pytest.mark.parametrize("rows", [[], [{}], [{"data": {"id": 2}, "id": 1}]])
def test_small_inputs(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    write_rows(tmp_path / "in.jsonl", rows)
    report = pipeline(tmp_path, [lambda item: item]).run()
    assert out(tmp_path) == [{"_i": str(i), **row} for i, row in enumerate(rows)]
    assert report["rows"] == len(rows)


def test_a_finished_run_writes_its_output_again_without_a_call(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 5)
    calls: list[int] = []

    def count(item: dict[str, Any]) -> dict[str, Any]:
        calls.append(item["n"])
        return item

    pipeline(tmp_path, [count]).run()
    (tmp_path / "out.jsonl").unlink()
    report = pipeline(tmp_path, [count], output_uri=f"jsonl://{tmp_path}/out.jsonl").run()
    assert len(calls) == 5 and len(out(tmp_path)) == 5
    assert report["sessions"] == {"begun": 2, "ended_in_order": 2}


def first_version(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "v": 1}


def second_version(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "v": 2}


def named(function: Any, name: str = "stage", version: str | None = None) -> FunctionOperator:
    return FunctionOperator(function, name=name, version=version)


def test_another_input_is_refused_with_both_fingerprints(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 5)
    pipeline(tmp_path, [first_version]).run()
    numbers(tmp_path / "in.jsonl", 6)
    with pytest.raises(
        ResumeError, match=r"the input is another one .* expected fingerprint \w{16}, got \w{16}"
    ) as raised:
        pipeline(tmp_path, [first_version])
    assert raised.value.expected != raised.value.got
    assert pipeline(tmp_path, [first_version], restart_from="input").run()["rows_out"] == 6


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ([named(first_version)], [named(second_version)], True),
        ([named(first_version, version="1")], [named(second_version, version="1")], False),
        ([named(first_version, version="1")], [named(first_version, version="2")], True),
        ([named(first_version, "a")], [named(first_version, "b")], True),
        ([named(first_version, "a")], [named(first_version, "a"), named(first_version, "b")], True),
        ([named(first_version, "a"), named(first_version, "b")], [named(first_version, "a")], True),
    ],
)
def test_other_operators_are_refused(tmp_path: Path, before: Any, after: Any, refused: bool) -> None:
    numbers(tmp_path / "in.jsonl", 3)
    pipeline(tmp_path, before).run()
    if refused:
        with pytest.raises(ResumeError, match=r"stage \d is another one than before: expected .*, got .*restart_from="):
            pipeline(tmp_path, after)
    else:
        pipeline(tmp_path, after)


def test_restart_from_a_stage_keeps_what_is_before_it(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 4)
    made: list[str] = []

    def make(name: str) -> FunctionOperator:
        def work(item: dict[str, Any]) -> dict[str, Any]:
            made.append(name)
            return item

        return FunctionOperator(work, name=name, version="1")

    pipeline(tmp_path, [make("a"), make("b"), make("c")]).run()
    made.clear()
    changed = [make("a"), FunctionOperator(second_version, name="b"), make("c")]
    with pytest.raises(ResumeError, match="restart_from='b'"):
        pipeline(tmp_path, changed, restart_from="c")
    pipeline(tmp_path, changed, restart_from="b").run()
    assert made == ["c"] * 4
    assert [row["v"] for row in out(tmp_path)] == [2] * 4
    with pytest.raises(UnknownComponent, match="did you mean 'b'"):
        pipeline(tmp_path, changed, restart_from="bb")


def test_closure_values_are_no_part_of_what_a_stage_is(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 2)

    def make(value: int) -> Any:
        return lambda item: {**item, "v": value}

    pipeline(tmp_path, [make(1)]).run()
    pipeline(tmp_path, [make(2)]).run()
    assert [row["v"] for row in out(tmp_path)] == [1, 1]


def test_a_run_that_another_process_has_is_busy(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 1)
    made = pipeline(tmp_path, [first_version])
    with locked(tmp_path / "runs" / "run"):
        with pytest.raises(Busy, match="another foundry process"):
            pipeline(tmp_path, [first_version])
        with pytest.raises(Busy, match="another foundry process"):
            made.run()
    assert made.run()["rows_out"] == 1


@pytest.mark.parametrize(
    ("broken", "error", "message"),
    [
        (lambda item: 1 / (item["n"] - 2), "ZeroDivisionError", "division by zero"),
        (
            lambda item: "text" if item["n"] == 2 else item,
            "DataError",
            "returned str; expected a dict, a list of dicts",
        ),
        (lambda item: {"x": {1}} if item["n"] == 2 else item, "DataError", "not JSON: Object of type set"),
        (lambda item: {"x": float("nan")} if item["n"] == 2 else item, "DataError", "not JSON: Out of range float"),
        (lambda item: [item, None] if item["n"] == 2 else item, "DataError", "returned NoneType; expected a dict"),
        (lambda item: {"_i": "9"} if item["n"] == 2 else item, "DataError", "_i is the lineage id"),
        (lambda item: later(item) if item["n"] == 2 else item, "DataError", "declare the function with 'async def'"),
        (lambda item: exit(3) if item["n"] == 2 else item, "SystemExit", "3"),
    ],
    ids=["exception", "type", "set", "nan", "none in a list", "_i", "coroutine", "exit"],
)
def test_a_row_that_fails_costs_one_row(tmp_path: Path, broken: Any, error: str, message: str) -> None:
    numbers(tmp_path / "in.jsonl", 5)

    def operator(item: dict[str, Any]) -> Any:
        result = broken(item)
        return result if not isinstance(result, float) else item

    report = pipeline(tmp_path, [operator], parallel_size=2).run()
    assert [row["_i"] for row in out(tmp_path)] == ["0", "1", "3", "4"]
    (row,) = quarantine(tmp_path)
    assert row == {
        "_i": "2",
        "stage": "operator",
        "error": error,
        "message": row["message"],
        "tries": 1,
        "item": {"n": 2},
    }
    assert message in row["message"]
    assert report["rows_quarantined"] == 1 and report["quarantined_share"] == 0.2


async def later(item: dict[str, Any]) -> dict[str, Any]:
    return item


def test_one_bad_row_of_a_batch_costs_one_row(tmp_path: Path) -> None:
    class Batch(Operator):
        def process_batch(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            if any(item["n"] == 4 for item in items):
                raise ValueError("four")
            return items

    numbers(tmp_path / "in.jsonl", 10)
    pipeline(tmp_path, [Batch()], batch_size=5).run()
    assert [row["n"] for row in out(tmp_path)] == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert [row["_i"] for row in quarantine(tmp_path)] == ["4"]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda items: items[0], "process_batch returned dict; expected a list"),
        (lambda items: [{"a": 1}] * (len(items) + 1), r"returned \d entries for \d items; give one an item"),
    ],
)
def test_a_batch_of_the_wrong_shape_says_so(tmp_path: Path, returned: Any, message: str) -> None:
    class Batch(Operator):
        def process_batch(self, items: list[dict[str, Any]]) -> Any:
            return returned(items)

    numbers(tmp_path / "in.jsonl", 4)
    pipeline(tmp_path, [Batch()], batch_size=2, max_quarantined=1.0).run()
    assert len(quarantine(tmp_path)) == 4
    import re

    assert all(re.search(message, row["message"]) for row in quarantine(tmp_path))


def test_a_batch_may_give_back_fewer_rows_that_kept_their_lineage(tmp_path: Path) -> None:
    class Odd(Operator):
        def process_batch(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [item for item in reversed(items) if item["n"] % 2]

    numbers(tmp_path / "in.jsonl", 9)
    pipeline(tmp_path, [Odd()], batch_size=4).run()
    assert out(tmp_path) == [{"_i": str(n), "n": n} for n in (1, 3, 5, 7)]


def test_too_many_in_quarantine_end_the_run_and_are_tried_again_on_demand(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 100)
    broken = True

    def work(item: dict[str, Any]) -> dict[str, Any]:
        if broken and item["n"] % 2:
            raise ValueError("down")
        return item

    made = pipeline(tmp_path, [work], max_quarantined=0.1)
    with pytest.raises(DataError, match=r"11 of 100 rows are in quarantine, more than 10% allows"):
        made.run()
    assert made.report["state"] == "stopped" and not (tmp_path / "out.jsonl").exists()
    with pytest.raises(DataError, match="rows are in quarantine"):
        made.run()
    broken = False
    assert made.retry_failed()["rows_out"] == 100
    assert quarantine(tmp_path) == [] and len(out(tmp_path)) == 100


def test_a_whole_run_with_too_many_in_quarantine_still_gives_its_rows(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 2)

    def work(item: dict[str, Any]) -> dict[str, Any]:
        if item["n"]:
            raise ValueError("down")
        return item

    made = pipeline(tmp_path, [work], max_quarantined=0.1)
    for _ in range(2):
        with pytest.raises(DataError, match="1 of 2 rows are in quarantine"):
            made.run()
        assert out(tmp_path) == [{"_i": "0", "n": 0}]


@pytest.mark.parametrize("error", [BudgetSpent("the budget is used up"), MissingSetting("no key")])
def test_what_is_true_of_every_row_ends_the_run_and_puts_no_row_aside(tmp_path: Path, error: Exception) -> None:
    numbers(tmp_path / "in.jsonl", 50)
    spent = True

    def work(item: dict[str, Any]) -> dict[str, Any]:
        if spent and item["n"] > 9:
            raise error
        return item

    made = pipeline(tmp_path, [work], parallel_size=3)
    with pytest.raises(type(error), match=str(error)):
        made.run()
    assert made.report["rows_quarantined"] == 0
    spent = False
    assert made.run()["rows_out"] == 50


def test_memory_is_read_and_written_and_not_resumable(tmp_path: Path) -> None:
    ROWS["in"] = [{"n": n} for n in range(5)]
    made = pipeline(tmp_path, [first_version], input_uri="memory://in", output_uri="memory://out")
    report = made.run()
    assert [row["n"] for row in ROWS["out"]] == [0, 1, 2, 3, 4]
    assert report["resumable"] is False and not (tmp_path / "runs").exists()


def test_a_stage_can_have_an_output_of_its_own(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 3)
    between = {"output_uri": f"jsonl://{tmp_path}/between.jsonl"}
    pipeline(tmp_path, [lambda item: [item, item], lambda item: None], node_configs=[between, {}]).run()
    assert len(read_rows(tmp_path / "between.jsonl")) == 6
    assert out(tmp_path) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"paralel_size": 3}, "unknown setting 'paralel_size'; did you mean 'parallel_size'"),
        ({"parallel_size": 0}, "parallel_size is 0; expected a whole number from 1"),
        ({"timeout": -1}, "timeout is -1; expected seconds above 0"),
        ({"max_quarantined": 2}, "expected a share from 0 to 1"),
        ({"node_configs": [{"batch": 3}]}, "node_configs.0.: unknown setting 'batch'; did you mean 'batch_size'"),
        ({"node_configs": [{}, {}]}, "2 node_configs for 1 operators"),
        ({"pipeline_id": "../x"}, "pipeline_id '../x': letters, digits"),
        ({"parallel_size": 1000, "batch_size": 1000}, "above 10,000 rows at a time"),
        ({"output_uri": ""}, "'' is no URI"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    numbers(tmp_path / "in.jsonl", 1)
    with pytest.raises(InvalidSetting, match=message):
        pipeline(tmp_path, [first_version], **settings)


@pytest.mark.parametrize(
    ("operators", "message"),
    [
        ([], "at least one operator"),
        ([Operator()], "neither process_item nor process_batch"),
        ([FanBatch], "is a class"),
    ],
)
def test_wrong_operators_are_named(tmp_path: Path, operators: list[Any], message: str) -> None:
    numbers(tmp_path / "in.jsonl", 1)
    with pytest.raises(InvalidSetting, match=message):
        pipeline(tmp_path, operators)


def test_the_input_is_never_written(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 1)
    with pytest.raises(InvalidSetting, match=r"is the input too; an output needs a file of its own"):
        pipeline(tmp_path, [first_version], output_uri=f"csv://{tmp_path}/./in.jsonl")


def test_run_before_create() -> None:
    with pytest.raises(ConfigError, match="call create"):
        UnifiedPipeline([first_version]).run()


def test_an_input_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 5)

    def meddle(item: dict[str, Any]) -> dict[str, Any]:
        if item["n"] == 4:
            write_rows(tmp_path / "in.jsonl", [{"n": n + 1} for n in range(5)])
        return item

    with pytest.raises(ResumeError, match="the input is another one than before"):
        pipeline(tmp_path, [meddle]).run()
    assert not (tmp_path / "out.jsonl").exists()


def test_async_operators_run_on_the_callers_loop(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 30)

    async def main() -> dict[str, Any]:
        here = asyncio.get_running_loop()

        async def work(item: dict[str, Any]) -> dict[str, Any]:
            assert asyncio.get_running_loop() is here
            await asyncio.sleep(0)
            return item

        return await pipeline(tmp_path, [work, first_version], parallel_size=10).run_async()

    assert asyncio.run(main())["rows_out"] == 30


def test_cancelling_run_async_drains_and_the_run_goes_on_later(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 30)
    ended: list[int] = []

    async def work(item: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(0.02)
        ended.append(item["n"])
        return item

    async def main() -> None:
        running = asyncio.create_task(pipeline(tmp_path, [work], parallel_size=3).run_async())
        while not ended:
            await asyncio.sleep(0.005)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    before = len(ended)
    assert 3 <= before < 30
    assert pipeline(tmp_path, [work], parallel_size=3).run()["rows_out"] == 30
    assert len(ended) == 30, "what was under way at the cancel was drained, not repeated"


def test_cancel_from_another_thread_gives_a_report(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 20)
    made: UnifiedPipeline

    def work(item: dict[str, Any]) -> dict[str, Any]:
        if item["n"] == 5:
            made.cancel()
        return item

    made = pipeline(tmp_path, [work])
    report = made.run()
    assert report["state"] == "interrupted" and report["outputs"] == []
    assert made.run()["rows_out"] == 20


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_drains(tmp_path: Path, number: signal.Signals) -> None:
    numbers(tmp_path / "in.jsonl", 20)
    seen: list[int] = []

    def work(item: dict[str, Any], context: Any) -> dict[str, Any]:
        if item["n"] == 5:
            os.kill(os.getpid(), number)
            while not context.is_cancelled():
                time.sleep(0.001)
        seen.append(item["n"])
        return item

    before = signal.getsignal(number)
    made = pipeline(tmp_path, [work], parallel_size=2)
    with pytest.raises(KeyboardInterrupt):
        made.run()
    assert made.report["state"] == "interrupted" and 5 in seen and len(seen) < 20
    assert signal.getsignal(number) is before
    assert made.run()["rows_out"] == 20
    assert sorted(seen) == list(range(20)), "nothing was done twice"


def test_the_second_signal_stops_at_once(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 3)
    hold = threading.Event()

    def work(item: dict[str, Any], context: Any) -> dict[str, Any]:
        if not hold.is_set() and item["n"] == 1:
            os.kill(os.getpid(), signal.SIGINT)
            while not context.is_cancelled():
                time.sleep(0.001)
            os.kill(os.getpid(), signal.SIGINT)
            hold.wait(20)
        return item

    made = pipeline(tmp_path, [work])
    with pytest.raises(KeyboardInterrupt):
        made.run()
    hold.set()
    assert made.run()["rows_out"] == 3


def test_progress_is_told_of_every_row_once(tmp_path: Path) -> None:
    class Told:
        done, total, finished = 0, 0, 0

        def start(self, what: str, total: int) -> None:
            self.total = total

        def advance(self, count: int = 1) -> None:
            self.done += count

        def finish(self) -> None:
            self.finished += 1

    numbers(tmp_path / "in.jsonl", 25)
    told = Told()
    pipeline(tmp_path, [fan, FilterOperator(lambda item: True)], parallel_size=3).run(told)
    assert (told.done, told.total, told.finished) == (25, 25, 1)

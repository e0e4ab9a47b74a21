"""What may be reported as used, and that a report cannot lose a paid answer."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foundry_engine.errors import DataError
from foundry_engine.streaming import FunctionOperator
from foundry_engine.streaming.usage import Usage
from tests.streams import numbers, out, pipeline, quarantine


@pytest.mark.parametrize(("amount", "kept"), [(Decimal("0.5"), 0.5), (np.int64(3), 3), (np.float32(2), 2.0), (-1, -1)])
def test_numbers_of_any_kind_are_counted(amount: Any, kept: float) -> None:
    usage = Usage()
    usage.add({"cost": amount})
    taken = usage.take()
    assert taken == {"cost": kept} and type(taken["cost"]) is type(kept)
    assert usage.take() is None


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), 2**70, Decimal("NaN"), "3", None, [1]])
def test_other_amounts_are_the_rows_fault(tmp_path: Path, amount: Any) -> None:
    numbers(tmp_path / "in.jsonl", 2)

    def work(item: dict[str, Any], context: Any) -> dict[str, Any]:
        context.report_usage({"cost": amount if item["n"] else 1})
        return item

    report = pipeline(tmp_path, [work]).run()
    assert report["state"] == "finished" and report["rows_quarantined"] == 1
    assert quarantine(tmp_path)[0]["error"] == "DataError"
    assert "'cost'" in quarantine(tmp_path)[0]["message"]


def test_a_name_is_a_text() -> None:
    with pytest.raises(DataError, match="expected a text"):
        Usage().add({3: 1})  # type: ignore[dict-item]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_paid_answer_is_kept_when_its_usage_is_wrong(tmp_path: Path, asynchronous: bool) -> None:
    numbers(tmp_path / "in.jsonl", 3)
    paid = []

    def buy(item: dict[str, Any], context: Any) -> dict[str, Any]:
        context.report_usage({"cost": float("nan")})
        paid.append(item["n"])
        return {"bought": item["n"]}

    def plain(item: dict[str, Any], context: Any) -> Any:
        return context.once("buy", lambda: buy(item, context))

    async def coroutine(item: dict[str, Any], context: Any) -> Any:
        return await context.once("buy", lambda: buy(item, context))

    function = coroutine if asynchronous else plain
    made = pipeline(tmp_path, [FunctionOperator(function, name="buy", version="1")], max_quarantined=1)
    assert made.run()["rows_quarantined"] == 3
    assert made.retry_failed()["rows_quarantined"] == 0
    assert sorted(paid) == [0, 1, 2]
    assert [row["bought"] for row in out(tmp_path)] == [0, 1, 2]


def test_an_answer_that_is_not_json_is_named(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 1)

    def work(item: dict[str, Any], context: Any) -> Any:
        return context.once("price", lambda: {"a": Decimal(1)})

    pipeline(tmp_path, [work], max_quarantined=1).run()
    assert "once('price')" in quarantine(tmp_path)[0]["message"]

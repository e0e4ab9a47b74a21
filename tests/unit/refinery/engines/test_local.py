"""The local engine: blocks spilled and read back, equal rows, the budget."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from foundry_engine.errors import InvalidSetting
from foundry_engine.refinery.engines.local import BATCH_ROWS, LocalEngine, distinct
from foundry_engine.refinery.plan import make_plan
from tests import courtesy
from tests.tables import Rows, apply


def table(count: int) -> pa.Table:
    return pa.table({"text": [f"text {n}" for n in range(count)], "kind": [f"k{n % 3}" for n in range(count)]})


@pytest.mark.parametrize("memory", [1, 1 << 30])
def test_what_is_spilled_comes_back_in_order(tmp_path: Path, memory: int) -> None:
    parts = [table(5_000).slice(n, 700) for n in range(0, 5_000, 700)]
    blocks = LocalEngine(memory).exchange(parts, ["kind"], tmp_path)
    assert [block.key for block in blocks] == [("k0",), ("k1",), ("k2",)]
    for number, block in enumerate(blocks):
        texts = block.read()["text"].to_pylist()
        assert texts == [f"text {n}" for n in range(number, 5_000, 3)]
        assert (block.rows, block.characters) == (len(texts), sum(map(len, texts)))


def test_without_keys_all_rows_are_one_block(tmp_path: Path) -> None:
    (block,) = LocalEngine(1 << 30).exchange([table(10)], [], tmp_path)
    assert block.rows == 10 and block.name == "all rows"


def test_too_many_blocks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"more than 1,000 blocks"):
        LocalEngine(1 << 30).exchange([table(1_200)], ["text"], tmp_path)


def test_batches_make_no_difference() -> None:
    rows = Rows()
    for n in range(BATCH_ROWS + 10):
        rows.add(f"row {n}")
    whole = rows.table()
    got = LocalEngine(1 << 30).run(make_plan(["normalise", "length"], {}), whole, courtesy.law())
    assert got.equals(apply("length", apply("normalise", whole)).combine_chunks())


def test_the_best_of_equal_rows_stays() -> None:
    rows = pa.table({"id": ["x", "y", "x", "x"], "n": [3, 0, 1, 2]})
    first, copies = distinct(rows, rows["n"].to_pylist())
    assert first.to_pylist() == [{"id": "y", "n": 0, "copies": 1}, {"id": "x", "n": 1, "copies": 3}]
    assert copies["n"].to_pylist() == [3, 2]

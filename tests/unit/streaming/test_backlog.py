"""Rows that are handed out are the rows that were checked."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from foundry_engine.errors import ResumeError
from foundry_engine.streaming import FunctionOperator
from tests.streams import out, pipeline, write_rows


def test_an_input_edited_during_the_run_and_put_back_gives_no_wrong_row(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", ({"n": n, "tag": "old"} for n in range(40_000)))
    old = (tmp_path / "in.jsonl").read_bytes()
    edits = [old.replace(b'"old"', b'"NEW"')]

    def work(item: dict[str, Any]) -> dict[str, Any]:
        if edits and item["n"] == 20:
            with (tmp_path / "in.jsonl").open("r+b") as file:
                file.write(edits.pop())
        return item

    def run() -> Any:
        return pipeline(tmp_path, [work], queue_size=10).run()

    with pytest.raises(ResumeError, match="edited during the run"):
        run()
    (tmp_path / "in.jsonl").write_bytes(old)
    assert run()["state"] == "finished"
    assert {row["tag"] for row in out(tmp_path)} == {"old"}


def test_a_journal_without_hashes_gets_them(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [{"n": n} for n in range(3)])
    operators = [FunctionOperator(dict, name="copy", version="1")]
    pipeline(tmp_path, operators).run()
    (journal,) = (path for path in tmp_path.rglob("journal*") if path.suffix in (".sqlite", ".db"))
    with sqlite3.connect(journal) as db:
        db.execute("DELETE FROM run WHERE name = 'digests'")
    assert pipeline(tmp_path, operators).run()["rows_out"] == 3

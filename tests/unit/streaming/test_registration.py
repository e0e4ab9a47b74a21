"""What an input row may be, and how ids are held unique."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from foundry_engine.errors import MalformedRecord
from tests.streams import pipeline, write_rows


@pytest.mark.parametrize(
    ("rows", "settings", "message"),
    [
        ([{"a": 1}, {"_i": "x"}], {}, r"in.jsonl:2: has a key '_i', under which operators are told"),
        ([{"from": 1}], {"lineage": "from"}, r"in.jsonl:1: has a key 'from'"),
        ([{"id": 1}, {"id": 2}, {"id": 1}], {"id_field": "id"}, r"in.jsonl:3: id '1' again \(first at .*in.jsonl:1\)"),
        ([{"id": "请"}, {"id": "请"}], {"id_field": "id"}, r"in.jsonl:2: id '请' again"),
        ([{"id": None}], {"id_field": "id"}, r"in.jsonl:1: id_field 'id': expected a text or whole number, got None"),
        ([{"x": 1}], {"id_field": "id"}, r"in.jsonl:1: id_field 'id': expected"),
    ],
)
def test_rows_that_cannot_be_taken(
    tmp_path: Path, rows: list[dict[str, Any]], settings: dict[str, Any], message: str
) -> None:
    write_rows(tmp_path / "in.jsonl", rows)
    with pytest.raises(MalformedRecord, match=message):
        pipeline(tmp_path, [lambda item: item], **settings)
    write_rows(tmp_path / "in.jsonl", [{"id": 1, "a": 1}])
    assert pipeline(tmp_path, [lambda item: item], **settings).run()["rows_out"] == 1


def test_key_data_is_a_key_like_any_other(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [{"id": 1, "data": {"x": 1}}])
    assert pipeline(tmp_path, [lambda item: {**item, "data": [item["data"]]}]).run()["rows_out"] == 1
    assert '"id":1,"data":[{"x":1}]' in (tmp_path / "out.jsonl").read_text()

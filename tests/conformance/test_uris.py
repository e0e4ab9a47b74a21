"""Every URI scheme: what is written is read back, whole or not at all, and bad input is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from foundry_engine import registry
from foundry_engine.errors import DataError, InvalidSetting, MalformedRecord, UnknownComponent
from foundry_engine.streaming.outcome import from_text, to_text
from foundry_engine.streaming.schemes.memory import ROWS
from foundry_engine.streaming.uris import open_sink, open_source, parse

SCHEMES = registry.names("uris")
ENDING = {"sqlite": "?table=t"}
TEXTS = [{"a": "请问\u2028😀", "b": ""}, {"a": '"quoted", with\nlines', "b": "x" * 200_000}, {"a": " ", "b": "\x7f"}]


@pytest.fixture(params=SCHEMES)
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"{request.param}://{tmp_path}/place/rows{ENDING.get(request.param, '')}"


def write(uri: str, rows: list[dict[str, Any]]) -> None:
    open_sink(uri).write(lambda: map(to_text, rows))


def read(uri: str) -> list[dict[str, Any]]:
    source = open_source(uri)
    rows = [from_text(text) for text in source.rows()]
    assert source.check(lambda row, place: None) == len(rows)
    assert source.fingerprint() == open_source(uri).fingerprint()
    return rows


def test_all_five_are_there() -> None:
    assert {"jsonl", "csv", "parquet", "sqlite", "memory"} <= set(SCHEMES)


def test_texts_come_back_as_they_were(uri: str) -> None:
    write(uri, TEXTS)
    assert read(uri) == TEXTS


def test_numbers_and_nothing_come_back_where_the_format_has_them(uri: str) -> None:
    rows = [{"i": -3, "f": 0.5, "n": None}, {"i": 2**62, "f": 1e300, "n": "x"}]
    write(uri, rows)
    if uri.startswith("csv"):
        assert read(uri)[0] == {"i": "-3", "f": "0.5", "n": ""}
    else:
        assert read(uri) == rows


def test_keys_that_only_some_rows_have(uri: str) -> None:
    write(uri, [{"a": "1"}, {"b": "2", "a": "3"}])
    first, second = read(uri)
    assert first["a"] == "1" and not first.get("b")
    assert second == {"a": "3", "b": "2"}


def test_no_rows(uri: str) -> None:
    write(uri, [])
    assert read(uri) == []


def test_what_is_there_is_replaced_or_stays(uri: str) -> None:
    write(uri, TEXTS)
    before = open_source(uri).fingerprint()

    def broken() -> Iterator[str]:
        yield to_text({"a": "new"})
        raise OSError(28, "No space left on device")

    with pytest.raises(Exception, match="No space left on device"):
        open_sink(uri).write(broken)
    assert open_source(uri).fingerprint() == before and read(uri) == TEXTS
    write(uri, TEXTS[:1])
    assert read(uri) == TEXTS[:1]


def test_a_source_that_is_not_there(uri: str) -> None:
    with pytest.raises(DataError, match=r"no such file|nothing is under this name"):
        open_source(uri)


def test_only_memory_ends_with_the_process(uri: str) -> None:
    write(uri, TEXTS)
    assert open_source(uri).resumable is not uri.startswith("memory")


def test_unknown_options_and_schemes_are_named(uri: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="unknown option 'tabel'"):
        open_sink(f"{uri.partition('?')[0]}?tabel=x")
    with pytest.raises(UnknownComponent, match="did you mean 'jsonl'"):
        open_source("jsonll://x")


@pytest.mark.parametrize("text", ["in.jsonl", "://x", "jsonl://", ""])
def test_no_uri(text: str) -> None:
    with pytest.raises(InvalidSetting, match=r"is no URI; write for example jsonl://"):
        parse(text)


BAD: list[tuple[str, bytes, str]] = [
    ("jsonl", b'{"a":1}\n{"a":2', r":2: the last line is torn"),
    ("jsonl", '{"a":1}\n{"a":"世'.encode()[:-1], r":2: the last line is torn"),
    ("jsonl", b'{"a":1}\n{"a":}\n', r":2: not JSON \("),
    ("jsonl", b'{"a":1}\n\n[1]\n', r":3: expected a JSON object, got list"),
    ("jsonl", b'{"a":"\xff"}\n', r":1: not UTF-8 \(byte 0xFF at column 7\)"),
    ("jsonl", b'{"a":1}\n{"a":"\x00"}\n', r":2: a NUL byte at column 7"),
    ("jsonl", b'{"a":NaN}\n', r":1: not JSON \(NaN"),
    ("jsonl", b'{"a":"' + b"x" * 5_000_000 + b'"}\n', r":1: a line of more than"),
    ("csv", b"a,b\n1,2\n1,2,3\n", r":3: 3 columns; expected the header's 2: a, b"),
    ("csv", b'a,b\n"1\n1",2\n1\n', r":4: 1 columns; expected"),
    ("csv", b"a,a\n1,2\n", r":1: column 'a' twice"),
    ("csv", b"a,b\n1,2\n\xff,3\n", r":3: not UTF-8 \(byte 0xFF\)"),
    ("csv", b"a,b\n1,\x00\n", r":2: (a NUL byte|not CSV)"),
    ("csv", b'a,b\n1,"2\n', r":2: not CSV"),
    ("parquet", b"PAR1 no", r"cannot be read as Parquet"),
    ("sqlite", b"no database at all, but long enough to be looked at" * 20, r"cannot be read: file is not a database"),
]


@pytest.mark.parametrize(("scheme", "data", "message"), BAD)
def test_bad_input_is_named(tmp_path: Path, scheme: str, data: bytes, message: str) -> None:
    path = tmp_path / f"in.{scheme}"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as raised:
        open_source(f"{scheme}://{path}").check(lambda row, place: None)
    assert raised.value.message.startswith(str(path))


def test_good_input_of_odd_form(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'\xef\xbb\xbf  {"a":1} \r\n\n\t\n{"a":"\\ud800"}')
    assert read(f"jsonl://{path}") == [{"a": 1}, {"a": "\ud800"}]
    table = tmp_path / "in.csv"
    table.write_bytes(b'\xef\xbb\xbfa,b\r\n"x\r\ny","""z"""\r\n')
    assert read(f"csv://{table}") == [{"a": "x\r\ny", "b": '"z"'}]


def test_memory_refuses_what_is_no_row() -> None:
    for rows, said in (([1], "expected a dict, got int"), ([{"a": float("inf")}], "Out of range float")):
        ROWS["bad"] = rows  # type: ignore[assignment]
        with pytest.raises(MalformedRecord, match=said):
            open_source("memory://bad")


def test_other_tables_of_a_database_stay(tmp_path: Path) -> None:
    write(f"sqlite://{tmp_path}/d.db?table=one", TEXTS)
    write(f"sqlite://{tmp_path}/d.db?table=two", [{"l": [1, {"x": None}]}])
    assert read(f"sqlite://{tmp_path}/d.db?table=one") == TEXTS
    assert read(f"sqlite://{tmp_path}/d.db?table=two") == [{"l": '[1,{"x":null}]'}]
    with pytest.raises(DataError, match="no table 'oen'; did you mean 'one'"):
        read(f"sqlite://{tmp_path}/d.db?table=oen")


def test_parquet_says_what_json_has_not(tmp_path: Path) -> None:
    import datetime

    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"t": [datetime.date(2026, 1, 2)], "d": [{"x": [1.5]}]}), path)
    assert read(f"parquet://{path}") == [{"t": "2026-01-02", "d": {"x": [1.5]}}]
    pq.write_table(pa.table({"x": [1.0, float("nan")]}), path)
    with pytest.raises(MalformedRecord, match=r":2: column 'x' holds nan; JSON has none: write null"):
        read(f"parquet://{path}")
    with pytest.raises(DataError, match="no common schema"):
        write(f"parquet://{path}", [{"a": 1}, {"a": {"b": 1}}])

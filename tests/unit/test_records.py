"""JSON Lines in and out: broken lines named by file and line, nothing split on anything but LF."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from foundry_engine import records
from foundry_engine.errors import DataError, MalformedRecord
from foundry_engine.records import Sample

SAMPLE = Sample(
    id="0f",
    text="真的吗？\u2028“yes”\x85",
    label="Polite",
    language="zh",
    origin="corpus",
    source="letters",
    licence="CC0",
)


def write(folder: Path, raw: bytes) -> Path:
    path = folder / "rows.jsonl"
    path.write_bytes(raw)
    return path


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    written = [SAMPLE, replace(SAMPLE, text="", licence="")]
    raw = records.lines_of(written)
    assert raw.count(b"\n") == 2 and raw.endswith(b"\n")
    assert "真的吗".encode() in raw, "Chinese stays readable"
    assert records.read_records(write(tmp_path, raw), Sample) == written


def test_a_mapping_and_a_record_write_the_same_line() -> None:
    assert records.to_json(asdict(SAMPLE)) == records.to_json(SAMPLE)


READABLE = [
    (b"", []),
    (b'{"a":1}', [(1, {"a": 1})]),
    (b'{"a":1}\r\n{"a":2}\r\n', [(1, {"a": 1}), (2, {"a": 2})]),
    (b'\n  \n{"a":1}\n\r\n\t\n{"a":2}\n', [(3, {"a": 1}), (6, {"a": 2})]),
    (b'\xef\xbb\xbf{"a":1}\n', [(1, {"a": 1})]),
    ('{"a":"x\u2028y\x85z"}\n'.encode(), [(1, {"a": "x\u2028y\x85z"})]),
    (b'{"a":"\\ud83d\\ude00"}\n', [(1, {"a": "😀"})]),
    (b'{"a":"\\ud83d"}\n', [(1, {"a": "\ud83d"})]),  # a lone surrogate is for the gates to refuse
    (b'{"a":1,"a":2}\n', [(1, {"a": 2})]),
]


@pytest.mark.parametrize(("raw", "rows"), READABLE)
def test_objects_with_their_line_numbers(tmp_path: Path, raw: bytes, rows: list[tuple[int, object]]) -> None:
    assert list(records.read_objects(write(tmp_path, raw))) == rows


BROKEN = [
    (b'{"a":1}\n{"a":', 2, "not JSON"),
    (b'{"a":1}\n\n{"a":1}{"a":2}\n', 3, "not JSON (Extra data"),
    (b"[1]\n", 1, "expected a JSON object, got list"),
    (b'"text"\n', 1, "expected a JSON object, got str"),
    (b"null\n", 1, "expected a JSON object, got NoneType"),
    (b'{"a":"\xff"}\n', 1, "not JSON ('utf-8' codec can't decode byte 0xff"),
    (b'{"a":1}\n\xef\xbb\xbf{"a":1}\n', 2, "not JSON"),
    (b'{"a":"x\ry"}\n', 1, "not JSON (Invalid control character"),
    (b"[" * 200_000 + b"\n", 1, "not JSON"),
    (b"<html>\n", 1, "not JSON"),
]


@pytest.mark.parametrize(("raw", "line", "message"), BROKEN)
def test_a_broken_line_is_named(tmp_path: Path, raw: bytes, line: int, message: str) -> None:
    path = write(tmp_path, raw)
    with pytest.raises(MalformedRecord) as raised:
        list(records.read_objects(path))
    assert raised.value.message.startswith(f"{path}:{line}: {message}")
    assert "\n" not in raised.value.message and len(raised.value.message) < 400
    assert raised.value.line == line


def test_a_huge_line_is_refused_without_being_read_whole(tmp_path: Path) -> None:
    fits = b'{"a":"' + b"x" * (records.MAX_LINE_BYTES - 9) + b'"}\n'
    assert len(fits) == records.MAX_LINE_BYTES
    assert len(list(records.read_objects(write(tmp_path, fits)))) == 1
    path = write(tmp_path, b"{}\n" + b"x" * (records.MAX_LINE_BYTES + 1))
    with pytest.raises(MalformedRecord, match=r":2: a line of more than 4,000,000 bytes"):
        list(records.read_objects(path))


def test_a_missing_field_says_which_and_where(tmp_path: Path) -> None:
    path = write(tmp_path, records.lines_of([SAMPLE]) + b'{"id":"1","text":"x"}\n')
    with pytest.raises(MalformedRecord, match=r":2: no field 'label'.*--force"):
        records.read_records(path, Sample)


@pytest.mark.parametrize("name", ["nothing.jsonl", "."])
def test_a_file_that_cannot_be_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"cannot be read: .*Check the path"):
        list(records.read_objects(tmp_path / name))


def test_an_id_depends_on_task_label_and_text_and_on_nothing_else() -> None:
    ids = {
        records.record_id(*parts)
        for parts in [
            ("t", "l", "x"),
            ("t", "l", "y"),
            ("t", "k", "x"),
            ("u", "l", "x"),
            ("tl", "", "x"),
            ("t", "lx", ""),
        ]
    }
    assert len(ids) == 6
    assert all(len(i) == 16 and set(i) <= set("0123456789abcdef") for i in ids)
    assert records.record_id("t", "l", "x") == "41bbc1d10b8baf4a"
    assert records.record_id("t", "l", "\ud800")

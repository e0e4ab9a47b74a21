"""Rows people bring, as JSON Lines or CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from foundry_engine.errors import DataError, MalformedRecord
from foundry_engine.generation.own_rows import read_rows

LABELS, LANGUAGES = ["Polite", "Rude"], ["zh", "en"]


def rows(folder: Path, name: str, raw: bytes) -> list[tuple[int, dict[str, str]]]:
    path = folder / name
    path.write_bytes(raw)
    return list(read_rows(path, LABELS, LANGUAGES))


READABLE = [
    (
        "a.jsonl",
        '{"text":"请","label":"Polite"}\n'.encode(),
        [(1, {"text": "请", "label": "Polite", "language": "zh"})],
    ),
    (
        "a.jsonl",
        b'\n{"text":"please go","label":"Polite","source":"mine","licence":"CC0","note":"x"}\r\n',
        [(2, {"text": "please go", "label": "Polite", "source": "mine", "licence": "CC0", "language": "en"})],
    ),
    # no script at all: the blueprint's first language
    ("a.jsonl", b'{"text":"123 ?","label":"Rude"}\n', [(1, {"text": "123 ?", "label": "Rude", "language": "zh"})]),
    ("a.csv", b"text,label\ngo,Rude\n", [(2, {"text": "go", "label": "Rude", "language": "en"})]),
    ("a.CSV", b"text,label\ngo,Rude\n", [(2, {"text": "go", "label": "Rude", "language": "en"})]),
    (
        "excel.csv",
        b"\xef\xbb\xbf" + "label,text,extra\r\nRude,“滚”，快,7\r\n".encode(),
        [(2, {"text": "“滚”，快", "label": "Rude", "language": "zh"})],
    ),
    (
        "quoted.csv",
        b'text,label,language\n"two\nlines, one ""cell""",Polite,zh\n',
        [(3, {"text": 'two\nlines, one "cell"', "label": "Polite", "language": "zh"})],
    ),
    ("blank.csv", b"text,label\n\ngo,Rude\n\n", [(3, {"text": "go", "label": "Rude", "language": "en"})]),
    ("empty.jsonl", b"", []),
    ("header.csv", b"text,label\n", []),
]


@pytest.mark.parametrize(("name", "raw", "expected"), READABLE)
def test_rows_that_are_read(tmp_path: Path, name: str, raw: bytes, expected: list[tuple[int, dict[str, str]]]) -> None:
    assert rows(tmp_path, name, raw) == expected


BROKEN = [
    ("a.jsonl", b'{"label":"Rude"}\n', "1: no text: a row needs the fields text and label"),
    ("a.jsonl", b'{"text":7,"label":"Rude"}\n', "1: no text"),
    ("a.jsonl", b'{"text":null,"label":"Rude"}\n', "1: no text"),
    ("a.jsonl", b'{"text":"x"}\n', "1: label 'None' is not declared; known: Polite, Rude"),
    (
        "a.jsonl",
        b'{"text":"x","label":"Rude"}\n{"text":"x","label":"rude"}\n',
        "2: label 'rude' is not declared; did you",
    ),
    ("a.jsonl", b'{"text":"x","label":["Rude"]}\n', "1: label '['Rude']' is not declared"),
    ("a.jsonl", b'{"text":"x","label":"Rude","language":"de"}\n', "1: language 'de' is not in the blueprint"),
    ("a.jsonl", b"<!doctype html>\n", "1: not JSON"),
    ("a.csv", b"", "1: no column label and text in the header"),
    ("a.csv", b"text;label\ngo;Rude\n", "1: no column label and text in the header"),
    ("a.csv", b"text,Label\ngo,Rude\n", "1: no column label in the header"),
    ("a.csv", b"text,label\ngo,Rude,really\n", "2: more fields than the header has"),
    ("a.csv", b"text,label\ngo\n", "2: label 'None' is not declared"),
    ("a.csv", b"text,label\ngo,Rud\n", "2: label 'Rud' is not declared; did you mean 'Rude'?"),
    ("a.csv", b'text,label\nfine,Rude\n"go,Rude\n', "3: not CSV (unexpected end of data)"),
    ("a.csv", b"text,label\n" + b"x" * 200_000 + b",Rude\n", "2: not CSV (field larger than field limit"),
]


BROKEN += [
    ("a.jsonl", f'{{"text":"go","label":"Rude","{name}":"x\\ud800"}}\n'.encode(), f"1: {name}: lone surrogate U+D800")
    for name in ("source", "licence", "origin")
]


@pytest.mark.parametrize(("name", "raw", "message"), BROKEN)
def test_a_broken_row_is_named(tmp_path: Path, name: str, raw: bytes, message: str) -> None:
    with pytest.raises(MalformedRecord) as raised:
        rows(tmp_path, name, raw)
    assert raised.value.message.startswith(f"{tmp_path / name}:{message}")


def test_another_encoding_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MalformedRecord, match=r"a\.csv:2: not UTF-8 .*Save the file as UTF-8"):
        rows(tmp_path, "a.csv", b"text,label\n" + "请,Polite\n".encode("gbk"))


@pytest.mark.parametrize("name", ["gone.csv", "gone.jsonl"])
def test_a_missing_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        list(read_rows(tmp_path / name, LABELS, LANGUAGES))

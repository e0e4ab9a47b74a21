"""YAML 1.2 scalars, and every refused construct at its exact place."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from foundry_engine import strict_yaml

SCALARS: list[tuple[str, object]] = [
    # words YAML 1.1 turns into something else
    *((word, word) for word in ("no", "No", "NO", "n", "yes", "Yes", "y", "on", "On", "off", "OFF")),
    *((word, word) for word in ("tRUE", "nULL", "nil", "none", "=", "2026-11-21", "2026-11-21 10:00:00")),
    # sexagesimal, grouped and binary numbers of YAML 1.1
    *((word, word) for word in ("12:30", "190:20:30", "1:2.5", "1_000", "0b101", "0x_1F")),
    ("true", True),
    ("True", True),
    ("TRUE", True),
    ("false", False),
    ("null", None),
    ("Null", None),
    ("NULL", None),
    ("~", None),
    ("", None),
    ("0", 0),
    ("-0", 0),
    ("+12", 12),
    ("-12", -12),
    ("012", 12),  # decimal in 1.2, octal in 1.1
    ("0o14", 12),
    ("0o18", "0o18"),
    ("-0o14", "-0o14"),
    ("0x1F", 31),
    ("0xG", "0xG"),
    ("1e3", 1000.0),
    ("1E+3", 1000.0),
    ("-1.5e-2", -0.015),
    (".5", 0.5),
    ("5.", 5.0),
    (".", "."),
    ("1e", "1e"),
    ("1e++5", "1e++5"),
    ("1.2.3", "1.2.3"),
    ("e5", "e5"),
    ("+", "+"),
    ("１２", "１２"),  # full-width digits are letters to YAML
    ("1e٣", "1e٣"),  # Arabic-Indic digit
    (".inf", math.inf),
    ("-.Inf", -math.inf),
    ("+.INF", math.inf),
    ("inf", "inf"),
    ("nan", "nan"),
    ("infinity", "infinity"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_plain_scalars_follow_the_core_schema(text: str, value: object) -> None:
    read = strict_yaml.parse(f"key: {text}\n")
    assert read.problems == []
    assert read.data == {"key": value}
    assert type(read.data["key"]) is type(value)


def test_a_number_too_long_to_be_shown_is_a_text() -> None:
    assert all(isinstance(strict_yaml.scalar(p + "7" * 6000), str) for p in ("", "-", "0x", "0o"))


def test_not_a_number_is_read() -> None:
    assert all(math.isnan(strict_yaml.scalar(text)) for text in (".nan", ".NaN", ".NAN"))


@pytest.mark.parametrize("text", ["'no'", '"12"', "'~'", '"true"', "|-\n  1e3", ">-\n  null", "''"])
def test_quoted_and_block_scalars_stay_texts(text: str) -> None:
    data = strict_yaml.parse(f"key: {text}\n").data
    assert data["key"] == text.strip("'\"|>-\n ") and isinstance(data["key"], str)


REFUSED: list[tuple[str, str, list[str]]] = [
    ("key twice", "a: 1\nb: 2\na: 3\n", ["3:1: key 'a' again (first on line 1)"]),
    ("key twice in a flow mapping", "x: {k: 1, k: 2}\n", ["1:11: key 'k' again (first on line 1)"]),
    ("key twice, nested in a list", "- a: 1\n- b: 1\n  b: 2\n", ["3:3: key 'b' again (first on line 2)"]),
    ("Chinese key twice", "中文: 1\n中文: 2\n", ["2:1: key '中文' again (first on line 1)"]),
    ("key twice after CRLF", "a: 1\r\nb:\r\n  - x\r\na: 2\r\n", ["4:1: key 'a' again (first on line 1)"]),
    ("two keys twice", "a: 1\na: 2\nb: 1\nb: 2\n", ["2:1: key 'a' again", "4:1: key 'b' again"]),
    ("tag", "a: !!str 12\n", ["1:4: tag tag:yaml.org,2002:str: tags are not read"]),
    ("tag that would run code", "a:\n  - !!python/object/apply:os.system [x]\n", ["2:5: tag tag:yaml.org,2002:python"]),
    ("local tag", "a: !own {b: 1}\n", ["1:4: tag !own"]),
    ("anchor and alias", "a: &x 1\nb: *x\n", ["1:4: anchor &x", "2:4: alias *x: write the value out"]),
    ("second document", "a: 1\n---\nb: 2\n", ["2:1: a second document: one file holds one"]),
    ("key that is a list", "? [a, b]\n: 1\n", ["1:3: a key must be a plain word"]),
    ("tab for indentation", "a:\n\tb: 1\n", ["2:1: not YAML: found character that cannot start any token"]),
    ("list that does not end", "a: [1, 2\n", ["2:1: not YAML: did not find expected ',' or ']'"]),
    ("quote that does not end", "a: 'x\n", ["2:1: not YAML: found unexpected end of stream"]),
    ("two values", "a: b: c\n", ["1:5: not YAML: mapping values are not allowed"]),
    ("reserved character", "a: @x\n", ["1:4: not YAML: found character that cannot start any token"]),
    ("unknown escape", 'a: "\\q"\n', ["1:5: not YAML: found unknown escape character"]),
    ("control character", "a: 1\n中: \x01\n", ["2:4: not YAML: control characters are not allowed (U+0001)"]),
    ("51 levels of flow", "[" * 51 + "]" * 51, ["1:51: more than 50 levels deep"]),
    ("51 levels of block", "- " * 51 + "x\n", ["1:101: more than 50 levels deep"]),
]


@pytest.mark.parametrize(("text", "expected"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused_constructs_name_their_place(text: str, expected: list[str]) -> None:
    found = [str(problem) for problem in strict_yaml.parse(text, "law.yaml").problems]
    assert len(found) == len(expected)
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(f"law.yaml:{start}")
        assert "\n" not in line


@pytest.mark.parametrize("text", ["[" * 50 + "]" * 50, "- " * 50 + "x\n", "", "# only a comment\n", "---\na: 1\n...\n"])
def test_what_is_within_the_limits_is_read(text: str) -> None:
    assert strict_yaml.parse(text).problems == []


def test_an_exploding_document_is_refused_and_never_built() -> None:
    text = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    read = strict_yaml.parse(text)
    assert read.data is None
    assert len(read.problems) == 60 + 2 * 59


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert strict_yaml.parse("<<: {a: 1}\nb: 2\n").data == {"<<": {"a": 1}, "b": 2}


BROKEN_BYTES = [
    (b"a: 1\nb: \xff\n", "2:4: not UTF-8 (byte 0xFF)"),
    ("标: 题\n名: ".encode() + b"\xe4\xb8", "2:4: not UTF-8 (byte 0xE4)"),
    ("a: 1".encode("utf-16-be"), "1:1: not YAML: control characters are not allowed (U+0000)"),
    ("a: 1".encode("utf-16"), "1:1: not UTF-8 (byte 0xFF)"),
]


@pytest.mark.parametrize(("raw", "expected"), BROKEN_BYTES)
def test_bytes_that_are_no_text_name_their_place(tmp_path: Path, raw: bytes, expected: str) -> None:
    path = tmp_path / "law.yaml"
    path.write_bytes(raw)
    assert [str(p) for p in strict_yaml.read(path).problems] == [f"{path}:{expected}"]


def test_a_byte_order_mark_and_crlf_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "law.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: no\r\nb:\r\n  - 1\r\n")
    assert strict_yaml.read(path).data == {"a": "no", "b": [1]}


def test_size_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "law.yaml"
    path.write_bytes(b"a: " + b"x" * (strict_yaml.MAX_BYTES - 3))
    assert strict_yaml.read(path).problems == []
    path.write_bytes(b"a: " + b"x" * (strict_yaml.MAX_BYTES - 2))
    assert [str(p) for p in strict_yaml.read(path).problems] == [
        f"{path}:1:1: 1,000,001 bytes, at most 1,000,000 are read"
    ]


@pytest.mark.parametrize(("name", "why"), [("nothing.yaml", "No such file or directory"), (".", "Is a directory")])
def test_a_file_that_cannot_be_opened_is_a_problem(tmp_path: Path, name: str, why: str) -> None:
    (problem,) = strict_yaml.read(tmp_path / name).problems
    assert problem.message == f"cannot be read: {why}"


def test_places_of_keys_and_values() -> None:
    read = strict_yaml.parse("a:\n  - {k: 1}\n  - 二: x\n", "f")
    assert read.problem(("a", 0, "k"), "m").column == 9
    assert read.problem(("a", 0, "k"), "m", at_key=True).column == 6
    assert str(read.problem(("a", 1, "二"), "m")) == "f:3:8: m"
    assert str(read.problem(("a", 7, "gone"), "m")) == "f:2:3: m", "an unknown path falls back to its nearest parent"
    assert [path for path, _ in strict_yaml.walk(read.data)][:3] == [(), ("a",), ("a", 0)]

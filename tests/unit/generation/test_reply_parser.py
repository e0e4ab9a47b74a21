"""Whatever a provider sends: items, or the reason there are none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundry_engine.generation.reply_parser import MAX_REPLY_CHARACTERS, Item, parse_reply

ONE = [Item("hi")]
READ = [
    ("the asked form", '{"items": [{"text": "hi"}]}', ONE),
    ("a bare list", '[{"text": "hi"}]', ONE),
    ("spaces around", ' \n{"items": [{"text": "hi"}]}\n ', ONE),
    ("a Markdown fence", '```json\n{"items": [{"text": "hi"}]}\n```', ONE),
    ("a fence without a language", '```\n[{"text": "hi"}]\n```', ONE),
    ("more fields than asked", '{"items": [{"text": "hi", "why": "x", "id": 7}], "note": {}}', ONE),
    (
        "a claimed label and a mould",
        '[{"text": "hi", "label": "Rude", "mould": "en_ask"}]',
        [Item("hi", "Rude", "en_ask")],
    ),
    ("a mould that is no name", '[{"text": "hi", "mould": "\\ud800 x"}, {"text": "a", "mould": 3}]', [*ONE, Item("a")]),
    (
        "wrong types stay for the gates",
        '[{"text": 7}, {"text": null}, {"text": ["a"]}]',
        [Item(7), Item(None), Item(["a"])],
    ),
    ("rows that are no objects", '["hi", 7, null, [], {"txt": "hi"}]', [Item(None)] * 5),
    ("nested one deeper", '{"items": [{"text": {"text": "hi"}}]}', [Item({"text": "hi"})]),
    ("a text with JSON in it", '[{"text": "{\\"items\\": []}"}]', [Item('{"items": []}')]),
    ("Chinese and emoji", '[{"text": "请问😀"}]', [Item("请问😀")]),
    ("a lone surrogate", '[{"text": "\\ud800"}]', [Item("\ud800")]),
    ("the last of two equal keys", '{"items": [], "items": [{"text": "hi"}]}', ONE),
]


@pytest.mark.parametrize(("text", "items"), [r[1:] for r in READ], ids=[r[0] for r in READ])
def test_items_are_read(text: str, items: list[Item]) -> None:
    assert parse_reply(text, "stop") == (items, "")


UNREAD = [
    ("nothing", "", "stop", "empty"),
    ("blanks", " \n\t", "stop", "empty"),
    ("an empty fence", "```json\n```", "stop", "empty"),
    ("no items", '{"items": []}', "stop", "empty"),
    ("an empty list", "[]", "stop", "empty"),
    ("HTML", "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "stop", "not_json"),
    ("prose", "Sure! Here are three requests:", "stop", "not_json"),
    ("one quote too few", '{"items": [{"text": "hi}]}', "stop", "not_json"),
    ("cut at the limit", '{"items": [{"text": "hi"}, {"te', "length", "truncated"),
    ("cut before it began", "", "length", "empty"),
    ("a number with too many digits", "[" + "9" * 5000 + "]", "stop", "not_json"),
    ("too deep", "[" * 200_000, "stop", "not_json"),
    ("a string", '"hi"', "stop", "schema"),
    ("a number", "7", "stop", "schema"),
    ("null", "null", "stop", "schema"),
    ("another key", '{"texts": ["hi"]}', "stop", "schema"),
    ("items that are an object", '{"items": {"text": "hi"}}', "stop", "schema"),
    ("blocked, whatever it says", '{"items": [{"text": "hi"}]}', "blocked", "blocked"),
    ("too long", "[" + " " * MAX_REPLY_CHARACTERS + "]", "stop", "too_long"),
]


@pytest.mark.parametrize(("text", "finish", "reason"), [r[1:] for r in UNREAD], ids=[r[0] for r in UNREAD])
def test_a_reply_without_items_has_a_reason(text: str, finish: str, reason: str) -> None:
    assert parse_reply(text, finish) == ([], reason)


def test_a_reply_cut_after_its_end_is_still_read() -> None:
    assert parse_reply('{"items": [{"text": "hi"}]}', "length") == (ONE, "")


def test_not_a_number_is_no_text() -> None:
    items, reason = parse_reply('{"items": [{"text": NaN}, {"text": Infinity}]}', "stop")
    assert reason == "" and math.isnan(items[0].text) and math.isinf(items[1].text)  # type: ignore[arg-type]


@given(st.text(st.sampled_from('{}[]":,items textnul017`\n\\u-.e'), max_size=60) | st.text(max_size=30))
def test_anything_is_items_or_a_reason(text: str) -> None:
    items, reason = parse_reply(text, "stop")
    assert bool(items) != bool(reason)

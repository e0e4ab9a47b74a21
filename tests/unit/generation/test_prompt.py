"""What a cell becomes for a provider; the whole text is in ``tests/golden``."""

from __future__ import annotations

import pytest

from foundry_engine.generation.plan import make_plan
from foundry_engine.generation.prompt import REPLY_SCHEMA, filled, leakage_phrases, request_for
from tests import courtesy


def test_the_label_is_given_and_never_asked_for() -> None:
    assert "label" not in str(REPLY_SCHEMA)
    cell = make_plan(courtesy.declared(), courtesy.TASK)[0]
    request = request_for(cell, courtesy.law(), 0, 3)
    assert cell.label in request.user and request.cell["label"] == cell.label and request.count == 3


def test_another_attempt_has_another_seed_and_the_same_front() -> None:
    cell = make_plan(courtesy.declared(), courtesy.TASK)[0]
    first, again, second = (request_for(cell, courtesy.law(), attempt, 3) for attempt in (0, 0, 1))
    assert first == again
    assert first.seed != second.seed and 0 <= second.seed < 2**63
    assert (first.system, first.user) == (second.system, second.user)


FIELDS = {"label": "A", "definition": "{label} and {count}", "count": "9"}
FILLED = [
    ("{count} x {label}", "9 x A"),
    ("{definition}/{count}", "{label} and {count}/9"),  # what is filled in is not filled again
    ('{"items": [{count}]} {other} {', '{"items": [9]} {other} {'),
    ("{{label}}", "{A}"),
    ("{label", "{label"),
    ("", ""),
]


@pytest.mark.parametrize(("template", "text"), FILLED)
def test_filling(template: str, text: str) -> None:
    assert filled(template, FIELDS) == text


def test_short_phrases_and_those_with_slots_leak_nothing() -> None:
    phrases = leakage_phrases(courtesy.law())
    assert "You write short requests as people say them aloud in daily life" in phrases
    assert "Judge the words and not the wish behind them" in phrases
    assert not [p for p in phrases if "{" in p or len(p) < 12]
    assert not [p for p in phrases if p == "Rules:"]

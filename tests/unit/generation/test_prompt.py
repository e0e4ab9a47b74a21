"""What a cell becomes for a provider; the whole text is in ``tests/golden``."""

from __future__ import annotations

import pytest

from foundry_engine.generation.plan import make_plan
from foundry_engine.generation.prompt import Order, filled, leakage_phrases, plain_request, prompt_hash, request_for
from tests import courtesy


def order(round_: int = 0, **more: object) -> Order:
    cell = make_plan(courtesy.declared(), courtesy.TASK)[0]
    return Order(cell, round_, 3, cell.attributes, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [plain_request, request_for])
def test_the_label_is_given_and_never_asked_for(make) -> None:  # type: ignore[no-untyped-def]
    request = make(order(), courtesy.law())
    assert "label" not in str(request.schema)
    assert "Polite" in request.user and request.cell["label"] == "Polite" and request.count == 3


def test_another_round_has_another_seed_and_the_same_front() -> None:
    first, again, second = (plain_request(order(n), courtesy.law()) for n in (0, 0, 1))
    assert first == again
    assert first.seed != second.seed and 0 <= second.seed < 2**63
    assert (first.system, first.user) == (second.system, second.user)


def test_a_provider_without_prompts_is_asked_the_same_whatever_is_shown() -> None:
    assert plain_request(order(), courtesy.law()) == plain_request(order(examples=("x",), avoid=("y",)), courtesy.law())


def test_every_variation_is_another_prompt_for_the_same_wish() -> None:
    many = [request_for(order(), courtesy.law(), variation) for variation in range(60)]
    assert len({prompt_hash(request) for request in many}) == 60 == len({request.seed for request in many})
    assert len({request.system for request in many}) == 1
    assert all(request.cell == many[0].cell for request in many)


def test_the_front_is_the_law_and_the_cell_comes_after_what_changes() -> None:
    request = request_for(order(examples=("one",), avoid=("two",)), courtesy.law())
    assert request.user.index("one") < request.user.index("two") < request.user.index("Write 3 requests")
    assert request.system == request_for(order(1), courtesy.law()).system


def test_texts_are_asked_for_before_what_explains_them() -> None:
    declared = courtesy.reading()
    trap = next(c for c in make_plan(declared, courtesy.TASK) if c.kind == "trap")
    items = request_for(Order(trap, 1, 2, trap.attributes), courtesy.law()).schema["properties"]["items"]["items"]  # type: ignore[index]
    assert list(items["properties"]) == ["text", "evidence", "probability"]
    assert items["required"] == ["text"]


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

"""Figures of variety, by hand."""

from __future__ import annotations

import pytest

from foundry_engine.generation.diversity import compression_ratio, distinct, self_repetition, terms

SAME = ["今天天气怎么样"] * 20
OTHER = ["今天天气怎么样", "帮我把客厅的灯关掉", "周杰伦哪年出生", "我想吃火锅", "明早八点叫醒我"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("打开 wifi", ["打", "开"]), ("play 晴天 by jay chou", ["play", "by", "jay", "chou"]), ("?!", []), ("", [])],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_repetition_shows_in_every_figure() -> None:
    for n in (1, 2, 3):
        assert distinct(SAME, n) < distinct(OTHER, n)  # type: ignore[operator]
    assert compression_ratio(SAME) > 2 * compression_ratio(OTHER)  # type: ignore[operator]
    assert (self_repetition(SAME), self_repetition(OTHER)) == (1.0, 0.0)


def test_nothing_has_no_figures() -> None:
    assert [distinct([], 1), distinct(["a"], 2), compression_ratio([]), self_repetition([])] == [None] * 4

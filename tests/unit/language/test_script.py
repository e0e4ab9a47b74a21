"""Which language a text is in."""

from __future__ import annotations

import pytest

from foundry_engine.language.script import language_of, may_be


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "none"), ("123 + 4.5", "none"), ("?!", "none"), ("👍", "none"), ("２０２６", "none"),
        ("今天天气怎么样", "zh"), ("打开 wifi", "zh"), ("好ok", "zh"), ("OK 好", "zh"), ("说 no thanks", "en"),
        ("play 晴天 by Jay Chou", "en"), ("Ｔｕｒｎ　ｏｆｆ", "en"), ("don't", "en"), ("naïve", "en"), ("7am", "en"),
        ("ひらがな", "zh"), ("한국어 질문", "en"), ("x", "en"),
    ],
)  # fmt: skip
def test_language_of(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("把灯关掉", True, False),
        ("turn the lights off now", False, True),
        ("ok", True, True),
        ("no thanks mate", True, True),
        ("no thanks mate really", False, True),
        ("3 + 4", True, True),
        ("", True, True),
        ("打开 wifi 和 bluetooth", True, False),
    ],
)
def test_may_be(text: str, zh: bool, en: bool) -> None:
    assert (may_be(text, "zh"), may_be(text, "en")) == (zh, en)

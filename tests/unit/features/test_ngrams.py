"""Normalized text to n-grams: what is counted, in which order, and what never is."""

from __future__ import annotations

import pytest

from foundry_engine.features.ngrams import BEGIN, END, WORD_MARK, NGramSettings, char_ngrams, ngrams, word_ngrams, words


def readable(grams: list[str]) -> list[str]:
    return [gram.replace(BEGIN, "^").replace(END, "$").replace(WORD_MARK, "#") for gram in grams]


@pytest.mark.parametrize(
    ("text", "lengths", "expected"),
    [
        ("", (1, 2), ["^$"]),
        ("", (1, 1), []),
        ("", (1, 4), ["^$"]),
        ("a", (1, 3), ["a", "^a", "a$", "^a$"]),
        ("a", (4, 4), []),
        ("ab", (2, 2), ["^a", "ab", "b$"]),
        ("a b", (1, 2), ["a", " ", "b", "^a", "a ", " b", "b$"]),
        ("好吗", (1, 3), ["好", "吗", "^好", "好吗", "吗$", "^好吗", "好吗$"]),
        ("aa", (1, 1), ["a", "a"]),
        ("𠀀b", (2, 2), ["^𠀀", "𠀀b", "b$"]),
        ("e\u0301", (1, 1), ["e", "\u0301"]),
        ("abc", (3, 4), ["^ab", "abc", "bc$", "^abc", "abc$"]),
    ],
)
def test_character_ngrams(text: str, lengths: tuple[int, int], expected: list[str]) -> None:
    assert readable(char_ngrams(text, NGramSettings(*lengths))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("?!", []),
        ("one", ["one"]),
        ("it's 3.5 km", ["it", "s", "3", "5", "km"]),
        ("snake_case", ["snake", "case"]),
        ("今天天气", []),
        ("打开wifi吧ok", ["wifi", "ok"]),
        ("한국어 질문", ["한국어", "질문"]),
        ("naïve cafe\u0301", ["naïve", "cafe\u0301"]),
        ("²½ ⓐ", ["²½"]),
        ("a-b—c", ["a", "b", "c"]),
        ("คืออะไร no", ["no"]),
        ("end.", ["end"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "lengths", "expected"),
    [
        ("what time", (1, 1), ["#what", "#time"]),
        ("what time", (1, 2), ["#what", "#time", "#^ what", "#what time", "#time $"]),
        ("what time", (2, 3), ["#^ what", "#what time", "#time $", "#^ what time", "#what time $"]),
        ("no", (1, 3), ["#no", "#^ no", "#no $", "#^ no $"]),
        ("no", (4, 4), []),
        ("what time", (1, 0), []),
        ("什么", (1, 3), []),
        ("...", (1, 3), []),
        ("play 晴天 now", (2, 2), ["#^ play", "#play now", "#now $"]),
    ],
)
def test_word_ngrams(text: str, lengths: tuple[int, int], expected: list[str]) -> None:
    assert readable(word_ngrams(text, NGramSettings(1, 1, *lengths))) == expected


@pytest.mark.parametrize(("low", "high"), [(1, 1), (1, 4), (2, 3), (3, 8), (1, 16)])
@pytest.mark.parametrize("text", ["", "a", "好的吗", "what time is it", "x" * 40])
def test_number_of_character_ngrams(text: str, low: int, high: int) -> None:
    expected = sum(len(text) if n == 1 else max(0, len(text) + 2 - n + 1) for n in range(low, high + 1))
    assert len(char_ngrams(text, NGramSettings(low, high))) == expected


def test_a_mark_alone_is_never_an_ngram() -> None:
    for text in ("", "a", "on the way", "好"):
        grams = ngrams(text, NGramSettings(1, 4, 1, 3))
        assert not {BEGIN, END, WORD_MARK + BEGIN, WORD_MARK + END} & set(grams)


def test_characters_and_words_of_equal_letters_are_told_apart() -> None:
    grams = ngrams("no", NGramSettings(1, 2, 1, 1))
    assert "no" in grams and WORD_MARK + "no" in grams and len(grams) == len(set(grams))

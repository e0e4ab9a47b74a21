"""The pattern matcher: every anchor, borders, Chinese, overlaps, and agreement with a plain reading of the rules."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from foundry_engine.features.ngrams import NGramSettings, ngrams
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import (
    ANCHORS,
    ANYWHERE,
    END,
    KEY,
    START,
    WHOLE_WORD,
    Pattern,
    PatternMatcher,
    core_span,
    patterns_of,
)
from foundry_engine.features.unicode_tables import CLASS, WORD

MATCHES = [
    # anchor, literal, text, whether it matches
    (START, "what", "what is it", True),
    (START, "what", "what", True),
    (START, "what", "what?", True),
    (START, "what", "whatever", False),
    (START, "what", "so what", False),
    (START, "what", '"what" he said', True),
    (START, "what", "...what now", True),
    (START, "what", "somewhat", False),
    (START, "?", "?what", True),
    (START, "?", "what?", False),
    (START, "what is", "what is it", True),
    (START, "what is", "what isn't", False),
    (START, "什么", "什么时候", True),
    (START, "什么", "「什么」", True),
    (START, "什么", "为什么", False),
    (START, "3", "3pm", False),
    (START, "3", "3点", True),
    (START, "不", "不", True),
    (START, "please", "pleas", False),
    (END, "吗", "好吗", True),
    (END, "吗", "好吗?!", True),
    (END, "吗", "吗好", False),
    (END, "please", "do it please", True),
    (END, "please", "do it please.", True),
    (END, "please", "displease", False),
    (END, "?", "really?", True),
    (END, "?", "really? yes", False),
    (END, "?", "?", True),
    (END, "?!", "what?!", True),
    (END, "ok", "不ok", True),
    (END, "ok", "book", False),
    (END, "right", "right", True),
    (END, "it?", "is it?", True),
    (WHOLE_WORD, "no", "oh no, not that", True),
    (WHOLE_WORD, "no", "know", False),
    (WHOLE_WORD, "no", "nobody", False),
    (WHOLE_WORD, "no", "piano", False),
    (WHOLE_WORD, "no", "nobody says no", True),
    (WHOLE_WORD, "no", "no", True),
    (WHOLE_WORD, "no", "我说no了", True),
    (WHOLE_WORD, "no", "no2", False),
    (WHOLE_WORD, "aa", "aaa aa", True),
    (WHOLE_WORD, "aa", "aaa", False),
    (WHOLE_WORD, "can't", "i can't do", True),
    (WHOLE_WORD, "can't", "i can'ts do", False),
    (WHOLE_WORD, "turn off", "please turn off the lamp", True),
    (WHOLE_WORD, "turn off", "return off", False),
    (WHOLE_WORD, "不要", "我不要了", True),
    (WHOLE_WORD, "+", "1+1", True),
    (ANYWHERE, "no", "know", True),
    (ANYWHERE, "多少", "这个多少钱", True),
    (ANYWHERE, "多少", "多 少", False),
    (ANYWHERE, "going off", "it is going off now", True),
    (ANYWHERE, "a", "b", False),
    (ANYWHERE, "aba", "ababa", True),
    (ANYWHERE, "abcdefgh", "xxabcdefghxx", True),
    (ANYWHERE, "abcdefgh", "abcdabcdefg", False),
    (ANYWHERE, "abcd", "abcd", True),
    (ANYWHERE, "?", "", False),
    (START, "a", "", False),
    (END, "a", "", False),
]


@pytest.mark.parametrize(("anchor", "literal", "text", "expected"), MATCHES)
def test_one_literal(anchor: int, literal: str, text: str, expected: bool) -> None:
    assert normalize(text) == text, "the table holds normalized texts"
    assert (PatternMatcher([Pattern(0, anchor, literal)]).groups_in(text) == [0]) is expected


@pytest.mark.parametrize(
    ("patterns", "text", "groups"),
    [
        ([Pattern(2, ANYWHERE, "b"), Pattern(0, ANYWHERE, "a"), Pattern(1, ANYWHERE, "x")], "ab", [0, 2]),
        ([Pattern(0, START, "is"), Pattern(1, START, "is it"), Pattern(2, START, "is it so")], "is it so", [0, 1, 2]),
        ([Pattern(0, ANYWHERE, "不要"), Pattern(1, ANYWHERE, "要不要"), Pattern(2, END, "要")], "你要不要", [0, 1, 2]),
        ([Pattern(0, WHOLE_WORD, "no"), Pattern(0, ANYWHERE, "now")], "nowhere", [0]),
        ([Pattern(i, anchor, "no") for i, anchor in enumerate(ANCHORS.values())], "no", [0, 1, 2, 3]),
        ([Pattern(0, ANYWHERE, "same"), Pattern(1, ANYWHERE, "same")], "the same", [0, 1]),
        ([Pattern(0, START, "yes"), Pattern(0, END, "yes")], "yes", [0]),
        ([], "anything", []),
    ],
)  # fmt: skip
def test_groups_are_ascending_and_found_once(patterns: list[Pattern], text: str, groups: list[int]) -> None:
    assert PatternMatcher(patterns).groups_in(text) == groups


@pytest.mark.parametrize("literal", ["", "What", "a  b", " a", "a ", "好。", "\u200b"])
def test_a_literal_that_is_not_normalized_is_refused(literal: str) -> None:
    with pytest.raises(ValueError, match="not normalized"):
        PatternMatcher([Pattern(0, ANYWHERE, literal)])


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("", (0, 0)), ("?!", (0, 0)), ("a", (0, 1)), ('"really?!"', (1, 7)), ("好吗", (0, 2)), ("…好", (1, 2)),
        ("a b", (0, 3)), ("👍ok👍", (1, 3)),
    ],
)  # fmt: skip
def test_core_span(text: str, span: tuple[int, int]) -> None:
    assert core_span(text) == span


def test_patterns_of_groups() -> None:
    groups = [{"end": ["吗？"], "start": ["What  IS"]}, {}, {"word": ["Ｎo"], "anywhere": ["x", "Y"]}]
    assert patterns_of(groups) == [
        Pattern(0, START, "what is"),
        Pattern(0, END, "吗?"),
        Pattern(2, WHOLE_WORD, "no"),
        Pattern(2, ANYWHERE, "x"),
        Pattern(2, ANYWHERE, "y"),
    ]


def borders(text: str) -> set[int]:
    """Positions where no word of a script with spaces goes on."""
    inside = {i for i, (a, b) in enumerate(pairwise(text), start=1) if CLASS[ord(a)] == WORD == CLASS[ord(b)]}
    return set(range(len(text) + 1)) - inside


def plain_reading(patterns: list[Pattern], text: str) -> list[int]:
    """The specification, word by word, slowly."""
    border = borders(text)
    first, last = core_span(text)
    starts = {0, first} if last else {0}
    ends = {len(text), last} if last else {len(text)}
    found = set()
    for pattern in patterns:
        size = len(pattern.literal)
        for at in range(len(text) - size + 1):
            if text[at : at + size] != pattern.literal:
                continue
            holds = {
                START: at in starts and at + size in border,
                END: at + size in ends and at in border,
                WHOLE_WORD: at in border and at + size in border,
                ANYWHERE: True,
            }
            if holds[pattern.anchor]:
                found.add(pattern.group)
    return sorted(found)


def test_the_matcher_reads_the_rules_as_they_are_written() -> None:
    random = Random(7)
    alphabet = "abab 不要吗?."
    matched = 0
    for _ in range(3_000):
        literals = ["".join(random.choices(alphabet, k=random.randint(1, 6))) for _ in range(8)]
        patterns = [
            Pattern(i, random.choice(list(ANCHORS.values())), normalize(literal))
            for i, literal in enumerate(literals)
            if normalize(literal)
        ]
        text = normalize("".join(random.choices(alphabet, k=random.randint(0, 14))))
        expected = plain_reading(patterns, text)
        matcher = PatternMatcher(patterns)
        assert matcher.groups_in(text) == expected, (text, patterns)
        windows = ngrams(text, NGramSettings(1, KEY, 1, 2))
        assert matcher.groups_in(text, windows) == expected, (text, patterns)
        matched += bool(expected)
    assert matched > 1_000

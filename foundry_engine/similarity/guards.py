"""What must agree before two similar texts may count as one: numbers, and words that turn a meaning round."""

from __future__ import annotations

from collections.abc import Sequence

from foundry_engine.features.ngrams import BEGIN, END, words
from foundry_engine.features.unicode_tables import CLASS, SPACELESS
from foundry_engine.similarity.edit_distance import within

NUMERALS = frozenset("0123456789零〇一二三四五六七八九十百千万亿两半")
TURNING_CHARACTERS = frozenset("不没别无非未勿莫甭否反开关上下大小高低增减加取删停始前后左右早晚买卖进出吗呢")
TURNING_WORDS = frozenset(
    [
        "not",
        "no",
        "never",
        "none",
        "nobody",
        "nothing",
        "without",
        "cannot",
        "t",
        "dont",
        "cant",
        "wont",
        "isnt",
        "arent",
        "off",
        "on",
        "up",
        "down",
        "in",
        "out",
        "stop",
        "start",
        "add",
        "remove",
        "delete",
        "cancel",
        "keep",
        "open",
        "close",
        "more",
        "less",
        "before",
        "after",
        "left",
        "right",
        "yes",
        "enable",
        "disable",
        "lock",
        "unlock",
    ]
)

MOST_SLIPS = 50
"""A text of more than a thousand characters is no likelier to be the same when more of it differs."""

Key = tuple[str, str, tuple[str, ...]]


def guard_key(normalized: str, negations: Sequence[str] = ()) -> Key:
    """Numerals, turning characters and turning words of a text, in order; equal keys may be twins.

    ``negations`` are further words or phrases of a constitution.

    >>> guard_key("三点开会") == guard_key("四点开会"), guard_key("turn it on") == guard_key("turn it off")
    (False, False)
    """
    numerals = "".join(char for char in normalized if char in NUMERALS)
    turning = "".join(char for char in normalized if char in TURNING_CHARACTERS)
    found = tuple(word for word in words(normalized) if word in TURNING_WORDS)
    return numerals, turning, found + tuple(word for word in negations if word in normalized)


def is_typo_twin(a: str, b: str, negations: Sequence[str] = ()) -> bool:
    """Whether two normalized texts of Jaccard similarity >= 0.6 are one sentence with a slip of the finger.

    As many edits as ``slips_allowed``, and equal guard keys.
    """
    return guard_key(a, negations) == guard_key(b, negations) and within(a, b, slips_allowed(max(len(a), len(b))))


def slips_allowed(length: int) -> int:
    """Edits that may be slips of the finger: one, or one in twenty characters, never more than ``MOST_SLIPS``."""
    return min(MOST_SLIPS, max(1, length // 20))


def forms(core: str) -> frozenset[str]:
    """The words of a text, and for scripts without spaces its pairs of neighbouring characters, ends included.

    >>> sorted(forms("打开 wifi"))[1:], sorted(forms("turn it on"))
    (['wifi', '开 ', '打开'], ['it', 'on', 'turn'])
    """
    marked = BEGIN + core + END
    pairs = (marked[n : n + 2] for n in range(len(marked) - 1))
    return frozenset(words(core)).union(
        pair for pair in pairs if CLASS[ord(pair[0])] == SPACELESS or CLASS[ord(pair[1])] == SPACELESS
    )

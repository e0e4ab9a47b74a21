"""Which writing a text is in, by fixed ranges of code points: no table of the interpreter's Unicode version."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import lru_cache

RANGES = (
    (0x0041, 0x005B, "latin"),
    (0x0061, 0x007B, "latin"),
    (0x00C0, 0x0250, "latin"),
    (0x0370, 0x0400, "greek"),
    (0x0400, 0x0530, "cyrillic"),
    (0x0590, 0x0600, "hebrew"),
    (0x0600, 0x0780, "arabic"),
    (0x0900, 0x0980, "devanagari"),
    (0x0E00, 0x0E80, "thai"),
    (0x1100, 0x1200, "hangul"),
    (0x1E00, 0x1F00, "latin"),
    (0x3040, 0x3100, "kana"),
    (0x3100, 0x3130, "bopomofo"),
    (0x31F0, 0x3200, "kana"),
    (0x3400, 0x4DC0, "han"),
    (0x4E00, 0xA000, "han"),
    (0xAC00, 0xD7B0, "hangul"),
    (0xF900, 0xFB00, "han"),
    (0xFF21, 0xFF3B, "latin"),
    (0xFF41, 0xFF5B, "latin"),
    (0xFF66, 0xFFA0, "kana"),
    (0x20000, 0x323B0, "han"),
)
"""First code point, the one after the last, script; ascending."""
STARTS = tuple(first for first, _, _ in RANGES)
LETTERS_A_WORD = {"latin": 5, "greek": 5, "cyrillic": 5}
"""A Chinese character says about as much as a word of this many letters."""


def script_of(text: str) -> str:
    """The script of most of the text, ``none`` without letters; kana decides, as Japanese is mostly Han otherwise.

    >>> script_of("打开 wifi"), script_of("play it"), script_of("これは本です"), script_of("123")
    ('han', 'latin', 'kana', 'none')
    """
    counts: Counter[str] = Counter()
    for char, count in Counter(text).items():
        script = _script(char)
        if script:
            counts[script] += count
    if not counts:
        return "none"
    if counts["kana"]:
        counts["kana"] += counts.pop("han", 0)
    return max(sorted(counts), key=lambda script: counts[script] / LETTERS_A_WORD.get(script, 1))


@lru_cache(maxsize=1 << 16)
def _script(char: str) -> str:
    place = bisect_right(STARTS, ord(char)) - 1
    return RANGES[place][2] if place >= 0 and ord(char) < RANGES[place][1] else ""

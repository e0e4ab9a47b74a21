"""Text in one width, with ASCII digits, so that one pattern finds every way of writing a value.

The table is fixed and small, one code point to one: the same findings under every Python. Invisible code points are
taken out, with a map back to the original positions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DIGIT_ZEROS = (0x0660, 0x06F0, 0x0966, 0xFF10, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6)
INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
SPOKEN_DIGITS = str.maketrans("零〇幺一二三四五六七八九", "001123456789")
SPOKEN_RUN = re.compile("[零〇幺一二三四五六七八九]{11,19}")
"""A number read aloud; shorter runs are years and counting."""


def _table() -> dict[int, int]:
    table = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
    table.update({zero + n: 0x30 + n for zero in DIGIT_ZEROS for n in range(10)})
    table.update({0x2460 + n: 0x31 + n for n in range(9)} | {0x24EA: 0x30})
    table.update(dict.fromkeys((0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), 0x20))
    table.update(dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63), 0x2D))
    table.update(dict.fromkeys((0x2022, 0x2027, 0x30FB), 0xB7))
    table.update({0xFE52: 0x2E, 0xFE6B: 0x40})
    return table


TABLE = _table()


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text; ``positions`` holds the original position of each character, or is ``None`` when they are equal."""

    text: str
    positions: list[int] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """A span of the folded text as a span of the original."""
        if self.positions is None:
            return start, end
        return self.positions[start], self.positions[end - 1] + 1


def fold(text: str) -> Folded:
    """Every code point in its plain form.

    >>> fold("１３８－００１３ ８０００").text, fold("一三八零零一三八零零零").text
    ('138-0013 8000', '13800138000')
    """
    if text.isascii():
        return Folded(text, None)
    positions = None
    if INVISIBLE.search(text):
        positions = [n for n, char in enumerate(text) if not INVISIBLE.match(char)]
        text = "".join([text[n] for n in positions])
    text = text.translate(TABLE)
    return Folded(SPOKEN_RUN.sub(lambda run: run[0].translate(SPOKEN_DIGITS), text), positions)

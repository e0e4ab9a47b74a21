"""Number plates of Chinese vehicles (GA 36): old plates with five signs, new-energy plates with six."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foundry_engine.scanning.findings import Match
from foundry_engine.scanning.reserved import RESERVED_PLATES

SIGN = "A-HJ-NP-Za-hj-np-z0-9"
PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Za-z][ ·.-]?"
    rf"(?P<serial>[A-HJKa-hjk][{SIGN}][0-9]{{4}}|[0-9]{{5}}[A-HJKa-hjk]|[{SIGN}]{{4}}[{SIGN}挂学警港澳])(?![0-9A-Za-z])"
)
MOST_LETTERS = 2
"""In the serial, by the standard."""


def find(text: str) -> Iterator[Match]:
    """Province, city letter and serial."""
    for plate in PLATE.finditer(text):
        if sum(char.isascii() and char.isalpha() for char in plate["serial"]) <= MOST_LETTERS:
            reserved = plate[0][:2].upper() in RESERVED_PLATES
            yield Match("plate", plate.start(), plate.end(), "province+letter", reserved)

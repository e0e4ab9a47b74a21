"""Rebuild the frozen Unicode tables from a pinned Unicode Character Database.

Writes ``proto/unicode_tables.txt`` (the specification's data) and, from it,
``foundry_engine/features/unicode_tables_data.py``. Run with ``make unicode-tables``;
``tests/unit/features/test_unicode_tables.py`` checks that the committed files are what this script writes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import unicodedata2 as ucd

ROOT = Path(__file__).resolve().parent.parent
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
CATEGORY = {c: ucd.category(chr(c)) for c in CODE_POINTS}

SPACE = {*range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0x2028, 0x2029}
"""Besides every code point of category Zs. U+001C-U+001F are spaces, as in Python, not in Rust's standard library."""

IGNORED = [
    (0x00, 0x08), (0x0E, 0x1B), (0x7F, 0x84), (0x86, 0x9F),  # controls that are not spaces
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
]  # fmt: skip
"""Controls and the default-ignorable code points: joiners, variation selectors, direction marks, byte-order mark."""

PUNCTUATION = {
    "'": "‘’‚‛ʼ`´′",
    '"': "“”„‟″〝〞",
    "-": "‐‑‒–—―−",
    "...": "…⋯",
    ".": "。｡",
    ",": "､",
}

SPACELESS = [
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x0FFF),  # Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # CJK radicals
    (0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x3035), (0x3038, 0x303C),
    (0x3041, 0x312F),  # kana, Bopomofo
    (0x31A0, 0x31BF), (0x31F0, 0x31FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF),  # Han
    (0xA000, 0xA4CF),  # Yi
    (0xF900, 0xFAFF), (0xFF66, 0xFF9F),
    (0x16FE0, 0x18DFF), (0x1AFF0, 0x1B2FF), (0x20000, 0x3FFFF),
]  # fmt: skip
"""Blocks of scripts that write words without spaces between them."""


IGNORED_CODE_POINTS = {code for low, high in IGNORED for code in range(low, high + 1)}
SPACELESS_CODE_POINTS = {code for low, high in SPACELESS for code in range(low, high + 1)}
ONE_FORM = {source: target for target, sources in PUNCTUATION.items() for source in sources}


def fold(code: int) -> str:
    """What the normaliser puts in place of one code point."""
    char = chr(code)
    if code in SPACE or CATEGORY[code] == "Zs":
        return " "
    if code in IGNORED_CODE_POINTS:
        return ""
    if 0xFF01 <= code <= 0xFF5E:
        char = chr(code - 0xFEE0)
    return ONE_FORM.get(char) or lower(char)


def lower(char: str) -> str:
    """The simple, context-free, locale-free lower case of the pinned database."""
    lowered = LOWER.get(ord(char))
    return char if lowered is None else lowered


def lower_table() -> dict[int, str]:
    """Lower case of every code point; only assigned letters of the pinned version have one.

    ``unicodedata2`` has no case mapping, so the mapping comes from the running Python (which knows the same
    pairs for every letter its own, older database has assigned) and is completed from character names:
    CAPITAL X and SMALL X with otherwise equal names are a pair.
    """
    by_name = {ucd.name(chr(c), ""): c for c in CODE_POINTS if CATEGORY[c] in ("Ll", "Lo", "So")}
    table: dict[int, str] = {}
    for code in CODE_POINTS:
        char = chr(code)
        if char.lower() != char:
            table[code] = char.lower()
        elif CATEGORY[code] == "Lu":
            small = by_name.get(ucd.name(char, "").replace("CAPITAL", "SMALL"))
            if small is not None:
                table[code] = chr(small)
    return table


LOWER = lower_table()


def is_word(code: int) -> bool:
    """Letters, marks and numbers of the pinned version."""
    return CATEGORY[code][0] in "LMN"


def is_spaceless(code: int) -> bool:
    """Word characters of scripts written without spaces."""
    return code in SPACELESS_CODE_POINTS and is_word(code)


def ranges(member: Callable[[int], bool]) -> list[tuple[int, int]]:
    """Inclusive ranges of the code points that are members, ascending."""
    found: list[tuple[int, int]] = []
    for code in CODE_POINTS:
        if member(code):
            if found and found[-1][1] == code - 1:
                found[-1] = (found[-1][0], code)
            else:
                found.append((code, code))
    return found


def fold_lines() -> list[str]:
    """``first last step target`` for runs of equal distance, so that the table stays short."""
    runs: list[list[Any]] = []
    for code in CODE_POINTS:
        target = fold(code)
        if target == chr(code):
            continue
        if len(target) == 1 and target not in " '\"-.,":
            kind: object = ord(target) - code
        else:
            kind = target
        if runs and runs[-1][2] == kind:
            first, last, _, step = runs[-1]
            gap = code - last
            if gap == step or (step == 0 and gap <= 2):
                runs[-1][1], runs[-1][3] = code, gap
                continue
        runs.append([code, code, kind, 0])
    lines = []
    for first, last, kind, step in runs:
        value = f"{kind:+d}" if isinstance(kind, int) else "=" + " ".join(f"{ord(c):04X}" for c in str(kind))
        lines.append(f"{first:04X} {last:04X} {step or 1} {value}")
    return lines


def tables_text() -> str:
    """The specification's data file."""
    lines = [
        f"# Unicode tables of the foundry's text features, from Unicode {ucd.unidata_version}.",
        "# Made by scripts/build_unicode_tables.py. proto/README.md says how each table is used.",
        "# [fold]  FIRST LAST STEP VALUE: code points FIRST, FIRST+STEP, ... LAST. VALUE +d/-d adds d to the code",
        "#         point; =XXXX YYYY puts these code points in its place; = alone deletes it.",
        "# [word], [spaceless]  FIRST LAST: an inclusive range.",
        f"unicode {ucd.unidata_version}",
        "[fold]",
        *fold_lines(),
        "[word]",
        *(f"{low:04X} {high:04X}" for low, high in ranges(is_word)),
        "[spaceless]",
        *(f"{low:04X} {high:04X}" for low, high in ranges(is_spaceless)),
    ]
    return "\n".join(lines) + "\n"


PYTHON_MODULE = '''"""The frozen Unicode tables as text: generated by scripts/build_unicode_tables.py, do not edit."""

TABLES = """\\
{text}"""
'''


def outputs() -> dict[Path, str]:
    """Every generated file with its content."""
    text = tables_text()
    return {
        ROOT / "proto" / "unicode_tables.txt": text,
        ROOT / "foundry_engine" / "features" / "unicode_tables_data.py": PYTHON_MODULE.format(text=text),
    }


def main() -> int:
    """Write the files; with ``--check`` only say whether they are up to date."""
    stale = [path for path, text in outputs().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"stale: {path.relative_to(ROOT)} (run make unicode-tables)", file=sys.stderr)
        return bool(stale)
    for path, text in outputs().items():
        path.write_text(text, "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

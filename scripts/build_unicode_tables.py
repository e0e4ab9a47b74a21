"""Rebuild the frozen Unicode tables from a pinned Unicode Character Database.

Writes ``proto/unicode_tables.txt`` (the specification's data) and, from the same rules,
``foundry_engine/features/unicode_tables_data.py`` and ``rust_runtime/src/features/unicode_tables_data.rs``.
Run with ``make unicode-tables``;
``tests/unit/features/test_unicode_tables.py`` checks that the committed files are what this script writes.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Sequence
from itertools import groupby
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

RUST_MODULE = """//! The frozen Unicode tables in two levels: generated by scripts/build_unicode_tables.py, do not edit.
//!
//! `ACTIONS[PAGES[PAGE_OF[code >> 7]][code & 127]]` says what the fold does with a code point. Pages and the index of
//! pages are written as runs, `(how many, value)`, and unfolded by the compiler.

use super::unicode_tables::{{Action, Class::*, Fold::*}};

/// Version of the Unicode Character Database the tables were made from.
pub const UNICODE_VERSION: &str = "{version}";

/// SHA-256 of `proto/unicode_tables.txt`; artifacts carry it.
#[rustfmt::skip]
pub(crate) const TABLES_SHA256: [u8; 32] = [
{sha256}
];

/// Every fold with the class of what it gives, the most frequent one first.
#[rustfmt::skip]
pub(super) static ACTIONS: [Action; {action_count}] = [
{actions}
];

/// How many pages of 128 code points there are.
pub(super) const PAGE_COUNT: usize = {page_count};

/// The page of every 128 code points, as runs.
#[rustfmt::skip]
pub(super) const PAGE_OF_RUNS: [(u16, u8); {page_of_count}] = [
{page_of}
];

/// The action of every code point of all pages, one page after the other, as runs.
#[rustfmt::skip]
pub(super) const PAGES_RUNS: [(u16, u8); {pages_count}] = [
{pages}
];
"""
PAGE = 128


def rust_action(code: int) -> str:
    """What the fold does with a code point and the class of what it gives, as Rust."""
    target = fold(code) if not 0xD800 <= code <= 0xDFFF else chr(code)
    if len(target) == 1 and (target not in " '\"-.," or ord(target) == code):
        return f"Action {{ fold: Add({ord(target) - code}), class: {rust_class(ord(target))} }}"
    parts = ", ".join(f"0x{ord(char):04X}" for char in target)
    return f"Action {{ fold: Put(&[{parts}]), class: {rust_class(ord(target)) if len(target) == 1 else 'Other'} }}"


def rust_class(code: int) -> str:
    """The class of a code point, as Rust; surrogates have none."""
    if 0xD800 <= code <= 0xDFFF or not is_word(code):
        return "Other"
    return "Spaceless" if is_spaceless(code) else "Word"


def rust_lines(items: Sequence[str]) -> str:
    """Items in lines of at most 118 columns."""
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > 118:
            lines.append(line)
            line = "   "
        line += f" {item},"
    return "\n".join([*lines, line])


def rust_runs(values: Sequence[int]) -> list[str]:
    """``(how many, value)`` for runs of equal values, each shorter than 65,536."""
    runs = []
    for value, run in groupby(values):
        count = len(list(run))
        while count:
            part = min(count, 0xFFFF)
            runs.append(f"({part},{value})")
            count -= part
    return runs


def rust_module(text: str) -> str:
    """The tables as a Rust source file."""
    actions: dict[str, int] = {}
    kinds = [actions.setdefault(rust_action(code), len(actions)) for code in range(0x110000)]
    frequent = sorted(range(len(actions)), key=lambda kind: (-kinds.count(kind), kind))
    place = {kind: rank for rank, kind in enumerate(frequent)}
    names = list(actions)
    pages: dict[tuple[int, ...], int] = {}
    index = []
    for first in range(0, 0x110000, PAGE):
        page = tuple(place[kind] for kind in kinds[first : first + PAGE])
        index.append(pages.setdefault(page, len(pages)))
    page_of, page_runs = rust_runs(index), rust_runs([kind for page in pages for kind in page])
    sha256 = hashlib.sha256(text.encode("utf-8")).digest()
    return RUST_MODULE.format(
        version=ucd.unidata_version,
        sha256=rust_lines([f"0x{byte:02x}" for byte in sha256]),
        action_count=len(actions),
        actions="\n".join(f"    {names[kind]}," for kind in frequent),
        page_count=len(pages),
        page_of_count=len(page_of),
        page_of=rust_lines(page_of),
        pages_count=len(page_runs),
        pages=rust_lines(page_runs),
    )


def outputs() -> dict[Path, str]:
    """The specification's data file and the Python module, with their content."""
    text = tables_text()
    return {
        ROOT / "proto" / "unicode_tables.txt": text,
        ROOT / "foundry_engine" / "features" / "unicode_tables_data.py": PYTHON_MODULE.format(text=text),
    }


def rust_outputs() -> dict[Path, str]:
    """The Rust runtime's generated file; ``cargo test`` holds it to ``proto/unicode_tables.txt``."""
    return {ROOT / "rust_runtime" / "src" / "features" / "unicode_tables_data.rs": rust_module(tables_text())}


def main() -> int:
    """Write the files; with ``--check`` only say whether they are up to date."""
    written = outputs() | rust_outputs()
    stale = [path for path, text in written.items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"stale: {path.relative_to(ROOT)} (run make unicode-tables)", file=sys.stderr)
        return bool(stale)
    for path, text in written.items():
        path.write_text(text, "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

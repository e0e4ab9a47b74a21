"""Frozen character classes and the character fold, the same on every Python and in every language.

Python's ``str.lower``, ``str.isalnum`` and ``re`` follow the Unicode version of the interpreter; a model must not.
These tables follow one pinned version (``UNICODE_VERSION``) and are specified in ``proto/README.md``.
"""

from __future__ import annotations

import hashlib

from foundry_engine.features.unicode_tables_data import TABLES

OTHER, WORD, SPACELESS = 0, 1, 2
"""Character classes: neither; a letter, mark or number of a script with spaces; one of a script without spaces."""


def _parse(text: str) -> tuple[str, dict[str, str], bytes]:
    version, section = "", ""
    fold: dict[str, str] = {}
    classes = bytearray(0x110000)
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if line.startswith("unicode "):
            version = line.split()[1]
        elif line.startswith("["):
            section = line
        elif section == "[fold]":
            first, last, step, value = line.split(" ", 3)
            for code in range(int(first, 16), int(last, 16) + 1, int(step)):
                if value.startswith("="):
                    fold[chr(code)] = "".join(chr(int(part, 16)) for part in value[1:].split())
                else:
                    fold[chr(code)] = chr(code + int(value))
        else:
            low, high = (int(part, 16) for part in line.split())
            kind = WORD if section == "[word]" else SPACELESS
            classes[low : high + 1] = bytes([kind]) * (high - low + 1)
    return version, fold, bytes(classes)


UNICODE_VERSION, FOLD, CLASS = _parse(TABLES)
"""``FOLD`` maps a character to its replacement; ``CLASS`` has one class a code point, 1,114,112 bytes."""

TABLES_SHA256 = hashlib.sha256(TABLES.encode("utf-8")).hexdigest()
"""SHA-256 of ``proto/unicode_tables.txt``; artifacts carry it."""

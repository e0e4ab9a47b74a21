"""The frozen Unicode tables are what their script writes, and are read as ``proto/unicode_tables.txt`` says."""

from __future__ import annotations

import hashlib
import runpy
from pathlib import Path

import pytest
import unicodedata2

from foundry_engine.features.unicode_tables import CLASS, FOLD, OTHER, SPACELESS, TABLES_SHA256, UNICODE_VERSION, WORD
from foundry_engine.features.unicode_tables_data import TABLES

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def script() -> dict:
    return runpy.run_path(str(ROOT / "scripts" / "build_unicode_tables.py"))


def test_the_committed_files_are_what_the_script_writes(script: dict) -> None:
    written = script["outputs"]()
    assert {path.relative_to(ROOT).as_posix() for path in written} == {
        "proto/unicode_tables.txt",
        "foundry_engine/features/unicode_tables_data.py",
    }
    stale = [path.name for path, text in written.items() if path.read_text("utf-8") != text]
    assert stale == [], "run make unicode-tables"


def test_the_hash_is_of_the_specifications_file() -> None:
    data = (ROOT / "proto" / "unicode_tables.txt").read_bytes()
    assert hashlib.sha256(data).hexdigest() == TABLES_SHA256
    assert data.decode() == TABLES
    assert unicodedata2.unidata_version == UNICODE_VERSION


def test_tables_say_for_every_code_point_what_the_scripts_rules_say(script: dict) -> None:
    """Runs of steps and ranges, written and read again, lose nothing."""
    fold, is_word, is_spaceless = script["fold"], script["is_word"], script["is_spaceless"]
    for code in script["CODE_POINTS"]:
        char = chr(code)
        assert FOLD.get(char, char) == fold(code), hex(code)
        expected = (SPACELESS if is_spaceless(code) else WORD) if is_word(code) else OTHER
        assert CLASS[code] == expected, hex(code)


def test_surrogates_have_no_class_and_no_fold() -> None:
    assert not any(CLASS[0xD800:0xE000])
    assert not [char for char in FOLD if 0xD800 <= ord(char) <= 0xDFFF]
    assert len(CLASS) == 0x110000

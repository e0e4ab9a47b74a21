"""Text to normalized text, character by character and as a whole."""

from __future__ import annotations

import pytest

from foundry_engine.features.normalizer import MAX_CODE_POINTS, normalize, text_problem
from foundry_engine.features.unicode_tables import CLASS, FOLD

CASES = [
    ("nothing", "", ""),
    ("only spaces", " \t\r\n\u3000\u00a0", ""),
    ("ascii capitals", "What TIME is It?", "what time is it?"),
    ("chinese stays", "今天天气怎么样？", "今天天气怎么样?"),
    ("chinese full stop and commas", "好。｡、，", "好..、,"),
    ("full-width letters and digits", "ＡＢＣ　ａｂｃ　１２３", "abc abc 123"),
    ("full-width punctuation", "！？（）：；", "!?():;"),
    ("typographic quotes", "don’t ‘so’ “yes” „no‟", 'don\'t \'so\' "yes" "no"'),
    ("accents used as quotes", "don`t don´t ｄｏｎ｀ｔ", "don't don't don't"),
    ("dashes", "a‐b‑c‒d–e—f―g−h", "a-b-c-d-e-f-g-h"),
    ("ellipses", "well… ⋯", "well... ..."),
    ("runs of spaces", "  a   b \u2003 c  ", "a b c"),
    ("line ends are spaces", "a\nb\r\nc\u0085d\u2028e\u2029f", "a b c d e f"),
    ("file to unit separator are spaces", "a\x1cb\x1dc\x1ed\x1fe", "a b c d e"),
    ("controls vanish", "a\x00b\x07c\x7fd\x9fe", "abcde"),
    ("marks of the n-grams vanish", "\x01a\x02b\x03", "ab"),
    ("invisible code points vanish", "\ufeffye\u200bs\u00ad \u202eok\u202c\u2060", "yes ok"),
    ("a space between deleted ones", "a \u200b b", "a b"),
    ("emoji keep their base", "好👌🏽 👨‍👩‍👧 1️⃣", "好👌🏽 👨👩👧 1\u20e3"),
    ("dotted capital I is two code points", "İI", "i\u0307i"),
    ("no final sigma", "ΑΣ ΣΑΣ", "ασ σασ"),
    ("sharp s stays, its capital folds to it", "Straße ẞ", "straße ß"),
    ("title case digraph", "ǅ Ǆ ǆ", "ǆ ǆ ǆ"),
    ("kelvin, ohm and angstrom are letters", "\u212a\u2126\u212b", "kωå"),
    ("combining marks are not composed", "E\u0301 \u00c9", "e\u0301 \u00e9"),
    ("ligatures and circled characters stay", "ﬁ Ⓐ ② ½", "ﬁ ⓐ ② ½"),
    ("deseret outside the basic plane", "\U00010400", "\U00010428"),
    ("cherokee folds to its small letters", "\u13a0", "\uab70"),
    ("unassigned and private code points stay", "\u0378\ue000\U0010fffd", "\u0378\ue000\U0010fffd"),
]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_normalized_text(text: str, expected: str) -> None:
    assert normalize(text) == expected


EVERY_CHARACTER = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]


def test_what_is_left_of_all_characters_is_normalized_once_and_for_all() -> None:
    everything = normalize("".join(EVERY_CHARACTER))
    assert normalize(everything) == everything
    assert "  " not in everything and everything == everything.strip(" ")
    assert not set(everything) & {"\x01", "\x02", "\x03", "\t", "\n", "\u3000", "\u200b", "\ufeff"}


def test_the_fold_is_closed() -> None:
    """No replacement holds a character that would itself be replaced."""
    for char, value in FOLD.items():
        for part in value:
            assert FOLD.get(part, part) == part, (hex(ord(char)), value)


def test_letters_with_a_lower_case_fold_to_it_without_context() -> None:
    full_width = {chr(code) for code in range(0xFF21, 0xFF3B)}  # they become ASCII
    upper = [c for c in EVERY_CHARACTER if c.lower() != c and c not in full_width]
    assert len(upper) > 1_300
    assert [c for c in upper if FOLD.get(c) != c.lower()] == []


@pytest.mark.parametrize(
    ("char", "kind"),
    [
        ("a", 1), ("é", 1), ("7", 1), ("²", 1), ("½", 1), ("ß", 1), ("\u0301", 1), ("я", 1), ("ع", 1), ("한", 1),
        ("中", 2), ("ひ", 2), ("ｶ", 2), ("ก", 2), ("𠀀", 2), ("々", 2), ("〇", 2),
        (" ", 0), ("?", 0), ("_", 0), ("'", 0), ("。", 0), ("👍", 0), ("€", 0), ("\u0378", 0), ("\ue000", 0), ("・", 0),
    ],
)  # fmt: skip
def test_character_class(char: str, kind: int) -> None:
    assert CLASS[ord(char)] == kind


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\ud800b", "lone surrogate U+D800 at position 1"),
        ("\udfff", "lone surrogate U+DFFF at position 0"),
        ("x" * (MAX_CODE_POINTS + 1), "100,001 code points, at most 100,000"),
        (b"bytes", "expected a string, got bytes"),
        (None, "expected a string, got NoneType"),
        (7, "expected a string, got int"),
    ],
)
def test_texts_that_are_refused(text: object, words: str) -> None:
    assert words in (text_problem(text) or "")


@pytest.mark.parametrize("text", ["", "a", "好", "\U0010ffff", "x" * MAX_CODE_POINTS, "𠀀" * MAX_CODE_POINTS, "\x00"])
def test_texts_that_are_answered(text: str) -> None:
    assert text_problem(text) is None

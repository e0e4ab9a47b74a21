"""Every reason a text is refused for, and what is let through on purpose."""

from __future__ import annotations

import pytest

from foundry_engine.blueprint import Generate
from foundry_engine.generation.gates import Gates, reasons_in_order
from tests import courtesy

SETTINGS = Generate(min_length=2, max_length=70, near_duplicate=0.8)


@pytest.fixture
def gates() -> Gates:
    return Gates(courtesy.law(), SETTINGS)


FORM = [
    ("could you pass the salt", "Polite", "en", ""),
    ("请把盐递给我", "Polite", "zh", ""),
    ("ok", "Polite", "zh", ""),  # a loan word
    ("123 456", "Polite", "zh", ""),  # no script at all
    (None, "Polite", "en", "schema"),
    (7, "Polite", "en", "schema"),
    (float("nan"), "Polite", "en", "schema"),
    (["pass the salt"], "Polite", "en", "schema"),
    ({"text": "pass the salt"}, "Polite", "en", "schema"),
    ("pass the salt", "polite", "en", "label"),
    ("pass the salt", "", "en", "label"),
    ("pass the salt", None, "en", "label"),
    ("pass the salt", ["Polite"], "en", "label"),
    ("pass the \ud800 salt", "Polite", "en", "text"),
    ("x" * 100_001, "Polite", "en", "text"),
    ("", "Polite", "en", "length"),
    ("a", "Polite", "en", "length"),
    (" \u200b  a\u3000", "Polite", "en", "length"),  # counted after normalizing
    ("x" * 71, "Polite", "en", "length"),
    ("x" * 70, "Polite", "en", ""),
    ("请把盐递给我", "Polite", "en", "language"),
    ("could you please pass the salt", "Polite", "zh", "language"),
    ("打开 wifi", "Polite", "en", "language"),
    # a phrase of the law's own words, from the prompt, a definition and a rule, in any case or width
    ("You write short requests as people say them ALOUD in daily life", "Polite", "en", "leak"),
    ("The speaker minds the listener", "Polite", "en", "leak"),
    ("Judge the words and not the wish behind them!", "Polite", "en", "leak"),
    ("the speaker did not mind", "Polite", "en", ""),
]


@pytest.mark.parametrize(("text", "label", "language", "reason"), FORM)
def test_the_form_of_a_text(gates: Gates, text: object, label: object, language: str, reason: str) -> None:
    assert gates.check(text, label, language) == reason


# what was accepted, what comes next, its label, the reason
AGAIN = [
    ("pass the salt", "pass the salt", "Polite", "duplicate"),
    ("pass the salt", "  PASS  the\u00a0ｓalt ", "Polite", "duplicate"),
    ("pass the salt", "pass the salt", "Rude", ""),  # for the conflicts file of refining
    ("pass the salt", "pass the salt!", "Polite", "near_duplicate"),
    ("could you kindly pass the salt", "could you kindly pass the salts", "Polite", "near_duplicate"),
    ("could you kindly pass the salt", "could you kindly pass the salts", "Rude", ""),
    ("could you kindly pass the salt", "would you kindly get the pepper", "Polite", ""),
    ("请您把那边的盐递给我好吗谢谢", "请您把那边的盐递给我好吗谢谢您", "Polite", "near_duplicate"),
    # nearly the same letters, another meaning
    ("wake me up at 7 tomorrow please", "wake me up at 8 tomorrow please", "Polite", ""),
    ("请在明天早上三点钟的时候叫醒我", "请在明天早上四点钟的时候叫醒我", "Polite", ""),
    ("please do touch the new chairs", "please do not touch the new chairs", "Polite", ""),
    ("could you turn the lights on now", "could you turn the lights off now", "Polite", ""),
    ("请您明天下午一定要来我家里喝茶", "请您明天下午一定不要来我家里喝茶", "Polite", ""),
    ("i have ever seen such a bad waiter", "i have never seen such a bad waiter", "Polite", ""),  # the law's own
]


@pytest.mark.parametrize(("first", "second", "label", "reason"), AGAIN)
def test_what_was_accepted_before_decides(gates: Gates, first: str, second: str, label: str, reason: str) -> None:
    language = "en" if first.isascii() else "zh"
    assert gates.check(first, "Polite", language) == ""
    assert gates.check(second, label, language) == reason


def test_a_refused_text_refuses_nothing(gates: Gates) -> None:
    assert gates.check("pass me the salt", "Polite", "zh") == "language"
    assert gates.check("pass me the salt", "Polite", "en") == ""


def test_rows_of_people_are_not_compared_but_are_remembered(gates: Gates) -> None:
    assert gates.check("could you kindly pass the salt", "Polite", "en", near_duplicates=False) == ""
    assert gates.check("could you kindly pass the salts", "Polite", "en", near_duplicates=False) == ""
    assert gates.check("could you kindly pass the salt", "Polite", "en", near_duplicates=False) == "duplicate"
    assert gates.check("could you kindly pass the saltx", "Polite", "en") == "near_duplicate"


def test_a_near_duplicate_is_found_among_hundreds(gates: Gates) -> None:
    for n in range(300):
        assert gates.check(f"row {n:03d} of {n * 7919 % 1000:03d} words", "Polite", "en", near_duplicates=False) == ""
    assert gates.check("would you be so kind as to bring tea", "Polite", "en") == ""
    assert gates.check("would you be so kind as to bring teas", "Polite", "en") == "near_duplicate"


def test_reasons_are_listed_by_count_then_name() -> None:
    assert list(reasons_in_order({"label": 1, "duplicate": 3, "empty": 1})) == [
        ("duplicate", 3),
        ("empty", 1),
        ("label", 1),
    ]

"""The operators that hold a row to its contract: schema, language, length."""

from __future__ import annotations

import pytest

from foundry_engine.errors import InvalidSetting
from foundry_engine.refinery.plan import make_plan
from tests import courtesy
from tests.tables import Rows, apply, up_to


@pytest.mark.parametrize(
    ("text", "label", "problem"),
    [
        ("pass the salt", "Polite", None),
        ("请把盐\n递给我", "Polite", None),
        ("  \u200b ", "Polite", "the text is empty"),
        ("a\ufffdb", "Polite", "U+FFFD at position 1: the text was decoded wrongly before"),
        ("a\x07b", "Polite", "control character U+0007"),
        ("pass the salt", "Kind", "label 'Kind' is not declared"),
    ],
)
def test_schema(text: str, label: str, problem: str | None) -> None:
    assert up_to("schema", Rows().add(text, label).table())["schema_problem"].to_pylist() == [problem]


def test_schema_of_further_columns() -> None:
    table = Rows().add("a", licence="MIT").add("b").add("c", licence="odd").table()
    found = up_to("schema", table, required=["licence"], one_of={"licence": ["MIT", "CC0"]})
    assert found["schema_problem"].to_pylist() == [None, "no licence", "licence 'odd' is not one of MIT, CC0"]


@pytest.mark.parametrize(
    ("text", "language", "script", "problem"),
    [
        ("把灯关掉", "zh", "han", None),
        ("把灯关掉", "en", "han", "declared en, reads as zh"),
        ("please turn the lights off", "zh", "latin", "declared zh, reads as en"),
        ("ok", "zh", "latin", None),
        ("123!", "en", "none", None),
        ("明日は晴れますか", "zh", "kana", "script kana, expected han, latin, none"),
        ("Привет, как дела", "en", "cyrillic", "script cyrillic, expected han, latin, none"),
        ("안녕하세요", "zh", "hangul", "script hangul, expected han, latin, none"),
    ],
)
def test_language(text: str, language: str, script: str, problem: str | None) -> None:
    (row,) = apply("language", Rows().add(text, language=language).table()).to_pylist()
    assert (row["script"], row["language_problem"]) == (script, problem)


def test_languages_that_are_not_allowed() -> None:
    found = apply("language", Rows().add("把灯关掉").add("hello you").table(), allowed=["zh"])
    assert found["language_problem"].to_pylist() == [None, "language en, expected zh"]


def test_length_counts_code_points_of_the_normalized_text() -> None:
    table = Rows().add("  ok  ").add("好").add("四个汉字").add("x" * 11).table()
    found = up_to("length", table, min=3, max=10, min_zh=2)
    assert found["length"].to_pylist() == [2, 1, 4, 11]
    problems = ["2 code points, at least 3", "1 code points, at least 2", None, "11 code points, at most 10"]
    assert found["length_problem"].to_pylist() == problems


def test_a_plan_says_which_tag_is_missing() -> None:
    step = make_plan(["length"], {}).steps[0]
    with pytest.raises(InvalidSetting, match=r"operator 'length' needs the tag 'normalized'"):
        step.apply(Rows().add("a").table(), courtesy.law())


def test_neighbouring_steps_of_one_scope_are_one_pass() -> None:
    plan = make_plan(["normalise", "length", "exact_duplicates", "conflicts", "schema"], {})
    assert [(scope, [s.name for s in steps]) for scope, steps in plan.passes()] == [
        ("row", ["normalise", "length"]),
        ("dataset", ["exact_duplicates", "conflicts"]),
        ("row", ["schema"]),
    ]

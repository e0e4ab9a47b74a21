"""The quality of a dataset: parts, intervals, one number; blocks add up."""

from __future__ import annotations

import pytest

from foundry_engine.refinery import score

FAMILIES = [f"f{n // 2}" for n in range(40)]
LABELS = ["a", "b"] * 20


def values(found: score.Sums) -> dict[str, float | None]:
    parts = score.score(found)["parts"]
    return {name: None if part is None else part["value"] for name, part in parts.items()}


def test_parts_nobody_measured_are_unknown_and_do_not_count() -> None:
    found = score.sums(FAMILIES, {"duplicate": [n < 10 for n in range(40)]}, LABELS)
    parts = values(found)
    assert parts == {
        "validity": None,
        "uniqueness": 0.75,
        "label_health": None,
        "balance": 1.0,
        "diversity": 0.5,
        "safety": None,
        "split_hygiene": None,
    }
    assert score.score(found, {"uniqueness": 1.0})["total"]["value"] == 0.75


def test_the_interval_holds_the_value_and_is_the_same_every_time() -> None:
    found = score.sums(FAMILIES, {"suspect": [n % 5 == 0 for n in range(40)]}, LABELS)
    part = score.score(found)["parts"]["label_health"]
    assert part["low"] < part["value"] < part["high"]
    assert found == score.sums(FAMILIES, {"suspect": [n % 5 == 0 for n in range(40)]}, LABELS)


def test_copies_are_duplicates() -> None:
    found = score.sums(["f", "g"], {"duplicate": [False, True]}, ["a", "a"], [3, 1])
    assert values(found)["uniqueness"] == 0.25


def test_blocks_add_up_to_the_whole() -> None:
    flags = [n % 3 == 0 for n in range(40)]
    whole = score.sums(FAMILIES, {"invalid": flags}, LABELS)
    parts = [score.sums(FAMILIES[s], {"invalid": flags[s]}, LABELS[s]) for s in (slice(0, 16), slice(16, 40))]
    assert score.score(score.merged(parts)) == score.score(whole)


@pytest.mark.parametrize(("small", "value"), [(1, 0.0), (20, 1.0)])
def test_a_zero_anywhere_shows(small: int, value: float) -> None:
    found = score.sums(FAMILIES, {"sensitive": [small == 1] * 40}, LABELS)
    assert values(found)["safety"] == value
    assert (score.score(found)["total"]["value"] < 0.02) == (value == 0.0)


def test_no_rows_are_no_mistake() -> None:
    assert score.score(score.sums([], {"invalid": []}, []))["total"]["value"] >= 0

"""Counts of answers, by hand."""

from __future__ import annotations

import pytest

from foundry_engine.verification.scores import Judged, confusion, coverage_curve, scores, share, table

LABELS = ("Yes", "No")


def judged(label: str, answer: str, confidence: float = 0.9, **more: str) -> Judged:
    given = {"text": "t", "language": "en", "source": "s", "split": "test", "outcome": "accepted"}
    given |= {"unmarked_answer": answer, "cues_answer": answer} | more
    return Judged(label=label, answer=answer, confidence=confidence, **given)


def rows(*answers: str) -> list[Judged]:
    """``"YN"`` is a Yes that was answered No."""
    names = {"Y": "Yes", "N": "No"}
    return [judged(names[a[0]], names[a[1]], 1 - i / 1000) for i, a in enumerate(answers)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (rows(), {"rows": 0, "accuracy": None, "error_at_95": None, "coverage": None, "accepted_error": None}),
        (rows("YY"), {"rows": 1, "accuracy": 1.0, "recall": {"Yes": 1.0, "No": None}, "error_at_95": None}),
        (rows("YY", "YN", "NN", "NN"), {"accuracy": 0.75, "recall": {"Yes": 0.5, "No": 1.0}}),
        (rows("YY", "YN", "NN", "NN"), {"precision": {"Yes": 1.0, "No": 0.6667}, "error_at_95": 0.3333}),
        (rows(*["YY"] * 19, "NY"), {"accuracy": 0.95, "error_at_95": 0.0}),
        (rows("NY", *["YY"] * 19), {"accuracy": 0.95, "error_at_95": 0.0526}),
        (
            [judged("Yes", "No", outcome="abstained"), judged("Yes", "Yes"), judged("No", "Yes", outcome="reflex")],
            {"coverage": 0.6667, "accepted_error": 0.5, "accuracy": 0.3333},
        ),
        ([judged("Yes", "No", outcome="abstained")], {"coverage": 0.0, "accepted_error": None}),
        (
            [judged("Yes", "Yes", unmarked_answer="No"), judged("No", "No", cues_answer="Yes")],
            {"accuracy": 1.0, "unmarked_accuracy": 0.5, "cues_alone_accuracy": 0.5},
        ),
    ],
)
def test_scores(given: list[Judged], expected: dict) -> None:
    figures = scores(given, LABELS)
    assert {key: figures[key] for key in expected} == expected


def test_the_table_has_a_row_a_set_language_and_source() -> None:
    given = [
        judged("Yes", "Yes", split="withheld", source="b"),
        judged("Yes", "No", language="zh", source="a"),
        judged("Yes", "Yes", source="b"),
        judged("Yes", "No", source="a"),
    ]
    found = [(r["set"], r["language"], r["source"], r["rows"], r["accuracy"]) for r in table(given, LABELS)]
    assert found == [
        ("test", "en", "all", 2, 0.5),
        ("test", "en", "a", 1, 0.0),
        ("test", "en", "b", 1, 1.0),
        ("test", "zh", "all", 1, 0.0),
        ("test", "zh", "a", 1, 0.0),
        ("withheld", "en", "all", 1, 1.0),
        ("withheld", "en", "b", 1, 1.0),
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (rows(), [[0, 0], [0, 0]]),
        (rows("YN", "YN", "NY"), [[0, 2], [1, 0]]),
        (rows("YY", "NN", "NN"), [[1, 0], [0, 2]]),
    ],
)
def test_confusion(given: list[Judged], expected: list) -> None:
    assert confusion(given, LABELS) == expected


def test_coverage_curve() -> None:
    given = rows("YY", "YY", "YY", "YN")
    assert coverage_curve(list(reversed(given)), points=4) == [(1.0, 0.75), (0.75, 1.0), (0.5, 1.0), (0.25, 1.0)]
    assert coverage_curve([], points=4) == []
    assert coverage_curve(given[:1], points=50) == [(1.0, 1.0)]


@pytest.mark.parametrize(("part", "whole", "expected"), [(0, 0, None), (1, 3, 0.3333), (2, 2, 1.0), (0, 9, 0.0)])
def test_share(part: int, whole: int, expected: float | None) -> None:
    assert share(part, whole) == expected

"""Test rows and boundary cases put to a model, and what its blueprint demands of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.pipeline import Pipeline

from foundry_engine.blueprint import Floor
from foundry_engine.constitution import Constitution
from foundry_engine.language.noise import unmarked
from foundry_engine.records import Example
from foundry_engine.runtime import MicroModel
from foundry_engine.verification.scores import Judged, scores

TESTED = ("test", "withheld")
"""Splits that are tested on."""


@dataclass(frozen=True, slots=True)
class BoundaryResult:
    """A boundary case with the model's answer."""

    text: str
    label: str
    trap: str
    reach: str
    answer: str
    confidence: float

    @property
    def holds(self) -> bool:
        """Whether the answer is the law's."""
        return self.answer == self.label


def judge(model: MicroModel, cues: Pipeline, examples: Sequence[Example]) -> list[Judged]:
    """Every tested row with its answers."""
    rows = [example for example in examples if example.split in TESTED]
    alone = cues.predict([row.text for row in rows]) if rows else []
    judged = []
    for row, cue_label in zip(rows, alone, strict=True):
        answer = model.predict(row.text)
        judged.append(
            Judged(
                text=row.text,
                label=row.label,
                language=row.language,
                source=row.source,
                split=row.split,
                answer=answer.label,
                confidence=answer.confidence,
                outcome=answer.outcome,
                unmarked_answer=model.predict(unmarked(row.text)).label,
                cues_answer=model.labels[int(cue_label)] if answer.outcome != "reflex" else answer.label,
            )
        )
    return judged


def judge_boundaries(model: MicroModel, constitution: Constitution) -> list[BoundaryResult]:
    """Every boundary case with the model's answer."""
    results = []
    for case in constitution.boundary_cases:
        answer = model.predict(case.text)
        results.append(
            BoundaryResult(case.text, case.label, case.trap, case.reach, answer.label, round(answer.confidence, 4))
        )
    return results


def failures(
    boundaries: Sequence[BoundaryResult], rows: Sequence[Judged], floors: Sequence[Floor], labels: Sequence[str]
) -> list[str]:
    """What keeps the model from being shipped, one sentence each."""
    found = [
        f"boundary case '{b.text}' ({b.trap}): expected {b.label}, got {b.answer} at {b.confidence:.2f}"
        for b in boundaries
        if b.reach == "in" and not b.holds
    ]
    for floor in floors:
        group = [r for r in rows if r.split == floor.set and floor.language in (None, r.language)]
        what = " ".join(
            str(x) for x in (floor.measure, floor.label or "", floor.language or "", f"on {floor.set} rows") if x
        )
        figures = scores(group, labels)
        value = figures[floor.measure]
        if isinstance(value, dict):
            value = value[floor.label]
        if value is None:
            found.append(f"floor {what} ≥ {floor.at_least}: no rows to measure it on")
        elif float(str(value)) < floor.at_least:
            found.append(f"floor {what} ≥ {floor.at_least}: got {value} on {len(group)} rows")
    return found


def changes(old: MicroModel, rows: Sequence[Judged], boundaries: Sequence[BoundaryResult]) -> list[dict[str, object]]:
    """Tested texts whose answer is another one than the old model's."""
    found: list[dict[str, object]] = []
    seen = [(r.text, r.label, r.answer) for r in rows] + [(b.text, b.label, b.answer) for b in boundaries]
    for text, label, answer in seen:
        before = old.predict(text).label
        if before != answer:
            found.append({"text": text, "label": label, "before": before, "now": answer})
    return found

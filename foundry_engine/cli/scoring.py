"""Scoring a model on a labelled file of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from foundry_engine.cli import console
from foundry_engine.errors import EmptyDataset, MalformedRecord
from foundry_engine.features.normalizer import text_problem
from foundry_engine.generation.own_rows import raw_rows
from foundry_engine.registry import suggest
from foundry_engine.runtime import MicroModel
from foundry_engine.verification.scores import share


class Scored(NamedTuple):
    """A row's label and its answer; ``group`` is its value of the field that is scored by."""

    label: str
    answer: str
    accepted: bool
    group: str


def score(model: MicroModel, file: Path, by: str | None) -> dict[str, Any]:
    """Accuracy, recall, precision, coverage and confusion, for all rows and for each value of ``by``.

    Raises ``MalformedRecord`` (``file:line``) for a row without text, with a label the model does not know, or, where
    asked for, without the field ``by``.
    """
    rows: list[Scored] = []
    for line, row in raw_rows(file):
        text, label = row.get("text"), row.get("label")
        problem = text_problem(text)
        if problem:
            raise MalformedRecord(f"{file}:{line}: text: {problem}", line=line)
        if label not in model.labels:
            hint = suggest(str(label), list(model.labels))
            raise MalformedRecord(f"{file}:{line}: label '{label}' is not one of the model's; {hint}", line=line)
        if by is not None and by not in row:
            raise MalformedRecord(f"{file}:{line}: no field '{by}'; {suggest(by, sorted(map(str, row)))}", line=line)
        answer = model.predict(str(text))
        group = str(row[by]) if by is not None else ""
        rows.append(Scored(str(label), answer.label, answer.outcome != "abstained", group))
    if not rows:
        raise EmptyDataset(f"{file}: no rows to score")
    figures: dict[str, Any] = {"task": model.task, "file": file.name, **_figures(rows, model.labels)}
    if by is not None:
        figures["by"] = by
        figures["groups"] = [
            {"value": value, **_figures([row for row in rows if row.group == value], model.labels)}
            for value in sorted({row.group for row in rows})
        ]
    return figures


def _figures(rows: Sequence[Scored], labels: Sequence[str]) -> dict[str, Any]:
    confusion = [[sum((row.label, row.answer) == (true, said) for row in rows) for said in labels] for true in labels]
    hits = [confusion[i][i] for i in range(len(labels))]
    accepted = [row for row in rows if row.accepted]
    return {
        "rows": len(rows),
        "accuracy": share(sum(hits), len(rows)),
        "coverage": share(len(accepted), len(rows)),
        "accepted_accuracy": share(sum(row.label == row.answer for row in accepted), len(accepted)),
        "recall": {name: share(hits[i], sum(confusion[i])) for i, name in enumerate(labels)},
        "precision": {name: share(hits[i], sum(row[i] for row in confusion)) for i, name in enumerate(labels)},
        "confusion": confusion,
    }


def lines(figures: dict[str, Any]) -> list[str]:
    """The figures as a table."""
    labels = list(figures["recall"])
    head = ["rows of", "rows", "accuracy", "coverage", "of accepted", *(f"{name} recall" for name in labels)]
    groups = [("all", figures), *((g["value"], g) for g in figures.get("groups", []))]
    cells = [
        [name, f"{g['rows']:,}", *(console.percent(g[k]) for k in ("accuracy", "coverage", "accepted_accuracy"))]
        + [console.percent(g["recall"][label]) for label in labels]
        for name, g in groups
    ]
    table = console.columns(head, cells)
    confusion = [[label, *row] for label, row in zip(labels, figures["confusion"], strict=True)]
    return [*table, "", *console.columns(["label \\ answer", *labels], confusion)]

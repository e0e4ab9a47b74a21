"""Scoring a model on a labelled file of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from foundry_engine.cli import console
from foundry_engine.errors import EmptyDataset, MalformedRecord
from foundry_engine.features.normalizer import text_problem
from foundry_engine.generation.own_rows import raw_rows
from foundry_engine.registry import suggest
from foundry_engine.runtime import MicroModel


def score(model: MicroModel, file: Path, by: str | None) -> dict[str, Any]:
    """Accuracy, recall, precision, coverage and confusion, for all rows and for each value of ``by``.

    Raises ``MalformedRecord`` (``file:line``) for a row without text, with a label the model does not know, or, where
    asked for, without the field ``by``.
    """
    rows = []
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
        rows.append((label, answer.label, answer.confidence, answer.outcome != "abstained", group))
    if not rows:
        raise EmptyDataset(f"{file}: no rows to score")
    frame = pd.DataFrame(rows, columns=["label", "answer", "confidence", "accepted", "group"])
    figures: dict[str, Any] = {"task": model.task, "file": file.name, **_figures(frame, model.labels)}
    if by is not None:
        figures["by"] = by
        figures["groups"] = [{"value": v, **_figures(g, model.labels)} for v, g in frame.groupby("group", sort=True)]
    return figures


def _figures(frame: pd.DataFrame, labels: tuple[str, ...]) -> dict[str, Any]:
    correct = frame["label"] == frame["answer"]
    accepted = frame["accepted"]
    table = pd.crosstab(frame["label"], frame["answer"]).reindex(index=list(labels), columns=list(labels), fill_value=0)
    counts = table.to_numpy()
    hits = {name: int(counts[i, i]) for i, name in enumerate(labels)}
    return {
        "rows": len(frame),
        "accuracy": _share(int(correct.sum()), len(frame)),
        "coverage": _share(int(accepted.sum()), len(frame)),
        "accepted_accuracy": _share(int((correct & accepted).sum()), int(accepted.sum())),
        "recall": {name: _share(hits[name], int(counts[i].sum())) for i, name in enumerate(labels)},
        "precision": {name: _share(hits[name], int(counts[:, i].sum())) for i, name in enumerate(labels)},
        "confusion": counts.tolist(),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


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

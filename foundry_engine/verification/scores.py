"""What a set of answers is worth: plain counts, by set, language and source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Judged:
    """One test row with its answers: the model's, the model's without the row's end marks, and the cues' alone."""

    text: str
    label: str
    language: str
    source: str
    split: str
    answer: str
    confidence: float
    outcome: str
    unmarked_answer: str
    cues_answer: str

    @property
    def correct(self) -> bool:
        """Whether the model is right."""
        return self.answer == self.label


def scores(rows: Sequence[Judged], labels: Sequence[str]) -> dict[str, object]:
    """Figures of one group of rows; shares are 0 to 1, ``None`` where there is nothing to divide by.

    ``error_at_95`` is the error on the 95 % of rows the model is surest of; ``accepted`` counts rows that are not
    abstained on.
    """
    errors = sum(not row.correct for row in rows)
    surest = sorted(rows, key=lambda row: -row.confidence)[: int(0.95 * len(rows))]
    accepted = [row for row in rows if row.outcome != "abstained"]
    return {
        "rows": len(rows),
        "accuracy": share(len(rows) - errors, len(rows)),
        "unmarked_accuracy": share(sum(row.unmarked_answer == row.label for row in rows), len(rows)),
        "cues_alone_accuracy": share(sum(row.cues_answer == row.label for row in rows), len(rows)),
        "recall": {name: _recall(rows, name) for name in labels},
        "precision": {name: _precision(rows, name) for name in labels},
        "error_at_95": share(sum(not row.correct for row in surest), len(surest)),
        "coverage": share(len(accepted), len(rows)),
        "accepted_error": share(sum(not row.correct for row in accepted), len(accepted)),
    }


def table(rows: Sequence[Judged], labels: Sequence[str]) -> list[dict[str, object]]:
    """Scores of every set and language, and of every source in them."""
    found: list[dict[str, object]] = []
    for split, language in _groups(rows, lambda row: (row.split, row.language)):
        group = [row for row in rows if (row.split, row.language) == (split, language)]
        found.append({"set": split, "language": language, "source": "all", **scores(group, labels)})
        for (source,) in _groups(group, lambda row: (row.source,)):
            of_source = [row for row in group if row.source == source]
            found.append({"set": split, "language": language, "source": source, **scores(of_source, labels)})
    return found


def confusion(rows: Iterable[Judged], labels: Sequence[str]) -> list[list[int]]:
    """``[labels, labels]`` counts: row is the true label, column the answer."""
    place = {name: i for i, name in enumerate(labels)}
    counts = [[0] * len(labels) for _ in labels]
    for row in rows:
        counts[place[row.label]][place[row.answer]] += 1
    return counts


def coverage_curve(rows: Sequence[Judged], points: int = 50) -> list[tuple[float, float]]:
    """Coverage and accuracy when only the surest rows are answered, from all rows down to a fiftieth."""
    ordered = sorted(rows, key=lambda row: -row.confidence)
    curve = []
    for i in range(points, 0, -1):
        n = len(ordered) * i // points
        if n:
            curve.append((n / len(ordered), sum(row.correct for row in ordered[:n]) / n))
    return curve


def share(part: int, whole: int) -> float | None:
    """A share rounded to a hundredth of a percent."""
    return round(part / whole, 4) if whole else None


def _recall(rows: Sequence[Judged], name: str) -> float | None:
    of_label = [row for row in rows if row.label == name]
    return share(sum(row.correct for row in of_label), len(of_label))


def _precision(rows: Sequence[Judged], name: str) -> float | None:
    answered = [row for row in rows if row.answer == name]
    return share(sum(row.correct for row in answered), len(answered))


def _groups(rows: Iterable[Judged], key: Callable[[Judged], tuple[str, ...]]) -> list[tuple[str, ...]]:
    return sorted({key(row) for row in rows})

"""A dataset's rows as columns, ready for an estimator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from foundry_engine.errors import TrainingError
from foundry_engine.folders import EXAMPLES_FILE
from foundry_engine.records import Example, read_records


@dataclass(frozen=True)
class Rows:
    """Columns of equal length; ``y`` is the place of each row's label among the task's labels."""

    texts: list[str]
    y: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    family: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]
    origin: npt.NDArray[np.str_]
    language: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Rows:
        """Some of the rows, by number or by a mask."""
        numbers = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return Rows(
            [self.texts[i] for i in numbers],
            self.y[numbers],
            self.weight[numbers],
            self.family[numbers],
            self.source[numbers],
            self.origin[numbers],
            self.language[numbers],
        )


def read_rows(folder: Path, labels: Sequence[str], splits: Iterable[str]) -> dict[str, Rows]:
    """The rows of some splits of a dataset folder."""
    examples = read_records(folder / EXAMPLES_FILE, Example)
    return {split: to_rows([e for e in examples if e.split == split], labels) for split in splits}


def to_rows(examples: Sequence[Example], labels: Sequence[str]) -> Rows:
    """Examples as columns; raises ``TrainingError`` for a label that is not among ``labels``."""
    place = {label: i for i, label in enumerate(labels)}
    unknown = sorted({e.label for e in examples} - place.keys())
    if unknown:
        raise TrainingError(f"the dataset has labels {unknown} that are not among {list(labels)}: refine it again")
    return Rows(
        [e.text for e in examples],
        np.array([place[e.label] for e in examples], dtype=np.int64),
        np.array([e.weight for e in examples], dtype=np.float64),
        np.array([e.family for e in examples], dtype=np.str_),
        np.array([e.source for e in examples], dtype=np.str_),
        np.array([e.origin for e in examples], dtype=np.str_),
        np.array([e.language for e in examples], dtype=np.str_),
    )

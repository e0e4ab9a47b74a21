"""What refining decided: which rows stay and in which split, and the files that say so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from foundry_engine.blueprint import Refine
from foundry_engine.errors import InvalidSetting
from foundry_engine.records import Example
from foundry_engine.refinery import decide, splits
from foundry_engine.refinery.neighbours import Neighbours
from foundry_engine.refinery.written import written_texts

NEEDED = ("normalized", "neighbours", "family", "weight")
"""Tags that splitting reads."""


@dataclass(frozen=True)
class Outcome:
    """Tagged rows; a row with a reason has no split."""

    table: pa.Table
    reasons: list[str]
    splits: list[str]
    distance: float = 0.6

    def near_training(self) -> list[bool]:
        """Whether a row is tested on and yet within ``distance`` of a row that is learned from."""
        placed = np.array(self.splits, dtype=object)
        learned = np.isin(placed, [splits.TRAIN, splits.CALIBRATION])
        tested = np.isin(placed, [splits.TEST, splits.WITHHELD])
        near: list[bool] = (tested & Neighbours.of(self.table).rows_near(learned, self.distance)).tolist()
        return near

    def examples(self) -> list[Example]:
        """The rows that stay, in their order. A row to be repeated weighs so many times as much."""
        columns = ["id", "text", "label", "language", "origin", "source", "family", "weight"]
        repeats = self.table["repeat"].to_pylist() if "repeat" in self.table.column_names else [1] * len(self.splits)
        rows = self.table.select(columns).to_pylist()
        for row, text, repeat in zip(rows, written_texts(self.table), repeats, strict=True):
            row["text"] = text
            row["weight"] *= repeat
        return [Example(split=split, **row) for row, split in zip(rows, self.splits, strict=True) if split]


def conclude(table: pa.Table, refine: Refine, seed: int, divide: bool = True) -> Outcome:
    """Decide by the tags, then split what stays by family; undivided, all that stays is for training.

    Raises ``InvalidSetting`` when splitting lacks a tag.
    """
    reasons = decide.removal_reasons(table, refine.remove)
    if not divide:
        for name in ("family", "weight"):
            if name not in table.column_names:
                values = table["id"] if name == "family" else pa.array([1.0] * table.num_rows, pa.float64())
                table = table.append_column(name, values)
        return Outcome(table, reasons, ["" if reason else splits.TRAIN for reason in reasons])
    missing = [tag for tag in NEEDED if tag not in table.column_names]
    if missing:
        raise InvalidSetting(
            f"refine.operators make no tag {' and '.join(repr(tag) for tag in missing)}, which splitting needs. "
            f"Order now: {', '.join(refine.operators)}; "
            "needed are normalise, exact_duplicates, near_duplicates, families, balance."
        )
    split_of, reasons = splits.assign(table, reasons, refine.split, seed)
    return Outcome(table, reasons, split_of, refine.split.test_distance)

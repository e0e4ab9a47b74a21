"""Rows to train / calibration / test, whole families at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from random import Random

import numpy as np
import pyarrow as pa

from foundry_engine.blueprint import Split
from foundry_engine.refinery.neighbours import Neighbours

TRAIN, CALIBRATION, TEST, WITHHELD = "train", "calibration", "test", "withheld"
KEPT_FROM = ((CALIBRATION, [TRAIN]), (TEST, [TRAIN, CALIBRATION]), (WITHHELD, [TRAIN, CALIBRATION]))
"""Which rows may not be near which others, in the order in which they give way."""


def assign(table: pa.Table, removed: list[str], split: Split, seed: int) -> tuple[list[str], list[str]]:
    """The split of each row (empty for removed rows) and the updated reasons.

    Rows of withheld sources are ``withheld``: tested on, never trained on. The rest goes by family; calibration and
    test take real rows where there are enough of them, because thresholds should hold for real sentences. A row that
    is tested on within ``test_distance`` of a row in training or calibration is removed (``near_training``), and so is
    one in calibration that near a row in training: families that reached their largest size may be near one another.
    """
    rows = _Rows(table, removed)
    splits = [""] * table.num_rows
    for row in rows.kept:
        splits[row] = WITHHELD if rows.withheld[row] else TRAIN
    for group in _strata(rows):
        _divide(group, rows, splits, split, Random(f"{seed}:{group[0]}"))
    placed, reasons = np.array(splits, dtype=object), list(removed)
    found = Neighbours.of(table)
    for name, others in KEPT_FROM:
        near = found.rows_near(np.isin(placed, others), split.test_distance) & (placed == name)
        placed[near] = ""
        for row in np.flatnonzero(near).tolist():
            reasons[row] = "near_training"
    return placed.tolist(), reasons


class _Rows:
    """The columns splitting looks at."""

    def __init__(self, table: pa.Table, removed: list[str]) -> None:
        self.withheld, self.family, self.origin = (table[n].to_pylist() for n in ("withheld", "family", "origin"))
        self.language, self.label = table["language"].to_pylist(), table["label"].to_pylist()
        self.kept = [row for row, reason in enumerate(removed) if not reason]
        self.members: dict[str, list[int]] = defaultdict(list)
        for row in self.kept:
            if not self.withheld[row]:
                self.members[self.family[row]].append(row)


def _strata(rows: _Rows) -> list[list[str]]:
    """Families grouped by the language, label and realness of most of their rows, each group in a stable order."""
    strata: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for family, members in rows.members.items():
        kinds = Counter((rows.language[r], rows.label[r], rows.origin[r] != "generated") for r in members)
        strata[max(kinds, key=lambda kind: (kinds[kind], kind))].append(family)
    real = any(key[2] for key in strata)
    return [sorted(families) for key, families in sorted(strata.items()) if key[2] or not real]


def _divide(families: list[str], rows: _Rows, splits: list[str], split: Split, random: Random) -> None:
    """Move whole families out of training until calibration and test have their shares, the smallest if none fits."""
    random.shuffle(families)
    total = sum(len(rows.members[family]) for family in families)
    wanted = {CALIBRATION: split.calibration * total, TEST: split.test * total}
    for name, share in wanted.items():
        taken: list[str] = []
        room = max(2.0, share)
        for family in list(families):
            if len(families) - len(taken) > 1 and len(rows.members[family]) <= room:
                taken.append(family)
                room -= len(rows.members[family])
        if not taken and len(families) > 1:
            taken = [min(families, key=lambda family: len(rows.members[family]))]
        for family in taken:
            families.remove(family)
            for row in rows.members[family]:
                splits[row] = name

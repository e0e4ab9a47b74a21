"""Tags rows that are a slip of the finger away from a row with another label: one of the two labels is wrong."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from foundry_engine.constitution import Constitution
from foundry_engine.features.normalizer import normalize
from foundry_engine.refinery.neighbours import Neighbours
from foundry_engine.refinery.preference import ranks
from foundry_engine.similarity.guards import is_typo_twin, slips_allowed

SCOPE = "dataset"


class Settings(BaseModel):
    """No settings: the rule is ``similarity.guards.is_typo_twin`` among neighbours."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``conflict_with``: the smallest id of a row that says the same under another label, or null.

    Both rows are tagged, for a person to decide; duplicates of better rows are left to those.
    """
    negations = [normalize(text) for text in constitution.negations]
    ids, labels, cores = (table[name].to_pylist() for name in ("id", "label", "core"))
    alive = table["duplicate_of"].is_null().to_numpy()
    order = np.array(sorted(range(len(ids)), key=ranks(table).__getitem__), dtype=np.int64)
    found: list[list[str]] = [[] for _ in ids]
    for some, others in Neighbours.of(table).row_pairs(order[alive[order]]):
        for row, other in zip(some.tolist(), others.tolist(), strict=True):
            if labels[other] == labels[row]:
                continue
            a, b = cores[row], cores[other]
            if abs(len(a) - len(b)) <= slips_allowed(max(len(a), len(b))) and is_typo_twin(a, b, negations):
                found[row].append(ids[other])
                found[other].append(ids[row])
    return table.append_column("conflict_with", pa.array([min(near, default=None) for near in found], pa.string()))

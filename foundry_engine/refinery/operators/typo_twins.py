"""Tags rows a slip of the finger away from a better row: removed only when digits, negation and label agree."""

from __future__ import annotations

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from foundry_engine.constitution import Constitution
from foundry_engine.features.normalizer import normalize
from foundry_engine.refinery.preference import ranks
from foundry_engine.similarity.guards import is_typo_twin

SCOPE = "dataset"


class Settings(BaseModel):
    """No settings: the rule is ``similarity.guards.is_typo_twin`` among neighbours."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``twin_of``: id of the kept row this one is a twin of, or null.

    A kept row absorbs its direct twins only (stars, not chains), so every removed row is close to a row that stays.
    """
    negations = [normalize(text) for text in constitution.negations]
    ids, labels, cores = (table[name].to_pylist() for name in ("id", "label", "core"))
    neighbours = table["neighbours"].to_pylist()
    gone = [tag is not None for tag in table["duplicate_of"].to_pylist()]
    twin_of: list[str | None] = [None] * len(ids)
    for row in sorted(range(len(ids)), key=ranks(table).__getitem__):
        if gone[row]:
            continue
        for neighbour in neighbours[row]:
            other = neighbour["row"]
            if gone[other] or labels[other] != labels[row] or twin_of[row] is not None:
                continue
            if cores[other] != cores[row] and is_typo_twin(cores[row], cores[other], negations):
                twin_of[other] = ids[row]
                gone[other] = True
        gone[row] = True
    return table.append_column("twin_of", pa.array(twin_of, pa.string()))

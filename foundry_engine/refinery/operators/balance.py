"""Tags rows with a training weight; rare groups weigh more, and nothing is thrown away."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.constitution import Constitution

SCOPE = "dataset"
Factor = Annotated[float, Field(gt=0, le=10)]


class Settings(BaseModel):
    """``strength`` 0 leaves groups as they are, 1 gives every (language, label) the same total weight.

    ``origin`` and ``source`` multiply the weight of rows by how they came to be and where they come from; the
    constitution's ``weight`` of a label multiplies that of its rows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    strength: Annotated[float, Field(ge=0, le=1)] = 0.5
    origin: dict[str, Factor] = {}
    source: dict[str, Factor] = {}


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``weight``, with mean 1 over rows that are neither withheld nor duplicates."""
    groups = list(zip(table["language"].to_pylist(), table["label"].to_pylist(), strict=True))
    duplicate, withheld = table["duplicate_of"].to_pylist(), table["withheld"].to_pylist()
    origin, source = table["origin"].to_pylist(), table["source"].to_pylist()
    used = [d is None and not w for d, w in zip(duplicate, withheld, strict=True)]
    counts = Counter(group for group, use in zip(groups, used, strict=True) if use)
    even = sum(counts.values()) / max(1, len(counts))
    share = {group: (even / count) ** settings.strength for group, count in counts.items()}
    cost = {label.name: label.weight for label in constitution.labels}
    weights = [
        share.get(group, 1.0) * cost.get(group[1], 1.0) * settings.origin.get(o, 1.0) * settings.source.get(s, 1.0)
        for group, o, s in zip(groups, origin, source, strict=True)
    ]
    total = sum(weight for weight, use in zip(weights, used, strict=True) if use)
    mean = total / max(1, sum(used)) or 1.0
    return table.append_column("weight", pa.array([round(weight / mean, 6) for weight in weights], pa.float64()))

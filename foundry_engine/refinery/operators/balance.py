"""Tags rows with a training weight, and if asked how often to draw them and which are above a cap.

Rare groups weigh more and are drawn more often; throwing rows away to even out labels costs more than it gives, so a
cap is for labels that would swamp a file, and is off.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.constitution import Constitution
from foundry_engine.refinery.decide import removal_reasons
from foundry_engine.refinery.preference import ranks

SCOPE = "dataset"
Factor = Annotated[float, Field(gt=0, le=10)]


class Settings(BaseModel):
    """``strength`` 0 leaves groups as they are, 1 gives every (language, label) the same total weight.

    ``origin`` and ``source`` multiply the weight of rows by how they came to be and where they come from; the
    constitution's ``weight`` of a label multiplies that of its rows. ``oversample`` 1 draws the rows of every group so
    often that it is as large as the largest; weights then even out what is left. ``cap`` is the most rows of a group.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    strength: Annotated[float, Field(ge=0, le=1)] = 0.5
    oversample: Annotated[float, Field(ge=0, le=1)] = 0.0
    cap: Annotated[int, Field(ge=1)] | None = None
    origin: dict[str, Factor] = {}
    source: dict[str, Factor] = {}


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``weight``, with mean 1 over rows that are neither withheld nor duplicates.

    With ``oversample`` also ``repeat``: how often to draw the row; with ``cap`` also ``over_cap``.
    """
    if settings.cap is not None:
        table = table.append_column("over_cap", pa.array(_over_cap(table, settings.cap), pa.bool_()))
    groups = list(zip(table["language"].to_pylist(), table["label"].to_pylist(), strict=True))
    duplicate, withheld = table["duplicate_of"].to_pylist(), table["withheld"].to_pylist()
    origin, source = table["origin"].to_pylist(), table["source"].to_pylist()
    used = [d is None and not w for d, w in zip(duplicate, withheld, strict=True)]
    if settings.cap is not None:
        used = [use and not over for use, over in zip(used, table["over_cap"].to_pylist(), strict=True)]
    counts = Counter(group for group, use in zip(groups, used, strict=True) if use)
    if settings.oversample:
        largest = max(counts.values(), default=1)
        repeat = {group: max(1, round((largest / count) ** settings.oversample)) for group, count in counts.items()}
        counts = Counter({group: count * repeat[group] for group, count in counts.items()})
        table = table.append_column("repeat", pa.array([repeat.get(group, 1) for group in groups], pa.int64()))
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


def _over_cap(table: pa.Table, cap: int) -> list[bool]:
    """Rows beyond the cap of their (language, label): of those that stay so far the best are kept, ties by rank."""
    reasons, rank = removal_reasons(table), ranks(table)
    score = table["quality_score"].to_pylist() if "quality_score" in table.column_names else [1.0] * table.num_rows
    kept: Counter[tuple[str, str]] = Counter()
    over = [False] * table.num_rows
    groups = list(zip(table["language"].to_pylist(), table["label"].to_pylist(), strict=True))
    withheld = table["withheld"].to_pylist()
    for row in sorted(range(table.num_rows), key=lambda row: (-score[row], rank[row])):
        if not reasons[row] and not withheld[row]:
            kept[groups[row]] += 1
            over[row] = kept[groups[row]] > cap
    return over

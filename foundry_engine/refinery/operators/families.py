"""Tags rows with their family: what was made from one mould or pair, or is a near duplicate, belongs together."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from foundry_engine.constitution import Constitution

SCOPE = "dataset"


class Settings(BaseModel):
    """No settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``family``: the smallest id of the connected component. Families are never split."""
    ids = table["id"].to_pylist()
    parent = list(range(len(ids)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    def join(rows: Iterable[int]) -> None:
        first, *others = rows
        for other in others:
            parent[root(other)] = root(first)

    for name in ("mould", "pair"):
        groups: dict[str, list[int]] = {}
        for row, value in enumerate(table[name].to_pylist()):
            if value:
                groups.setdefault(value, []).append(row)
        for rows in groups.values():
            join(rows)
    for row, neighbours in enumerate(table["neighbours"].to_pylist()):
        join([row, *(neighbour["row"] for neighbour in neighbours)])
    smallest: dict[int, str] = {}
    for row, id_ in enumerate(ids):
        smallest[root(row)] = min(id_, smallest.get(root(row), id_))
    return table.append_column("family", pa.array([smallest[root(row)] for row in range(len(ids))], pa.string()))

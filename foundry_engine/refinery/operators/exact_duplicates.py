"""Tags rows that say the same as a better row of the same label: equal but for case, width, spaces and end marks."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from foundry_engine.constitution import Constitution
from foundry_engine.refinery.preference import ranks

SCOPE = "dataset"


class Settings(BaseModel):
    """No settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``duplicate_of``: id of the row that stays, or null.

    A final question mark counts as part of the text: with it and without it are two texts.
    """
    groups: dict[tuple[str, str, bool], list[int]] = defaultdict(list)
    cores, normalized = table["core"].to_pylist(), table["normalized"].to_pylist()
    for row, (core, text, label) in enumerate(zip(cores, normalized, table["label"].to_pylist(), strict=True)):
        groups[label, core, text.endswith("?")].append(row)
    ids, rank = table["id"].to_pylist(), ranks(table)
    duplicate_of: list[str | None] = [None] * len(ids)
    for rows in groups.values():
        kept, *others = sorted(rows, key=rank.__getitem__)
        for row in others:
            duplicate_of[row] = ids[kept]
    return table.append_column("duplicate_of", pa.array(duplicate_of, pa.string()))

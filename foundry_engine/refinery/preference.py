"""Which of several equal rows is kept."""

from __future__ import annotations

import pyarrow as pa

ORIGINS = ("corpus", "imported", "written", "generated")
"""Real rows before written ones before generated ones."""


def ranks(table: pa.Table) -> list[tuple[bool, int, str]]:
    """A rank for each row, best first: training before withheld, real before made, then by id, so it is stable."""
    withheld, origin, ids = (table[name].to_pylist() for name in ("withheld", "origin", "id"))
    place = {name: i for i, name in enumerate(ORIGINS)}
    return [(w, place.get(o, len(ORIGINS)), i) for w, o, i in zip(withheld, origin, ids, strict=True)]

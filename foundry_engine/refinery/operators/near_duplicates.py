"""Tags every row with its neighbours: rows of verified Jaccard similarity at or above a threshold."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.constitution import Constitution
from foundry_engine.similarity.shingles import shingles

SCOPE = "dataset"
NEIGHBOUR = pa.struct([("row", pa.int64()), ("similarity", pa.float64())])


class Settings(BaseModel):
    """``threshold`` is the least Jaccard similarity of neighbours; splitting relies on 0.6 or less."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    threshold: Annotated[float, Field(gt=0, le=0.6)] = 0.6


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``neighbours``: row numbers with similarities, ascending, in both directions."""
    from foundry_engine.similarity.exact_join import similar_pairs  # scipy: not needed to read a blueprint

    sets = [shingles(text) for text in table["normalized"].to_pylist()]
    neighbours: list[list[dict[str, float]]] = [[] for _ in sets]
    for i, j, similarity in zip(*(part.tolist() for part in similar_pairs(sets, settings.threshold)), strict=True):
        neighbours[i].append({"row": j, "similarity": similarity})
        neighbours[j].append({"row": i, "similarity": similarity})
    for found in neighbours:
        found.sort(key=lambda neighbour: neighbour["row"])
    return table.append_column("neighbours", pa.array(neighbours, pa.list_(NEIGHBOUR)))

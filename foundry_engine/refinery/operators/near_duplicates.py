"""Tags every row with its neighbours: rows of verified Jaccard similarity at or above a threshold."""

from __future__ import annotations

from typing import Annotated, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.constitution import Constitution

SCOPE = "dataset"
NEIGHBOUR = pa.struct([("row", pa.int64()), ("similarity", pa.float64())])
LENGTHS = {"by_script": None, "bigrams": 2, "trigrams": 3}


class Settings(BaseModel):
    """``threshold`` is the least Jaccard similarity of neighbours; splitting relies on 0.6 or less.

    ``shingles`` are bigrams for scripts without spaces and trigrams for others, or one length for all. ``join`` is
    ``auto`` (exact up to 400,000 distinct texts of one script, checked MinHash bands above), or one way for all;
    ``datasketch`` is there to compare with, and misses many. ``memory_mib`` bounds what a join may take.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    threshold: Annotated[float, Field(gt=0, le=0.6)] = 0.6
    shingles: Literal["by_script", "bigrams", "trigrams"] = "by_script"
    join: Literal["auto", "exact", "bands", "datasketch"] = "auto"
    memory_mib: Annotated[int, Field(ge=64, le=1 << 20)] = 4096


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``neighbours``: row numbers with similarities, ascending, in both directions.

    Of rows with the very same shingles the one of smallest id has the neighbours, and is the only one of the others;
    ``refinery.neighbours`` reads the tag.
    """
    from foundry_engine.similarity.similar_pairs import similar_pairs  # slow to import, not needed for a blueprint

    pairs = similar_pairs(
        table["core"].to_pylist(),
        settings.threshold,
        length=LENGTHS[settings.shingles],
        join=settings.join,
        memory=settings.memory_mib << 20,
        names=table["id"].to_pylist(),
    )
    starts, rows, similarity = pairs.lists(table.num_rows)
    flat = pa.StructArray.from_arrays([pa.array(rows), pa.array(similarity)], fields=list(NEIGHBOUR))
    return table.append_column("neighbours", pa.ListArray.from_arrays(pa.array(starts, pa.int32()), flat))

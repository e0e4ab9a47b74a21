"""Tags every row with the parts of its quality, and last with one number made of them."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.constitution import Constitution

SCOPE = "row"
PARTS = ("validity", "uniqueness", "label_health", "safety")
QUALITY = pa.struct([(name, pa.float64()) for name in PARTS])
Part = Literal["validity", "uniqueness", "label_health", "balance", "diversity", "safety", "split_hygiene"]
INVALID = ("schema_problem", "length_problem", "language_problem")
REPEATED = ("duplicate_of", "twin_of")
FOUND = ("secrets", "pii")


class Settings(BaseModel):
    """``weights`` of the parts in the one number, of rows here and of the dataset in the report; 0 leaves one out."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    weights: dict[Part, Annotated[float, Field(ge=0, le=100)]] = {}


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``quality`` (parts 0 to 1, null where no operator told) and ``quality_score``, their geometric mean."""
    there = set(table.column_names)
    wanted = [name for name in (*INVALID, *REPEATED, *FOUND, "label_suspect", "conflict") if name in there]
    rows = [_parts(row, there) for row in table.select(wanted).to_pylist()] if wanted else [{}] * table.num_rows
    quality = [{name: row.get(name) for name in PARTS} for row in rows]
    scores = [_mean(row, settings) for row in quality]
    table = table.append_column("quality", pa.array(quality, QUALITY))
    return table.append_column("quality_score", pa.array(scores, pa.float64()))


def _parts(row: dict[str, Any], there: set[str]) -> dict[str, float]:
    parts = {}
    for name, tags in (("validity", INVALID), ("uniqueness", REPEATED), ("safety", FOUND)):
        if there.intersection(tags):
            parts[name] = 0.0 if any(row.get(tag) not in (None, []) for tag in tags) else 1.0
    if "label_suspect" in there or "conflict" in there:
        suspect = row.get("label_suspect")
        parts["label_health"] = 0.0 if row.get("conflict") else round(suspect["score"], 6) if suspect else 1.0
    return parts


def _mean(parts: dict[str, float | None], settings: Settings) -> float:
    """Weighted geometric mean of the known parts; 0 in one of them is 0."""
    known = [(value, settings.weights.get(name, 1.0)) for name, value in parts.items() if value is not None]  # type: ignore[call-overload]
    total = sum(weight for _, weight in known)
    if not total or any(value == 0 and weight for value, weight in known):
        return 0.0 if total else 1.0
    return round(math.exp(sum(weight * math.log(value) for value, weight in known if weight) / total), 6)

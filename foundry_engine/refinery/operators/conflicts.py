"""Tags texts that occur with two labels: all of their rows leave the dataset, for a person to decide."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from foundry_engine.constitution import Constitution

SCOPE = "dataset"


class Settings(BaseModel):
    """No settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``conflict``: whether a text that ``exact_duplicates`` takes for the same has another label elsewhere."""
    labels: dict[tuple[str, bool], set[str]] = defaultdict(set)
    texts = [
        (core, text.endswith("?"))
        for core, text in zip(table["core"].to_pylist(), table["normalized"].to_pylist(), strict=True)
    ]
    for text, label in zip(texts, table["label"].to_pylist(), strict=True):
        labels[text].add(label)
    return table.append_column("conflict", pa.array([len(labels[text]) > 1 for text in texts], pa.bool_()))

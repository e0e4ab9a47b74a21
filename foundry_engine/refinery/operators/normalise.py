"""Tags every row with its normalized text, as the model will see it, and with its core (no outer punctuation)."""

from __future__ import annotations

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from foundry_engine.constitution import Constitution
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import core_span

SCOPE = "row"


class Settings(BaseModel):
    """No settings: the normaliser is frozen with the artifact format."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``normalized`` and ``core``; a core is the normalized text itself when nothing but punctuation is there."""
    normalized = [normalize(text) for text in table["text"].to_pylist()]
    cores = []
    for text in normalized:
        first, last = core_span(text)
        cores.append(text[first:last] or text)
    table = table.append_column("normalized", pa.array(normalized, pa.string()))
    return table.append_column("core", pa.array(cores, pa.string()))

"""Tags rows with the text to be written in place of theirs: secrets and personal data replaced by reserved values."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_validator

from foundry_engine.constitution import Constitution
from foundry_engine.refinery.findings import known_kinds
from foundry_engine.refinery.salt import dataset_salt
from foundry_engine.scanning import PII_KINDS, SECRET_KINDS, redact

SCOPE = "row"


class Settings(BaseModel):
    """``kinds`` are replaced; the same value becomes the same surrogate under one ``seed`` and ``FOUNDRY_SALT``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kinds: Annotated[list[str], Field(min_length=1)] = [*SECRET_KINDS, *PII_KINDS]
    seed: Annotated[int, Field(ge=0)] = 0

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: list[str]) -> list[str]:
        return known_kinds(kinds, SECRET_KINDS + PII_KINDS)


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``redacted``: the text with surrogates, in which a second scan finds nothing, or null where none is needed.

    What is written of a row afterwards takes this text (``refinery/written.py``).
    """
    salt, kinds = dataset_salt(settings.seed), frozenset(settings.kinds)
    redacted = []
    for text in table["text"].to_pylist():
        clean, found = redact(text, salt, kinds)
        redacted.append(clean if found else None)
    return table.append_column("redacted", pa.array(redacted, pa.string()))

"""Tags rows with the secrets in them: keys, tokens, passwords, private keys, credentials in URLs."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_validator

from foundry_engine.constitution import Constitution
from foundry_engine.refinery.findings import findings_column, known_kinds
from foundry_engine.refinery.salt import dataset_salt
from foundry_engine.scanning import SECRET_KINDS

SCOPE = "row"


class Settings(BaseModel):
    """``kinds`` are looked for; ``seed`` and the secret ``FOUNDRY_SALT`` make the hashes of this dataset its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kinds: Annotated[list[str], Field(min_length=1)] = list(SECRET_KINDS)
    seed: Annotated[int, Field(ge=0)] = 0

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: list[str]) -> list[str]:
        return known_kinds(kinds, SECRET_KINDS)


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``secrets``: a list of kind, span in code points of ``text``, rule and hash; empty where there is none."""
    found = findings_column(table["text"].to_pylist(), settings.kinds, dataset_salt(settings.seed))
    return table.append_column("secrets", found)

"""Tags rows whose normalized text is too short or too long to be learned from."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.constitution import Constitution

SCOPE = "row"


class Settings(BaseModel):
    """Code points of the normalized text; ``min_zh`` and ``min_en`` stand for ``min`` in that language."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    min: Annotated[int, Field(ge=0)] = 1
    max: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    min_zh: Annotated[int, Field(ge=0)] | None = None
    min_en: Annotated[int, Field(ge=0)] | None = None


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``length`` and ``length_problem``: what was expected and got, or null."""
    least = {"zh": settings.min_zh, "en": settings.min_en}
    lengths = [len(text) for text in table["normalized"].to_pylist()]
    problems: list[str | None] = []
    for length, language in zip(lengths, table["language"].to_pylist(), strict=True):
        own = least.get(language)
        low = settings.min if own is None else own
        if length < low:
            problems.append(f"{length} code points, at least {low}")
        elif length > settings.max:
            problems.append(f"{length} code points, at most {settings.max}")
        else:
            problems.append(None)
    table = table.append_column("length", pa.array(lengths, pa.int64()))
    return table.append_column("length_problem", pa.array(problems, pa.string()))

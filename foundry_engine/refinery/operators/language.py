"""Tags rows with the script and language their characters tell, and those that cannot be what they are declared."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.constitution import Constitution
from foundry_engine.language.script import language_of, may_be
from foundry_engine.language.scripts import script_of

SCOPE = "row"


class Settings(BaseModel):
    """``allowed`` languages (empty: any); ``scripts`` that may be dominant; both are told by characters alone.

    Characters cannot tell languages of one script apart: French is ``en`` here, and all Han without kana is ``zh``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    allowed: list[str] = []
    scripts: Annotated[list[str], Field(min_length=1)] = ["han", "latin", "none"]


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``script``, ``detected_language`` and ``language_problem``: what does not fit, or null."""
    texts, declared = table["text"].to_pylist(), table["language"].to_pylist()
    scripts = [script_of(text) for text in texts]
    read = "reads_as" in table.column_names  # raw rows were parted by it
    detected = table["reads_as"].to_pylist() if read else [language_of(text) for text in texts]
    problems: list[str | None] = []
    for text, language, script, found in zip(texts, declared, scripts, detected, strict=True):
        problem = None
        if script not in settings.scripts:
            problem = f"script {script}, expected {', '.join(settings.scripts)}"
        elif settings.allowed and language not in settings.allowed:
            problem = f"language {language}, expected {', '.join(settings.allowed)}"
        elif found != language and language in ("zh", "en") and not may_be(text, language):
            problem = f"declared {language}, reads as {found}"
        problems.append(problem)
    for name, values in (("script", scripts), ("detected_language", detected), ("language_problem", problems)):
        table = table.append_column(name, pa.array(values, pa.string()))
    return table

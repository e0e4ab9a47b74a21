"""Tags rows that break the dataset's contract: no text, an undeclared label, broken characters, a missing field."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from foundry_engine.constitution import Constitution

SCOPE = "row"
REPLACEMENT = "\ufffd"


class Settings(BaseModel):
    """``required`` columns must hold something; ``one_of`` lists what a column may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    required: list[str] = []
    one_of: dict[str, list[str]] = {}


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``schema_problem``: the first thing that is wrong with the row, or null."""
    labels = {label.name for label in constitution.labels}
    columns = ["text", "normalized", "label", *settings.required, *settings.one_of]
    rows = table.select(list(dict.fromkeys(columns))).to_pylist()
    problems = [_problem(row, labels, settings) for row in rows]
    return table.append_column("schema_problem", pa.array(problems, pa.string()))


def _problem(row: dict[str, Any], labels: set[str], settings: Settings) -> str | None:
    if not row["normalized"]:
        return "the text is empty"
    if REPLACEMENT in row["text"]:
        return f"U+FFFD at position {row['text'].index(REPLACEMENT)}: the text was decoded wrongly before"
    control = next((char for char in row["text"] if char < " " and char not in "\t\n\r"), None)
    if control is not None:
        return f"control character U+{ord(control):04X}"
    if row["label"] not in labels:
        return f"label '{row['label']}' is not declared"
    for name in settings.required:
        if row[name] in (None, ""):
            return f"no {name}"
    for name, allowed in settings.one_of.items():
        if row[name] not in allowed:
            return f"{name} '{row[name]}' is not one of {', '.join(allowed)}"
    return None

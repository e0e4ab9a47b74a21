"""Tags rows that are or contain source code with what a parser sees in it; needs the extra ``code``."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from foundry_engine.constitution import Constitution
from foundry_engine.refinery.source_code import language_named, read_source

SCOPE = "row"
CODE = pa.struct(
    [
        ("language", pa.string()),
        ("parses", pa.bool_()),
        ("error_share", pa.float64()),
        ("comment_share", pa.float64()),
        ("lines", pa.int64()),
        ("functions", pa.list_(pa.string())),
        ("types", pa.list_(pa.string())),
        ("names", pa.list_(pa.string())),
    ]
)
FENCE = re.compile(
    r"^[ ]{0,3}```[ \t]*([A-Za-z0-9+#]{1,20})[^\n`]{0,200}\n(.*?)(?:^[ ]{0,3}```|\Z)", re.MULTILINE | re.DOTALL
)


class Settings(BaseModel):
    """``language``: rows are code of this language as a whole; without it, code between three backticks is read.

    Then the language is the word after the backticks; blocks of other languages are left alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    language: Literal["python", "javascript", "typescript", "java", "go", "rust", "c", "cpp"] | None = None


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``code``: for each piece of code its language, parse errors, functions, types and names.

    Raises ``MissingDependency`` when there is code to parse and tree-sitter is not installed.
    """
    rows = [_read(text, settings.language) for text in table["text"].to_pylist()]
    return table.append_column("code", pa.array(rows, pa.list_(CODE)))


def _read(text: str, language: str | None) -> list[dict[str, Any]]:
    if language is not None:
        return [asdict(read_source(text, language))]
    if "```" not in text:
        return []
    blocks = [(language_named(word), code) for word, code in FENCE.findall(text)]
    return [asdict(read_source(code, name)) for name, code in blocks if name is not None]

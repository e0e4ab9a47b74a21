"""The texts that may leave the refinery."""

from __future__ import annotations

import pyarrow as pa


def written_texts(table: pa.Table) -> list[str]:
    """For each row its redacted text where operator ``redact`` made one, else its text."""
    texts: list[str] = table["text"].to_pylist()
    if "redacted" not in table.column_names:
        return texts
    return [text if clean is None else clean for text, clean in zip(texts, table["redacted"].to_pylist(), strict=True)]

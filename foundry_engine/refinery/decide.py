"""The last step of refining: reads the tags and says which rows stay, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

REASONS = (
    ("conflict", "conflict"),
    ("boundary_of", "boundary"),
    ("duplicate_of", "duplicate"),
    ("twin_of", "typo_twin"),
    ("crowded_by", "crowded"),
)
"""Tag column and reason, in the order they decide; operators that were not run have no column."""


def removal_reasons(table: pa.Table) -> list[str]:
    """For each row the first reason to remove it, or an empty string."""
    reasons = [""] * table.num_rows
    for column, reason in REASONS:
        if column not in table.column_names:
            continue
        for row, tag in enumerate(table[column].to_pylist()):
            if not reasons[row] and tag not in (None, False):
                reasons[row] = reason
    return reasons


def removed_rows(table: pa.Table, reasons: list[str]) -> Iterator[dict[str, object]]:
    """Every removed row with its reason and the evidence: the row or boundary case it fell to."""
    columns = dict(REASONS)
    evidence = {reason: column for column, reason in columns.items()}
    names = ["id", "text", "label", "language", "source"]
    rows = table.select(names).to_pylist()
    tags = {column: table[column].to_pylist() for column in columns if column in table.column_names}
    for number, (row, reason) in enumerate(zip(rows, reasons, strict=True)):
        if reason:
            tag = tags[evidence[reason]][number] if reason in evidence else None
            yield {"reason": reason, "evidence": tag, **row}

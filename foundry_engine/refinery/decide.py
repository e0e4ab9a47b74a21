"""The last step of refining: reads the tags and says which rows stay, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from foundry_engine import registry
from foundry_engine.errors import InvalidSetting
from foundry_engine.refinery.written import written_texts

REASONS = (
    ("schema_problem", "schema"),
    ("length_problem", "length"),
    ("language_problem", "language"),
    ("conflict", "conflict"),
    ("conflict_with", "twin_conflict"),
    ("boundary_of", "boundary"),
    ("duplicate_of", "duplicate"),
    ("twin_of", "typo_twin"),
    ("label_error", "label_error"),
    ("crowded_by", "crowded"),
    ("over_cap", "cap"),
)
"""Tag column and reason, in the order they decide; operators that were not run have no column."""
CONFLICTS = ("conflict", "twin_conflict")
"""Reasons of rows that a person has to decide; they are in the conflicts file too."""
NEAR_TRAINING = "near_training"
"""The one reason that splitting adds."""


def removal_reasons(table: pa.Table, remove: Sequence[str] | None = None) -> list[str]:
    """For each row the first reason to remove it, or an empty string; ``remove`` names the reasons that count.

    Raises ``InvalidSetting`` for a reason that no tag has.
    """
    known = [reason for _, reason in REASONS]
    for reason in remove or ():
        if reason not in known:
            raise InvalidSetting(f"remove: no reason '{reason}'; {registry.suggest(reason, known)}")
    reasons = [""] * table.num_rows
    for column, reason in REASONS:
        if column not in table.column_names or (remove is not None and reason not in remove):
            continue
        for row, tag in enumerate(table[column].to_pylist()):
            if not reasons[row] and tag not in (None, False):
                reasons[row] = reason
    return reasons


def removed_rows(table: pa.Table, reasons: list[str]) -> Iterator[dict[str, object]]:
    """Every removed row: reason, the tag that decided (``rule``), its evidence, and the row that stays in its place."""
    rule_of = {reason: column for column, reason in REASONS}
    names = ["id", "text", "label", "language", "source"] + [n for n in ("task", "place") if n in table.column_names]
    rows = [
        {**row, "text": text} for row, text in zip(table.select(names).to_pylist(), written_texts(table), strict=True)
    ]
    tags = {column: table[column].to_pylist() for column, _ in REASONS if column in table.column_names}
    for number, (row, reason) in enumerate(zip(rows, reasons, strict=True)):
        if reason:
            rule = rule_of.get(reason, reason)
            tag = tags[rule][number] if rule in tags else None
            survivor = tag if rule in ("duplicate_of", "twin_of") else None
            yield {"reason": reason, "rule": rule, "evidence": tag, "survivor": survivor, **row}

"""Small Arrow tables of samples for tests of the refinery."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from foundry_engine import registry
from foundry_engine.constitution import Constitution
from foundry_engine.data_refiner import samples_table
from foundry_engine.records import Sample
from tests import courtesy

ORDER = [
    "normalise",
    "exact_duplicates",
    "conflicts",
    "near_duplicates",
    "typo_twins",
    "boundary_twins",
    "families",
    "balance",
]
"""The operators in the order the default blueprint runs them."""
ON_REQUEST = {
    "schema": ["normalise"],
    "language": [],
    "length": ["normalise"],
    "twin_conflicts": ORDER[: ORDER.index("typo_twins")],
    "label_errors": ORDER[:-1],
    "quality_score": [*ORDER[:-1], "label_errors"],
    "secrets": [],
    "pii": [],
    "redact": [],
    "toxicity": [],
    "code_quality": [],
}
"""Operators a blueprint asks for, and what they come after."""


@dataclass
class Rows:
    """Collects samples; ids count up as rows are added unless they are given."""

    samples: list[Sample] = field(default_factory=list)

    def add(self, text: str, label: str = "Polite", **more: str) -> Rows:
        language = "en" if text.isascii() else "zh"
        values = {"id": f"{len(self.samples):016x}", "language": language, "origin": "generated", "source": "offline"}
        self.samples.append(Sample(text=text, label=label, **{**values, **more}))
        return self

    def table(self, withheld: tuple[str, ...] = ()) -> pa.Table:
        return samples_table(self.samples, list(withheld))


def apply(name: str, table: pa.Table, law: Constitution | None = None, **settings: Any) -> pa.Table:
    """One operator over a table."""
    operator = registry.find("operators", name)
    return operator.apply(table, operator.Settings.model_validate(settings), law or courtesy.law())


def up_to(name: str, table: pa.Table, law: Constitution | None = None, **settings: Any) -> pa.Table:
    """All operators of the usual order until this one."""
    for other in before(name):
        table = apply(other, table, law)
    return apply(name, table, law, **settings)


def before(name: str) -> list[str]:
    """The operators that come before this one."""
    return ON_REQUEST[name] if name in ON_REQUEST else ORDER[: ORDER.index(name)]


def tags(table: pa.Table, column: str) -> dict[str, Any]:
    """A column by the rows' texts."""
    return dict(zip(table["text"].to_pylist(), table[column].to_pylist(), strict=True))

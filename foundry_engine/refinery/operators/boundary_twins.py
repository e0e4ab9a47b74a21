"""Tags rows that are a boundary case or its typo twin: boundary cases are never trained on."""

from __future__ import annotations

from collections import Counter, defaultdict

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from foundry_engine.constitution import Constitution
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import core_span
from foundry_engine.similarity.edit_distance import within
from foundry_engine.similarity.shingles import shingles

SCOPE = "row"
SIMILARITY = 0.6


class Settings(BaseModel):
    """No settings: what a twin is must not be loosened."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``boundary_of``: the boundary case a row equals or is one slip away from, whatever its label, or null."""
    cases = [case.text for case in constitution.boundary_cases]
    normalized = [normalize(text) for text in cases]
    case_sets = [shingles(text) for text in normalized]
    holders: dict[str, list[int]] = defaultdict(list)
    for number, case_set in enumerate(case_sets):
        for shingle in case_set:
            holders[shingle].append(number)
    tags: list[str | None] = []
    for text in table["normalized"].to_pylist():
        own = shingles(text)
        shared = Counter(number for shingle in own for number in holders.get(shingle, ()))
        near = (
            n for n, count in sorted(shared.items()) if count >= SIMILARITY * (len(own) + len(case_sets[n]) - count)
        )
        tags.append(next((cases[n] for n in near if is_boundary_twin(normalized[n], text)), None))
    return table.append_column("boundary_of", pa.array(tags, pa.string()))


def is_boundary_twin(case: str, text: str) -> bool:
    """Whether two normalized texts are the same sentence but for outer punctuation and one edit in twenty."""
    a, b = _letters(case), _letters(text)
    return within(a, b, max(1, max(len(a), len(b)) // 20))


def _letters(text: str) -> str:
    first, last = core_span(text)
    return text[first:last] or text

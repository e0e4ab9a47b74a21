"""Tags rows that are a boundary case or its typo twin: boundary cases are never trained on."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from foundry_engine.constitution import Constitution
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import core_span
from foundry_engine.similarity.edit_distance import within

SCOPE = "row"
SHORTEST = 5
"""Letters from which a slip leaves a sentence recognisable; shorter ones are twins only when equal."""


class Settings(BaseModel):
    """No settings: what a twin is must not be loosened."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``boundary_of``: the boundary case a row equals or is one slip away from, whatever its label, or null."""
    cases: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for case in constitution.boundary_cases:
        letters = _letters(normalize(case.text))
        cases[len(letters)].append((_signature(letters), letters, case.text))
    tags: list[str | None] = []
    for text in table["normalized"].to_pylist():
        letters = _letters(text)
        signature, slips = _signature(letters), _slips(len(letters) + 1 + len(letters) // 20)
        near = (
            case
            for length in range(len(letters) - slips, len(letters) + slips + 1)
            for other, own, case in cases.get(length, ())
            if (signature ^ other).bit_count() <= 2 * slips and _are_twins(own, letters)
        )
        tags.append(next(near, None))
    return table.append_column("boundary_of", pa.array(tags, pa.string()))


def is_boundary_twin(case: str, text: str) -> bool:
    """Whether two normalized texts are the same sentence but for outer punctuation and one edit in twenty."""
    return _are_twins(_letters(case), _letters(text))


def _are_twins(a: str, b: str) -> bool:
    return within(a, b, _slips(max(len(a), len(b))))


def _slips(length: int) -> int:
    return max(1, length // 20) if length >= SHORTEST else 0


def _signature(letters: str) -> int:
    """64 bits of which characters occur: an edit changes at most two of them."""
    bits = 0
    for char in letters:
        bits |= 1 << (ord(char) & 63)
    return bits


def _letters(text: str) -> str:
    first, last = core_span(text)
    return text[first:last] or text

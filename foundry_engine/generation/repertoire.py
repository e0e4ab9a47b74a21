"""What is there already, by label and language: examples for a prompt, and texts it must not write again.

Boundary cases, and what is close to them, are neither shown nor named: they are the test, not the lesson. Rows of
withheld sources are kept out by the caller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from foundry_engine.constitution import Constitution
from foundry_engine.features.normalizer import normalize
from foundry_engine.generation.plan import Cell
from foundry_engine.similarity.shingles import jaccard, shingles

CANDIDATES = 40
"""Texts drawn for each choice of examples."""
BALANCE = 0.5
"""Weight of a candidate's freshness against its distance from the examples chosen before it."""
TOO_CLOSE = 0.6
"""Jaccard similarity from which a text is a boundary case in other words."""

Group = tuple[str, str]


@dataclass
class _Row:
    """A text that was accepted; ``shown`` counts the prompts it was an example in."""

    text: str
    cell: str = ""
    traits: frozenset[tuple[str, str]] = frozenset()
    shown: int = 0
    shingles: frozenset[str] = field(default=frozenset())
    forbidden: bool | None = None


class Repertoire:
    """Accepted texts in the order they came; every answer depends on that order and the seed alone."""

    def __init__(self, constitution: Constitution) -> None:
        self._boundary = [shingles(normalize(case.text)) for case in constitution.boundary_cases]
        self._corpus: dict[Group, list[_Row]] = {}
        self._generated: dict[Group, list[_Row]] = {}
        self._repeated: dict[Group, Counter[str]] = {}

    def add_corpus(self, text: str, group: Group) -> None:
        """A row people brought."""
        self._corpus.setdefault(group, []).append(_Row(text))

    def add(self, text: str, cell: Cell, attributes: Sequence[tuple[str, str]]) -> None:
        """A text written for a cell and kept."""
        row = _Row(text, cell.id, frozenset(attributes))
        self._generated.setdefault(cell.group, []).append(row)

    def add_repeated(self, text: str, group: Group) -> None:
        """A text that was written although it, or one like it, was there: what the writer comes back to."""
        self._repeated.setdefault(group, Counter())[text] += 1

    def examples(self, group: Group, count: int, random: Random) -> tuple[str, ...]:
        """Texts of a label far apart from one another, the least shown first.

        Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998), with freshness in the place of relevance.
        """
        known = [*self._corpus.get(group, ()), *self._generated.get(group, ())]
        drawn = random.sample(known, min(CANDIDATES, len(known))) if count else []
        left = [row for row in drawn if not self._is_forbidden(row)]
        chosen: list[_Row] = []
        nearest = [0.0] * len(left)
        while left and len(chosen) < count:
            scores = [BALANCE / (1 + row.shown) - (1 - BALANCE) * near for row, near in zip(left, nearest, strict=True)]
            best = scores.index(max(scores))
            chosen.append(left.pop(best))
            nearest.pop(best)
            nearest = [max(n, jaccard(chosen[-1].shingles, r.shingles)) for n, r in zip(nearest, left, strict=True)]
        for row in chosen:
            row.shown += 1
        return tuple(row.text for row in chosen)

    def avoid(self, cell: Cell, attributes: Sequence[tuple[str, str]], count: int) -> tuple[str, ...]:
        """The cell's own texts, then what the writer comes back to most, then the latest texts with most in common."""
        generated = self._generated.get(cell.group, [])
        own = [row for row in reversed(generated) if row.cell == cell.id]
        repeated = self._repeated.get(cell.group, Counter()).most_common(count)
        wanted = frozenset(attributes)
        likest = sorted(range(len(generated)), key=lambda n: (-len(generated[n].traits & wanted), -n))
        found: dict[str, None] = {}
        for row in [*own, *(_Row(text) for text, _ in repeated), *(generated[n] for n in likest)]:
            if len(found) >= count:
                break
            if not self._is_forbidden(row):
                found[row.text] = None
        return tuple(found)

    def _is_forbidden(self, row: _Row) -> bool:
        if row.forbidden is None:
            row.shingles = shingles(normalize(row.text))
            row.forbidden = any(jaccard(row.shingles, case) >= TOO_CLOSE for case in self._boundary)
        return row.forbidden

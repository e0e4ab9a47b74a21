"""The coverage plan: which texts are wanted, as cells with stable ids, before anything is asked.

For every label and language: *axis* cells cover all pairs of axis values first and are then drawn by weight (pairwise
covering design, greedy as in Cohen et al., "The AETG System", 1997); *trap* cells ask for each kind of boundary; *pair*
cells come in twos with one filling and different labels (minimal pairs).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import Literal

from foundry_engine.blueprint import Blueprint
from foundry_engine.constitution import Constitution
from foundry_engine.folders import fingerprint_of

CANDIDATES = 8
"""Random rows tried for each place of the covering design; the one that covers most new pairs is taken."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One wish: ``samples`` texts of one label and language with these attributes.

    ``id`` depends on what is wished and on ``replica``, not on the cell's place in the plan.
    """

    id: str
    kind: Literal["axes", "trap", "pair"]
    label: str
    language: str
    attributes: tuple[tuple[str, str], ...]
    trap: str | None
    pair: str | None
    replica: int
    samples: int

    def wish(self) -> dict[str, object]:
        """The cell as a provider sees it."""
        return {
            "label": self.label,
            "language": self.language,
            "attributes": dict(self.attributes),
            "trap": self.trap,
            "pair": self.pair,
            "pair_seed": str(self.replica) if self.pair else None,
        }


def make_plan(blueprint: Blueprint, task: str) -> list[Cell]:
    """All cells of a task, the same for the same blueprint and seed, in the order they are gated."""
    constitution = blueprint.constitutions[task]
    settings = blueprint.declaration.generate
    seed = blueprint.declaration.seed
    cells: list[Cell] = []
    for language in blueprint.declaration.languages:
        pairs, halves = _pairs(constitution, language), _halves(constitution, language)
        traps = _traps(constitution, language)
        total = settings.cells_per_label
        n_pair = round(total * settings.pair_share) if pairs else 0
        for label in constitution.label_names:
            wanted_traps = traps.get(label, [])
            n_trap = round(total * settings.trap_share) if wanted_traps else 0
            random = Random(f"{seed}:{task}:{language}:{label}")
            rows = covering_rows(constitution.axes, total - n_pair - n_trap, random)
            spec = {"seed": seed, "task": task, "label": label, "language": language}
            for i, row in enumerate(rows):
                cells.append(_cell(spec, "axes", row, None, None, i, settings.samples_per_cell))
            trap_rows = covering_rows(constitution.axes, n_trap, random)
            for i, row in enumerate(trap_rows):
                trap = wanted_traps[i % len(wanted_traps)]
                cells.append(_cell(spec, "trap", row, trap, None, i, settings.samples_per_cell))
            for i in range(n_pair):
                pair = pairs[i % len(pairs)]
                if (label, pair) in halves:
                    cells.append(_cell(spec, "pair", {}, None, pair, i, 1))
    return cells


def covering_rows(axes: dict[str, dict[str, float]], count: int, random: Random) -> list[dict[str, str]]:
    """Rows of axis values: uncovered pairs of values first, then by weight. A value of weight 0 never occurs."""
    usable = {axis: {v: w for v, w in values.items() if w > 0} for axis, values in axes.items()}
    usable = {axis: values for axis, values in usable.items() if values}
    rows: list[dict[str, str]] = []
    covered: set[tuple[tuple[str, str], tuple[str, str]]] = set()
    for _ in range(count):
        drawn = [
            {axis: random.choices(list(v), list(v.values()))[0] for axis, v in usable.items()}
            for _ in range(CANDIDATES)
        ]
        best = max(drawn, key=lambda row: sum(pair not in covered for pair in combinations(row.items(), 2)))
        covered.update(combinations(best.items(), 2))
        rows.append(best)
    return rows


def _cell(
    spec: dict[str, object],
    kind: Literal["axes", "trap", "pair"],
    row: dict[str, str],
    trap: str | None,
    pair: str | None,
    replica: int,
    samples: int,
) -> Cell:
    wish = {**spec, "kind": kind, "attributes": row, "trap": trap, "pair": pair, "replica": replica}
    return Cell(
        id=fingerprint_of(wish)[:12],
        kind=kind,
        label=str(spec["label"]),
        language=str(spec["language"]),
        attributes=tuple(row.items()),
        trap=trap,
        pair=pair,
        replica=replica,
        samples=samples,
    )


def _pairs(constitution: Constitution, language: str) -> list[str]:
    """Pair names that have moulds of two labels in this language, sorted."""
    halves = _halves(constitution, language)
    names = {pair for _, pair in halves}
    return sorted(name for name in names if sum(pair == name for _, pair in halves) > 1)


def _halves(constitution: Constitution, language: str) -> set[tuple[str, str]]:
    moulds = constitution.grammar.moulds.values()
    return {(m.label, m.pair) for m in moulds if m.pair and m.language == language}


def _traps(constitution: Constitution, language: str) -> dict[str, list[str]]:
    """Traps to ask for under each label, in the order of declaration, known from boundary cases and moulds."""
    uses = {(case.label, case.trap) for case in constitution.boundary_cases}
    uses |= {(m.label, m.trap) for m in constitution.grammar.moulds.values() if m.trap and m.language == language}
    return {label: [trap for trap in constitution.traps if (label, trap) in uses] for label in constitution.label_names}


def summary(cells: list[Cell]) -> Iterator[tuple[str, str, str, int, int]]:
    """Rows of the plan's table: label, language, kind, cells, texts wanted."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for cell in cells:
        groups.setdefault((cell.label, cell.language, cell.kind), []).append(cell.samples)
    for (label, language, kind), samples in groups.items():
        yield label, language, kind, len(samples), sum(samples)

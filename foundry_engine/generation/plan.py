"""The coverage plan: which texts are wanted, as cells with stable ids, before anything is asked.

For every label and language: *axis* cells cover all pairs of axis values first and are then drawn by weight (pairwise
covering design, greedy as in Cohen et al., "The AETG System", 1997); *trap* cells ask for each kind of boundary; *near*
cells for texts that look like another label (hard negatives); *pair* cells come in twos with different labels (minimal
pairs): with one filling where a grammar writes, as one text and its rewriting where a model does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import Literal

from foundry_engine import registry
from foundry_engine.blueprint import Blueprint
from foundry_engine.constitution import Constitution
from foundry_engine.folders import fingerprint_of

Kind = Literal["axes", "trap", "pair", "near"]
BOUNDARY: frozenset[Kind] = frozenset({"trap", "pair", "near"})
"""Kinds of cell at a label's border."""
CANDIDATES = 8
"""Random rows tried for each place of the covering design; the one that covers most new pairs is taken."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One wish: ``samples`` texts of one label and language with these attributes.

    ``id`` depends on what is wished and on ``replica``, not on the cell's place in the plan. ``against`` is the label
    across the border: the pair's other half, or what a near miss looks like.
    """

    id: str
    kind: Kind
    label: str
    language: str
    attributes: tuple[tuple[str, str], ...]
    trap: str | None
    pair: str | None
    replica: int
    samples: int
    near: str | None = None
    against: str | None = None

    @property
    def group(self) -> tuple[str, str]:
        """Label and language: what the cell's texts are compared within."""
        return self.label, self.language

    def wish(self) -> dict[str, object]:
        """The cell as a provider sees it."""
        return {
            "label": self.label,
            "language": self.language,
            "attributes": dict(self.attributes),
            "trap": self.trap,
            "pair": self.pair,
            "near": self.near,
            "pair_seed": str(self.replica) if self.pair else None,
        }


def make_plan(blueprint: Blueprint, task: str) -> list[Cell]:
    """All cells of a task, the same for the same blueprint and seed, in the order they are gated."""
    constitution = blueprint.constitutions[task]
    settings = blueprint.declaration.generate
    seed = blueprint.declaration.seed
    reads = all(registry.find("providers", m.provider).CAPABILITIES.reads_prompt for m in settings.writers)
    cells: list[Cell] = []
    for language in blueprint.declaration.languages:
        halves = _contrasts(constitution) if reads else _halves(constitution, language)
        pairs = _pairs(halves)
        traps, nears = _traps(constitution, language), _nears(constitution)
        total = settings.cells_per_label
        n_pair = round(total * settings.pair_share) if pairs else 0
        for label in constitution.label_names:
            wanted_traps, wanted_nears = traps.get(label, []), nears.get(label, [])
            n_trap = round(total * settings.trap_share) if wanted_traps else 0
            n_near = round(total * settings.near_share) if wanted_nears else 0
            random = Random(f"{seed}:{task}:{language}:{label}")
            rows = covering_rows(constitution.axes, total - n_pair - n_trap - n_near, random)
            spec = {"seed": seed, "task": task, "label": label, "language": language}
            for i, row in enumerate(rows):
                cells.append(make_cell(spec, "axes", row, i, settings.samples_per_cell))
            for i, row in enumerate(covering_rows(constitution.axes, n_trap, random)):
                trap = wanted_traps[i % len(wanted_traps)]
                cells.append(make_cell(spec, "trap", row, i, settings.samples_per_cell, trap=trap))
            for i, row in enumerate(covering_rows(constitution.axes, n_near, random)):
                near = wanted_nears[i % len(wanted_nears)]
                of = constitution.near_misses[near].of
                cells.append(make_cell(spec, "near", row, i, settings.samples_per_cell, near=near, against=of))
            for i in range(n_pair):
                pair = pairs[i % len(pairs)]
                if (label, pair) in halves:
                    shared = Random(f"{seed}:{task}:{language}:{pair}:{i}")  # both halves of a pair are alike
                    row = covering_rows(constitution.axes, 1, shared)[0] if reads else {}
                    other = next(name for name, its in sorted(halves) if its == pair and name != label)
                    cells.append(make_cell(spec, "pair", row, i, 1, pair=pair, against=other if reads else None))
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


def make_cell(
    spec: dict[str, object],
    kind: Kind,
    row: dict[str, str],
    replica: int,
    samples: int,
    *,
    trap: str | None = None,
    pair: str | None = None,
    near: str | None = None,
    against: str | None = None,
) -> Cell:
    """A cell with its id; ``spec`` holds the run's seed and task and the cell's label and language."""
    wish = {**spec, "kind": kind, "attributes": row, "trap": trap, "pair": pair, "replica": replica}
    if near:
        wish["near"] = near
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
        near=near,
        against=against,
    )


def _pairs(halves: set[tuple[str, str]]) -> list[str]:
    """Pair names that have halves of two labels, sorted."""
    names = {pair for _, pair in halves}
    return sorted(name for name in names if sum(pair == name for _, pair in halves) > 1)


def _halves(constitution: Constitution, language: str) -> set[tuple[str, str]]:
    """Label and name of every pair the grammar has moulds for in this language."""
    moulds = constitution.grammar.moulds.values()
    return {(m.label, m.pair) for m in moulds if m.pair and m.language == language}


def _contrasts(constitution: Constitution) -> set[tuple[str, str]]:
    """The same for a model that rewrites: each confusable pair of labels; of two labels, these."""
    names = constitution.label_names
    borders = constitution.confusable or ([names] if len(names) == 2 else [])
    ordered = {tuple(sorted(border, key=names.index)) for border in borders}
    return {(label, f"{first}-{second}") for first, second in ordered for label in (first, second)}


def _nears(constitution: Constitution) -> dict[str, list[str]]:
    """Near misses to ask for under each label, in the order of declaration."""
    found = constitution.near_misses.items()
    return {label: [n for n, near in found if near.label == label] for label in constitution.label_names}


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


def boundary_share(cells: Sequence[Cell]) -> float:
    """Share of the wanted texts that lie at a label's border: traps, pairs and near misses."""
    wanted = sum(cell.samples for cell in cells)
    return sum(cell.samples for cell in cells if cell.kind in BOUNDARY) / wanted if wanted else 0.0

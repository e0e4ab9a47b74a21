"""Steering: which cells are asked for in the next round, for how many texts, and which are given up.

Decisions are taken between rounds, from whole rounds only, so that a resumed run takes the same ones. A cell of which
little new comes for several rounds is saturated: it stops, and what it lacks goes to new cells of its label and
language with other attribute values. A cell that is thin gets other values itself.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from foundry_engine.blueprint import Generate
from foundry_engine.constitution import Constitution
from foundry_engine.generation.plan import Cell, covering_rows, make_cell
from foundry_engine.generation.prompt import Order

State = Literal["open", "full", "saturated"]
MOST_ASKED = 12
"""Most texts of one request, when few of a cell's are kept and more are asked for than are missing."""
LEAST_YIELD = 0.25
"""A lower share of kept texts asks for no more texts than this one does."""
DRAWS = 20
"""Rows of attribute values tried for one that a cell, or a label, has not had."""

Row = tuple[tuple[str, str], ...]


@dataclass
class Course:
    """How one cell is going; ``offered`` and ``kept`` are of all rounds, ``dull`` counts dull rounds in a row."""

    cell: Cell
    rows: list[Row]
    state: State = "open"
    offered: int = 0
    kept: int = 0
    dull: int = 0
    rounds: int = 0

    @property
    def missing(self) -> int:
        """Texts still wanted."""
        return self.cell.samples - self.kept

    @property
    def share(self) -> float:
        """Share of the offered texts that was kept."""
        return self.kept / self.offered if self.offered else 0.0


class Steering:
    """The plan as it goes; ``steers`` is false where no prompt is read: then every open cell is asked for again."""

    def __init__(
        self, plan: Sequence[Cell], constitution: Constitution, settings: Generate, task: str, seed: int, steers: bool
    ) -> None:
        self._constitution, self._settings, self._task, self._seed = constitution, settings, task, seed
        self._steers = steers
        self.courses = {cell.id: Course(cell, [cell.attributes]) for cell in plan}
        self._twins = {(str(c.pair), c.language, c.replica, c.label): c.id for c in plan if c.pair and c.against}
        self._texts: dict[str, str] = {}
        self._added: Counter[tuple[str, str]] = Counter()

    @property
    def cells(self) -> list[Cell]:
        """The plan and the cells added to it."""
        return [course.cell for course in self.courses.values()]

    def orders(self, round_: int) -> list[Order]:
        """What to ask for in a round, in plan order."""
        return list(self._orders(round_))

    def _orders(self, round_: int) -> Iterator[Order]:
        for course in self.courses.values():
            if course.state != "open":
                continue
            cell = course.cell
            if not self._steers:
                yield Order(cell, round_, course.missing, cell.attributes)
            elif self._follows(cell):
                first = self._first_half(cell)
                if first.cell.id in self._texts:
                    yield Order(cell, round_, self._count(course), cell.attributes, twin=self._texts[first.cell.id])
            else:
                yield Order(cell, round_, self._count(course), self._row(course, round_))

    def _count(self, course: Course) -> int:
        """More than is missing where not all are kept."""
        share = course.share if course.offered else self._group_share(course.cell.group)
        return min(MOST_ASKED, max(course.missing, math.ceil(course.missing / max(share, LEAST_YIELD))))

    def _group_share(self, group: tuple[str, str]) -> float:
        courses = [course for course in self.courses.values() if course.cell.group == group]
        offered = sum(course.offered for course in courses)
        return sum(course.kept for course in courses) / offered if offered else 1.0

    def _row(self, course: Course, round_: int) -> Row:
        """The cell's own attributes first, then others it has not had."""
        if course.rounds:
            random = Random(f"{self._seed}:{course.cell.id}:{round_}")
            course.rows.append(self._fresh_row(random, set(course.rows)))
        return course.rows[-1]

    def _fresh_row(self, random: Random, known: set[Row]) -> Row:
        drawn = [tuple(row.items()) for row in covering_rows(self._constitution.axes, DRAWS, random)]
        return next((row for row in drawn if row not in known), drawn[0])

    def _follows(self, cell: Cell) -> bool:
        """Whether a cell is the second half of a pair, to be made from the first."""
        return bool(cell.pair and cell.against) and not str(cell.pair).startswith(f"{cell.label}-")

    def _first_half(self, cell: Cell) -> Course:
        return self.courses[self._twins[str(cell.pair), cell.language, cell.replica, str(cell.against)]]

    def keep_text(self, cell: Cell, text: str) -> None:
        """Remember what a cell got, for the other half of its pair."""
        self._texts.setdefault(cell.id, text)

    def by_need(self, orders: Sequence[Order]) -> list[int]:
        """Places of the orders, always the next one of the label, language and kind that is filled least so far."""
        waiting: dict[tuple[str, ...], list[int]] = {}
        for i, order in enumerate(orders):
            waiting.setdefault(_kind(order.cell), []).append(i)
        kept, wanted = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
        for course in self.courses.values():
            key = _kind(course.cell)
            kept[key] += course.kept
            wanted[key] += course.cell.samples
        needs = [(kept[key] / wanted[key], n, key) for n, key in enumerate(waiting)]
        heapq.heapify(needs)
        chosen: list[int] = []
        while needs:
            _, n, key = heapq.heappop(needs)
            chosen.append(waiting[key].pop(0))
            kept[key] += self.courses[orders[chosen[-1]].cell.id].missing
            if waiting[key]:
                heapq.heappush(needs, (kept[key] / wanted[key], n, key))
        return chosen

    def close(self, orders: Sequence[Order], offered: Counter[str], kept: Counter[str], answered: set[str]) -> None:
        """A round is over: ``offered`` and ``kept`` texts by cell in this round; who was not ``answered`` is not
        judged by it.
        """
        for order in orders:
            course = self.courses[order.cell.id]
            if order.cell.id not in answered:
                continue
            course.rounds += 1
            texts = max(1, offered[order.cell.id])
            course.offered += texts
            course.kept += kept[order.cell.id]
            dull = kept[order.cell.id] < self._settings.least_novelty * texts or not kept[order.cell.id]
            course.dull = course.dull + 1 if dull else 0
        for course in self.courses.values():
            if course.state == "open":
                course.state = self._state(course)

    def _state(self, course: Course) -> State:
        if course.missing <= 0:
            return "full"
        if self._steers and self._follows(course.cell):
            first = self._first_half(course.cell)
            if first.state == "saturated" and first.cell.id not in self._texts:
                return "saturated"
        return "saturated" if self._steers and course.dull >= self._settings.patience else "open"

    def feed(self, round_: int) -> None:
        """Give what saturated cells lack to new cells of their label and language, while rounds are left for them."""
        if not self._steers or self._settings.max_rounds - round_ - 1 <= self._settings.patience:
            return
        courses = list(self.courses.values())
        for group in dict.fromkeys(course.cell.group for course in courses):
            ours = [course for course in courses if course.cell.group == group]
            lacking = sum(course.missing for course in ours if course.state == "saturated") - self._added[group]
            barren = not any(course.kept for course in ours)
            while lacking > 0 and not barren:
                samples = min(lacking, self._settings.samples_per_cell)
                self._add(group, ours, round_, samples)
                self._added[group] += samples
                lacking -= samples

    def _add(self, group: tuple[str, str], ours: Sequence[Course], round_: int, samples: int) -> None:
        random = Random(f"{self._seed}:{group}:{round_}:{len(self.courses)}")
        row = self._fresh_row(random, {row for course in ours for row in course.rows})
        label, language = group
        spec: dict[str, object] = {"seed": self._seed, "task": self._task, "label": label, "language": language}
        cell = make_cell(spec, "axes", dict(row), len(self.courses), samples)
        self.courses[cell.id] = Course(cell, [row])

    def finish(self) -> None:
        """Where nothing steers, a cell that is not full after its last rounds has nothing left to give."""
        for course in self.courses.values():
            if not self._steers and course.state == "open" and course.dull:
                course.state = "saturated"


def _kind(cell: Cell) -> tuple[str, ...]:
    return (*cell.group, cell.kind)

"""What is left to do, row by row in input order: all of a new run, the gaps of one that was interrupted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from foundry_engine.errors import ResumeError
from foundry_engine.streaming import lineage
from foundry_engine.streaming.input_digests import SIZE, chunks, digest_of
from foundry_engine.streaming.outcome import ONE, from_text, texts_of
from foundry_engine.streaming.run_journal import RunJournal
from foundry_engine.streaming.task import Unit


class Left(NamedTuple):
    """An input row that is not finished: its units, each with the index of the stage it waits for."""

    root: bytes
    units: Sequence[tuple[int, Unit]]


def left_to_do(journal: RunJournal, stages: int, rows: Iterator[str], id_field: str | None) -> Iterator[Left]:
    """For every input row what it still needs; nothing for one that is finished.

    Raises ``ResumeError`` before a row is handed out that is another one than when the run was registered.
    """
    last = journal.last_path(0)
    known = int.from_bytes(last[: lineage.ROOT], "big") + 1 if last is not None else 0
    digests = bytes.fromhex(journal.get("digests"))
    first = 0
    for number, chunk in enumerate(chunks(rows)):
        if digest_of(chunk) != digests[number * SIZE : (number + 1) * SIZE]:
            raise ResumeError(
                f"the input was edited during the run: rows {first + 1:,} to {first + len(chunk):,} are not the ones "
                "that were checked. None of them was worked on, and nothing is written. Put the old input back and run "
                "again, or go on deliberately with restart_from='input'."
            )
        if first < known:
            yield from _gaps(journal, stages, first, chunk, id_field)
        else:
            for row, text in enumerate(chunk, first):
                unit = _unit(row, text, id_field)
                yield Left(unit.path, ((0, unit),))
        first += len(chunk)


def _unit(row: int, text: str, id_field: str | None) -> Unit:
    path = lineage.root(row)
    if id_field is None:
        return Unit(path, text, path)
    named = str(from_text(text).get(id_field)).encode("utf-8", "surrogatepass")
    return Unit(path, text, hashlib.blake2b(named, digest_size=16).digest())


def _gaps(journal: RunJournal, stages: int, first: int, chunk: list[str], id_field: str | None) -> Iterator[Left]:
    low, high = lineage.root(first), lineage.root(first + len(chunk))
    known = [journal.outcomes_between(stage, low, high, stage < stages - 1) for stage in range(stages)]
    aside = journal.quarantined_between(low, high)
    for row, text in enumerate(chunk, first):
        left: list[tuple[int, Unit]] = []
        stack = [(0, _unit(row, text, id_field))]
        while stack:
            stage, unit = stack.pop()
            found = known[stage].get(unit.path)
            if found is None:
                if (stage, unit.path) not in aside:
                    left.append((stage, unit))
            elif stage < stages - 1:
                stack += [(stage + 1, one) for one in reversed(children(unit, *found))]
        yield Left(lineage.root(row), left)


def children(unit: Unit, state: int, payload: str) -> list[Unit]:
    """The units of the next stage that an outcome makes of a unit."""
    if state == ONE:
        return [Unit(unit.path, payload, unit.root)]
    texts = texts_of(state, payload)
    return [Unit(lineage.child(unit.path, ordinal), text, unit.root) for ordinal, text in enumerate(texts)]

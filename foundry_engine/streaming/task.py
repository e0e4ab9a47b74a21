"""What workers are handed and what they hand back."""

from __future__ import annotations

from types import GeneratorType
from typing import Any, NamedTuple, Protocol

from foundry_engine.errors import DataError
from foundry_engine.streaming import lineage
from foundry_engine.streaming.outcome import Outcome, from_text, outcome_of
from foundry_engine.streaming.retry import Spent
from foundry_engine.streaming.stage import Stage


class Unit(NamedTuple):
    """One row at one stage; ``root`` names the input row it comes from."""

    path: bytes
    text: str
    root: bytes


class Task:
    """Units that an operator is given at once, and what of their chances is used."""

    __slots__ = ("attempt", "given_up", "spent", "stage", "units")

    def __init__(self, stage: Stage, units: list[Unit]) -> None:
        self.stage, self.units = stage, units
        self.attempt, self.given_up = 0, -1
        """``attempt`` counts tries, a message of an earlier one is stale; ``given_up`` is the try left to hang."""
        self.spent: Spent | None = None

    def argument(self) -> Any:
        """What the operator's function takes: an item, or a list of items."""
        field = self.stage.lineage
        items = []
        for unit in self.units:
            item = from_text(unit.text)
            if field is not None:
                item[field] = lineage.text(unit.path)
            items.append(item)
        return items if self.stage.batched else items[0]

    def outcomes(self, result: Any) -> list[Outcome | Exception]:
        """An outcome, or what is wrong with it, for every unit; raises what the operator raises in a generator."""
        results = [_made(one) for one in (per_item(result, self) if self.stage.batched else [result])]
        found: list[Outcome | Exception] = []
        for unit, one in zip(self.units, results, strict=True):
            try:
                found.append(outcome_of(one, lineage.text(unit.path), self.stage.lineage))
            except Exception as error:
                found.append(error)
        return found


def _made(result: Any) -> Any:
    return list(result) if isinstance(result, GeneratorType) else result


def per_item(result: Any, task: Task) -> list[Any]:
    """A batch's result, one entry an item: by the ``_i`` its rows kept, else by their order."""
    field, units = task.stage.lineage, task.units
    if not isinstance(result, (list, tuple)):
        raise DataError(f"process_batch returned {type(result).__name__}; expected a list with one entry an item")
    if field is not None and all(isinstance(row, dict) and field in row for row in result):
        kept: dict[str, list[Any]] = {lineage.text(unit.path): [] for unit in units}
        if all(row[field] in kept for row in result):
            for row in result:
                kept[row[field]].append(row)
            return [rows[0] if len(rows) == 1 else rows for rows in kept.values()]
    if len(result) != len(units):
        raise DataError(
            f"process_batch returned {len(result)} entries for {len(units)} items; give one an item (None drops it, a "
            f"list fans it out), or rows that keep their item's {field or 'lineage key'}"
        )
    return list(result)


class Done(NamedTuple):
    """A try is over: an outcome or an error for each unit; ``error`` when the whole call failed."""

    task: Task
    attempt: int
    outcomes: list[Outcome | Exception]
    error: BaseException | None
    usage: dict[str, float] | None


class CallBegins(NamedTuple):
    """A paid call wants to begin; the reply is its kept answer, or ``None``: go ahead."""

    key: bytes
    stage: str
    name: str
    reply: Reply


class CallEnded(NamedTuple):
    """A paid call ended, with its answer as JSON text or, after an error, ``None``."""

    key: bytes
    stage: str
    result: str | None
    usage: dict[str, float] | None
    reply: Reply | None


class Reply(Protocol):
    """Where a worker waits for the journal."""

    def give(self, value: str | BaseException | None) -> None:
        """Let the worker go on, or fail there; may be called from any thread."""

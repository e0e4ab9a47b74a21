"""What refining will do, free of any engine: operators over Arrow tables, and by which columns rows are parted.

A plan is a list of passes. A ``row`` pass may see any batch of rows, so an engine cuts as it likes; a ``dataset`` pass
sees all rows of one block together. Blocks are the rows that agree in the plan's ``blocks`` columns; no operator looks
across them, so an engine may hold one at a time, or one on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import ModuleType

import pyarrow as pa
from pydantic import BaseModel

from foundry_engine import registry
from foundry_engine.constitution import Constitution
from foundry_engine.errors import InvalidSetting

ROW, DATASET = "row", "dataset"


@dataclass(frozen=True)
class Step:
    """One operator with its settings."""

    name: str
    operator: ModuleType
    settings: BaseModel

    @property
    def scope(self) -> str:
        """``row`` or ``dataset``."""
        return str(self.operator.SCOPE)

    def apply(self, table: pa.Table, constitution: Constitution) -> pa.Table:
        """The table with the operator's tags.

        Raises ``InvalidSetting`` when it reads a tag that no operator before it makes.
        """
        try:
            return self.operator.apply(table, self.settings, constitution)
        except KeyError as error:
            tag = str(error.args[0]).replace("Field ", "").split(" does not")[0].strip('"')
            made = [name for name in table.column_names if name not in ("id", "text", "label")]
            raise InvalidSetting(
                f"operator '{self.name}' needs the tag '{tag}', which no operator before it makes. "
                f"Tags so far: {', '.join(made)}. Put the operator that makes it earlier in the list."
            ) from error


@dataclass(frozen=True)
class Plan:
    """Steps in order, and the columns that part rows into blocks."""

    steps: tuple[Step, ...]
    blocks: tuple[str, ...] = ()

    def passes(self) -> list[tuple[str, list[Step]]]:
        """Neighbouring steps of one scope as one pass."""
        return [(scope, list(steps)) for scope, steps in groupby(self.steps, key=lambda step: step.scope)]


def make_plan(
    operators: Sequence[str], settings: Mapping[str, Mapping[str, object]], blocks: Sequence[str] = ()
) -> Plan:
    """The plan of a list of operators; their settings have been checked where they were read."""
    found = [(name, registry.find("operators", name)) for name in operators]
    steps = (Step(name, module, module.Settings.model_validate(settings.get(name, {}))) for name, module in found)
    return Plan(tuple(steps), tuple(blocks))

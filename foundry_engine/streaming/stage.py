"""A stage: an operator as the engine runs it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

from foundry_engine.errors import InvalidSetting
from foundry_engine.streaming.identity import identity
from foundry_engine.streaming.operators import FunctionOperator, Operator, is_async
from foundry_engine.streaming.run_settings import RunSettings

INPUT = "input"
"""The name that stands for what comes before the first stage."""


class Stage:
    """One operator at its place: how it is called, how many rows may be under way, how it is known."""

    def __init__(self, index: int, name: str, operator: Operator, settings: RunSettings) -> None:
        node = settings.node(index)
        item, batch = getattr(operator, "process_item", None), getattr(operator, "process_batch", None)
        if item is None and batch is None:
            raise InvalidSetting(f"operator '{name}': has neither process_item nor process_batch")
        self.index, self.name, self.operator = index, name, operator
        self.identity = identity(operator)
        self.batched = batch is not None and (node.batch_size > 1 or item is None)
        call: Any = batch if self.batched else item
        self.call: Callable[..., Any] = call
        self.is_async = is_async(self.call)
        self.takes_context = _takes_context(self.call)
        self.batch_size = node.batch_size if self.batched else 1
        self.concurrency = node.parallel_size * node.batch_size
        """Rows under way at most: begun, and not yet committed."""
        self.timeout = node.timeout
        self.output_uri = node.output_uri
        self.lineage = settings.lineage
        self.seconds = math.inf
        """What a task of a plain function takes, as seen lately."""

    def took(self, seconds: float) -> None:
        """Remember what a task took: a slow one counts at once, quick ones little by little."""
        self.seconds = max(seconds, 0.9 * self.seconds + 0.1 * seconds) if self.seconds < math.inf else seconds


def stages_of(operators: Sequence[Any], settings: RunSettings) -> list[Stage]:
    """The stages of a pipeline; a bare function is taken as a ``FunctionOperator``, a name used twice gets a number."""
    if not operators:
        raise InvalidSetting("a pipeline needs at least one operator")
    if len(settings.node_configs) > len(operators):
        raise InvalidSetting(f"{len(settings.node_configs)} node_configs for {len(operators)} operators")
    stages: list[Stage] = []
    names = {INPUT}
    for index, operator in enumerate(operators):
        if not (hasattr(operator, "process_item") or hasattr(operator, "process_batch")) and callable(operator):
            operator = FunctionOperator(operator)
        if isinstance(operator, type):
            raise InvalidSetting(f"operator {operator.__name__} is a class; give an object: {operator.__name__}()")
        base = getattr(operator, "name", None) or type(operator).__name__
        numbers = (f"{base}-{n}" for n in range(2, len(operators) + 2))
        name = base if base not in names else next(name for name in numbers if name not in names)
        names.add(name)
        stages.append(Stage(index, name, operator, settings))
    return stages


def _takes_context(function: Callable[..., Any]) -> bool:
    """Whether there is a second parameter for the context: one that must be given, or is called so."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) > 1 and (
        positional[1].default is inspect.Parameter.empty or positional[1].name in ("ctx", "context")
    )

"""Operators: what is done to rows; a function, a filter, or a class of one's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

Item = dict[str, Any]


class Operator:
    """Base of operators: offer ``process_item(item[, context])``, ``process_batch(items[, context])``, or both.

    Either may be ``async``. An item is a dict. What comes back is a dict (one row), a list of dicts (1:N) or ``None``
    (the row is dropped); for a batch, a list with one such entry an item, or rows that kept their item's ``_i``.
    ``name`` is how the run knows the stage. ``version`` says when results are to be made anew; without it a hash of the
    class's source does, which sees neither closure values nor what the source calls.
    """

    name: str | None = None
    version: str | None = None

    def source(self) -> Any:
        """What the stage's identity is taken from when there is no ``version``."""
        return type(self)

    async def close(self) -> None:
        """Give back what is held; called once, when a run ends, on the event loop of its async operators."""


BaseOperator = Operator
"""The name llm-datagen has for it."""


class FunctionOperator(Operator):
    """A plain or async function of an item, or of an item and a ``context``, as an operator.

    >>> FunctionOperator(lambda item: {**item, "n": 1}, name="add").process_item({"a": 0})
    {'a': 0, 'n': 1}
    """

    def __init__(self, func: Callable[..., Any], *, name: str | None = None, version: str | None = None) -> None:
        if not callable(func):
            raise TypeError(f"FunctionOperator takes a function, got {type(func).__name__}")
        self.process_item = func
        self.name = name or getattr(func, "__name__", type(func).__name__).strip("<>")
        self.version = version

    def source(self) -> Any:
        """The function."""
        return self.process_item


class FilterOperator(Operator):
    """Keeps the items for which a plain or async function says true.

    >>> keep = FilterOperator(lambda item: item["n"] > 1)
    >>> keep.process_item({"n": 1}), keep.process_item({"n": 2})
    (None, {'n': 2})
    """

    def __init__(self, func: Callable[..., Any], *, name: str | None = None, version: str | None = None) -> None:
        self._function = func
        self.name = name or getattr(func, "__name__", type(func).__name__).strip("<>")
        self.version = version
        self.process_item = self._later if is_async(func) else self._now

    def _now(self, item: Item) -> Item | None:
        return item if self._function(item) else None

    async def _later(self, item: Item) -> Item | None:
        return item if await self._function(item) else None

    def source(self) -> Any:
        """The function."""
        return self._function


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004

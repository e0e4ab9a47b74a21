"""What an operator reports as used, as numbers that the journal can add up."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from foundry_engine.errors import DataError

BIGGEST = 2**63
"""Amounts are below it: SQLite's whole numbers end there."""


class Usage:
    """Sums by name since they were last taken; one for all items of a batch."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.calls = 0
        """Paid calls under way: an error in one would cost its answer, so it waits in ``wrong`` until they are kept."""
        self.wrong: DataError | None = None

    def add(self, usage: Mapping[str, Any]) -> None:
        """Add amounts; raises ``DataError`` for one that is no number, at once or when the call's answer is kept."""
        try:
            for name, amount in usage.items():
                self.sums[_text(name)] = _number(self.sums.get(name, 0) + _number(amount, name), name)
        except DataError as error:
            if not self.calls:
                raise
            self.wrong = error

    def take(self) -> dict[str, float] | None:
        """The sums so far, which now belong to a call."""
        sums, self.sums = self.sums, {}
        return sums or None

    def check(self) -> None:
        """Raise what was wrong in a paid call."""
        wrong, self.wrong = self.wrong, None
        if wrong is not None:
            raise wrong


def _text(name: object) -> str:
    if not isinstance(name, str):
        raise DataError(f"report_usage: the name {name!r:.60} is {type(name).__name__}; expected a text")
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _number(amount: Any, name: str) -> float:
    try:
        number: float = operator.index(amount) if hasattr(amount, "__index__") else float(amount)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if isinstance(amount, (str, bytes)) or not abs(number) < BIGGEST:
        raise DataError(
            f"report_usage: '{name}' is {type(amount).__name__} {_short(amount)}; expected a finite number below 2**63"
        )
    return number


def _short(amount: object) -> str:
    try:
        return repr(amount)[:60]
    except Exception:
        return "of no representation"

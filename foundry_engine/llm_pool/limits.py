"""Declared limits as smooth queues: calls and tokens are spread evenly over the minute instead of bursting."""

from __future__ import annotations

import math

MARGIN = 0.02
"""Kept free of every declared limit: clocks and networks jitter, and a refused call costs more than a late one."""
SLACK = 0.05
"""Seconds of lateness that may be caught up; more is lost, so that no burst follows a pause."""
MINUTE = 60.0


class Spacing:
    """So many units a second, each taking its place on the line (GCRA, the leaky bucket as a meter)."""

    def __init__(self, per_second: float) -> None:
        self._seconds_a_unit = 1.0 / (per_second * (1.0 - MARGIN))
        self._free_from = -math.inf

    def ready_at(self) -> float:
        """When the next call may start."""
        return self._free_from

    def take(self, now: float, units: float) -> None:
        """A call of so many units starts."""
        self._free_from = max(now - SLACK, self._free_from) + units * self._seconds_a_unit

    def give_back(self, units: float) -> None:
        """Fewer units were used than taken (or, below 0, more)."""
        self._free_from -= units * self._seconds_a_unit


class Limits:
    """The declared limits of one key and model; without any it is always ready."""

    def __init__(self, safe_rps: float | None = None, rpm: float | None = None, tpm: float | None = None) -> None:
        rates = [rate for rate in (safe_rps, rpm / MINUTE if rpm else None) if rate]
        self._calls = Spacing(min(rates)) if rates else None
        self._tokens = Spacing(tpm / MINUTE) if tpm else None

    def ready_at(self) -> float:
        """When the next call may start."""
        return max((spacing.ready_at() for spacing in (self._calls, self._tokens) if spacing), default=-math.inf)

    def take(self, now: float, tokens: float) -> None:
        """A call starts, with so many tokens expected."""
        if self._calls:
            self._calls.take(now, 1.0)
        if self._tokens:
            self._tokens.take(now, tokens)

    def settle(self, expected: float, used: float) -> None:
        """A call is over; ``used`` tokens of the ``expected`` ones count."""
        if self._tokens:
            self._tokens.give_back(expected - used)

"""A circuit breaker on the service's own faults: after several in a row it is left alone, then tried with one call."""

from __future__ import annotations

import math

FAULTS = 5
"""Faults of the service in a row that open the breaker; errors of the caller never count."""
FIRST_COOL, LONGEST_COOL = 1.0, 60.0
"""Seconds it stays open; doubled each time the one call that tries it fails."""
GIVEN_UP = 4
"""After so many failed trials in a row nobody waits for it any more."""


class Breaker:
    """Closed, open, or half open with one call under way; told the time in seconds."""

    def __init__(self) -> None:
        self._faults = self._trials = 0
        self._open_until = -math.inf
        self._trying = False
        self._last_good = -math.inf

    @property
    def is_open(self) -> bool:
        """Whether calls are held back."""
        return self._faults >= FAULTS

    @property
    def given_up(self) -> bool:
        """Whether it has been down for so long that waiting makes no sense."""
        return self._trials >= GIVEN_UP

    def ready_at(self) -> float:
        """When a call may start."""
        if not self.is_open:
            return -math.inf
        return math.inf if self._trying else self._open_until

    def started(self) -> None:
        """A call starts; while open it is the trial."""
        self._trying = self.is_open

    def good(self, now: float) -> None:
        """The service answered."""
        self._faults = self._trials = 0
        self._trying, self._last_good = False, now

    def fault(self, sent_at: float, now: float) -> None:
        """The service failed; a call sent before the last answer says nothing new."""
        if sent_at < self._last_good:
            return
        self._faults += 1
        if not self.is_open:
            return
        if self._trying:
            self._trials += 1
            self._trying = False
        elif self._open_until > now:
            return
        self._open_until = now + min(LONGEST_COOL, FIRST_COOL * 2.0**self._trials)

    def lost(self) -> None:
        """The trial was cancelled."""
        self._trying = False

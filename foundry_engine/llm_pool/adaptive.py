"""Limits nobody declared, learned from HTTP 429: how many calls at once, and how many a second.

Begins with a few calls and doubles (slow start). A 429 opens a *burst*: all calls that were sent before it. The cut is
made once a burst, in proportion to the share of its calls that were refused, and corrected while the rest of them come
back. A small share is noise: at 5 % refused the concurrency falls by 5 %. A large one is a real limit: the scope rests
as long as the service asks, and then starts calls evenly at the rate that was accepted. The rate at the cut is
remembered as a ceiling; below it the rate climbs gently, above it more gently, and faster the longer it is calm.

No clock of its own: every method is told the time in seconds.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

START = 16.0
"""Calls at once in the beginning."""
GROWTH = 4.0
"""Calls at once gained in one round trip after slow start."""
REAL = 0.2
"""Share of refused calls from which the limit is real."""
LEAST_CUT = 0.02
CLIMB, PROBE = 0.03, 0.006
"""Growth of the rate a second, below and above the remembered ceiling."""
CALM = 10.0
"""Seconds without a 429 that double the climb."""
FIRST_REST, LONGEST_REST = 1.0, 60.0
"""Seconds of rest when the service names none; doubled each time nothing was accepted in between."""
SLOWEST = 1.0 / 60.0
WINDOW = 1.0
"""Seconds of outcomes that count beside the burst's own; longer when answers take longer."""


@dataclass
class _Burst:
    """The calls sent before a 429, and what they were cut from."""

    at: float
    limit: float
    rate: float | None
    rest_until: float
    accepted: int
    refused: int
    out: int
    busy_since: float
    busy_accepted: int
    rest: float

    def share(self) -> float:
        return self.refused / max(1, self.accepted + self.refused + self.out)


class AdaptiveLimit:
    """Learned limits of one scope; ``most`` calls at once is the declared ceiling."""

    def __init__(self, most: int) -> None:
        self.limit = min(START, float(most))
        self.rate: float | None = None
        self.rest_until = -math.inf
        self._most, self._threshold = float(most), float(most)
        self._ceiling = math.inf
        self._next_start = -math.inf
        self._climbed_at = 0.0
        self._outcomes: deque[tuple[float, bool]] = deque()
        self._answer_seconds = 0.0
        self._burst: _Burst | None = None
        self._busy_since, self._busy_accepted = math.inf, 0
        self._rests = 0

    def room(self, in_flight: int) -> bool:
        """Whether one more call at once is allowed."""
        return in_flight < int(self.limit)

    def ready_at(self) -> float:
        """When the next call may start, as far as the rate goes."""
        return max(self.rest_until, self._next_start if self.rate is not None else -math.inf)

    def started(self, now: float) -> None:
        """A call starts."""
        self._busy_since = min(self._busy_since, now)
        if self.rate is not None:
            self._climb(now)
            self._next_start = max(now, self._next_start) + 1.0 / self.rate

    def accepted(self, sent_at: float, now: float) -> None:
        """A call came back without a 429, whatever else came of it."""
        self._answer_seconds += 0.1 * (now - sent_at - self._answer_seconds)
        self._note(now, True)
        self._busy_accepted += 1
        burst = self._burst
        if burst is not None and sent_at <= burst.at:
            burst.accepted, burst.out = burst.accepted + 1, burst.out - 1
            burst.busy_accepted += 1
            self._cut(burst)
            return
        self._rests = 0
        gain = 1.0 if self.limit < self._threshold else GROWTH / self.limit
        self.limit = min(self._most, self.limit + gain)

    def refused(self, sent_at: float, now: float, retry_after: float | None, in_flight: int) -> None:
        """A call came back with a 429; ``in_flight`` others are out."""
        burst = self._burst
        if burst is not None and sent_at <= burst.at:
            burst.refused, burst.out = burst.refused + 1, burst.out - 1
            burst.rest = max(burst.rest, retry_after or 0.0)
            self._note(now, False)
            self._cut(burst)
            return
        accepted, refused = self._recent(now)
        self._note(now, False)
        rest = retry_after if retry_after is not None else min(LONGEST_REST, FIRST_REST * 2.0**self._rests)
        self._burst = _Burst(
            now, self.limit, self.rate, self.rest_until, accepted, refused + 1, in_flight,
            self._busy_since, self._busy_accepted, rest,
        )  # fmt: skip
        self._ceiling = self.rate or math.inf
        self._cut(self._burst)

    def lost(self, sent_at: float) -> None:
        """A call of which nothing is known any more, because it was cancelled."""
        if self._burst is not None and sent_at <= self._burst.at:
            self._burst.out -= 1

    def _cut(self, burst: _Burst) -> None:
        """The burst's consequences, from where it began; made anew with every call of it that comes back."""
        share = burst.share()
        self.limit = self._threshold = max(1.0, burst.limit * (1.0 - share))
        self._climbed_at = burst.at
        self._busy_since, self._busy_accepted = math.inf, 0
        if share < REAL:
            self.rest_until = burst.rest_until
            self.rate = None if burst.rate is None else max(SLOWEST, burst.rate * (1.0 - max(share, LEAST_CUT)))
            return
        if self.rest_until < burst.at + burst.rest:
            self._rests += self.rest_until <= burst.at
            self.rest_until = burst.at + burst.rest
        busy = max(0.0, burst.at - burst.busy_since) + burst.rest
        measured = burst.busy_accepted / busy if busy > 0 else SLOWEST
        self.rate = max(SLOWEST, measured if burst.rate is None else min(measured, burst.rate))

    def _climb(self, now: float) -> None:
        if self.rate is None:
            return
        calm = now - (self._burst.at if self._burst else 0.0)
        speed = (CLIMB if self.rate < self._ceiling else PROBE) * (1.0 + calm / CALM)
        self.rate *= 1.0 + speed * min(1.0, max(0.0, now - self._climbed_at))
        self._climbed_at = now

    def _note(self, now: float, accepted: bool) -> None:
        self._outcomes.append((now, accepted))

    def _recent(self, now: float) -> tuple[int, int]:
        """Accepted and refused calls of the last moments."""
        since = now - max(WINDOW, 2.0 * self._answer_seconds)
        while self._outcomes and self._outcomes[0][0] < since:
            self._outcomes.popleft()
        accepted = sum(ok for _, ok in self._outcomes)
        return accepted, len(self._outcomes) - accepted

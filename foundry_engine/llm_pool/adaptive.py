"""Limits nobody declared, learned from HTTP 429: how many calls at once, and how many a second.

Begins with a few calls and doubles (slow start). A 429 opens a *burst*: all calls that were sent before it. The calls
at once are cut once a burst, in proportion to the share of its calls that were refused, and corrected while the rest of
them come back: at 5 % refused by chance they fall by 5 %, and grow again.

A true limit looks different from chance: once it is reached everything sent after that is refused too. After such a run
the scope rests as long as the service asks, and then starts its calls evenly, at the rate that was accepted. From there
it probes upwards gently, faster the longer it is calm, and steps back a little when it is refused here and there.

No clock of its own: every method is told the time in seconds. Calls are known by the number ``started`` gives them.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from dataclasses import dataclass

START = 16.0
"""Calls at once in the beginning."""
GROWTH = 4.0
"""Calls at once gained in one round trip after slow start."""
RUN, RUN_SHARE = 3, 0.6
"""Refusals in a row, and their share of the calls sent since the first of them, that mean a true limit."""
JUST_BELOW = 0.98
"""Part of an accepted rate, or of one that was refused here and there, to go on with."""
PROBE = 0.006
"""Growth of the rate a second, above what was accepted."""
CALM = 10.0
"""Seconds without a 429 that double that growth, treble it, and so on."""
FIRST_REST, LONGEST_REST = 1.0, 60.0
"""Seconds of rest when the service names none; doubled each time nothing was accepted in between."""
LONGEST_WINDOW = 120.0
SLOWEST = 1.0 / 60.0
WINDOW = 1.0
"""Seconds of outcomes that count beside a burst's own; longer when answers take longer."""
LEAST_OUTCOMES = 20
"""So many outcomes count however old they are."""


@dataclass
class _Burst:
    """The calls numbered up to ``last`` that were out, or just back, at the first 429, and what they are cut from."""

    last: int
    limit: float
    accepted: int
    refused: int
    out: int

    def cut(self) -> float:
        share = self.refused / max(1, self.accepted + self.refused + self.out)
        return max(1.0, self.limit * (1.0 - share))


class AdaptiveLimit:
    """Learned limits of one scope; ``most`` calls at once is the declared ceiling."""

    def __init__(self, most: int) -> None:
        self.limit = min(START, float(most))
        self.rate: float | None = None
        self.rest_until = self._next_start = self._slowed_at = -math.inf
        self._most = self._threshold = float(most)
        self._floor = 0.0
        self._climbed_at, self._refused_at = 0.0, 0.0
        self._number, self._rests = 0, 0
        self._out: dict[int, float] = {}
        self._starts: list[float] = []
        self._outcomes: deque[tuple[float, bool]] = deque()
        self._answer_seconds = 0.0
        self._burst: _Burst | None = None
        self._run, self._run_first = 0, 0
        self._window, self._rested_from = WINDOW, 0.0

    def room(self) -> bool:
        """Whether one more call at once is allowed."""
        return len(self._out) < int(self.limit)

    def ready_at(self) -> float:
        """When the next call may start, as far as rest and rate go."""
        return max(self.rest_until, self._next_start if self.rate is not None else -math.inf)

    def started(self, now: float) -> int:
        """A call starts; gives its number."""
        self._number += 1
        self._out[self._number] = now
        self._starts.append(now)
        if len(self._starts) > 64 and self._starts[len(self._starts) // 2] < now - LONGEST_WINDOW:
            del self._starts[: len(self._starts) // 2]
        if self.rate is not None:
            self._climb(now)
            self._next_start = max(now, self._next_start) + 1.0 / self.rate
        return self._number

    def accepted(self, number: int, now: float) -> None:
        """A call came back without a 429, whatever else came of it."""
        self._answer_seconds += 0.1 * (now - self._out.pop(number) - self._answer_seconds)
        self._outcomes.append((now, True))
        if number > self._run_first:
            self._run = self._rests = 0
        if self._burst is not None and number <= self._burst.last:
            self._burst.accepted, self._burst.out = self._burst.accepted + 1, self._burst.out - 1
            self.limit = self._burst.cut()
            return
        gain = 1.0 if self.limit < self._threshold else GROWTH / self.limit
        self.limit = min(self._most, self.limit + gain)

    def refused(self, number: int, now: float, retry_after: float | None) -> None:
        """A call came back with a 429; ``retry_after`` is the rest the service asks for."""
        start = bisect_left(self._starts, self._out.pop(number))
        if start < len(self._starts):
            del self._starts[start]
        self._refused_at = now
        if self._run == 0:
            self._run_first = number
        self._run += 1
        self._cut(number, now)
        sent_since = self._run + sum(other > self._run_first for other in self._out)
        if self._run >= RUN and self._run >= RUN_SHARE * sent_since:
            self._rest(now, retry_after)
        elif self.rate is not None and now >= self._slowed_at + WINDOW:
            self._slow(now, max(self._floor, JUST_BELOW * self.rate))

    def lost(self, number: int) -> None:
        """A call of which nothing is known any more, because it was cancelled."""
        self._out.pop(number, None)
        if self._burst is not None and number <= self._burst.last:
            self._burst.out -= 1

    def _cut(self, number: int, now: float) -> None:
        """Fewer calls at once, once a burst."""
        burst = self._burst
        if burst is not None and number <= burst.last:
            burst.refused, burst.out = burst.refused + 1, burst.out - 1
        else:
            since = now - max(WINDOW, 2.0 * self._answer_seconds)
            while len(self._outcomes) > LEAST_OUTCOMES and self._outcomes[0][0] < since:
                self._outcomes.popleft()
            good = sum(ok for _, ok in self._outcomes)
            bad = len(self._outcomes) - good + 1
            burst = self._burst = _Burst(self._number, self.limit, good, bad, len(self._out))
        self._outcomes.append((now, False))
        self.limit = burst.cut()

    def _rest(self, now: float, retry_after: float | None) -> None:
        """A true limit: nothing for a while, then evenly at the rate that was accepted."""
        if now < self.rest_until:  # more of the same run: what was measured is corrected
            self.rest_until = max(self.rest_until, now + (retry_after or 0.0))
            self.rate = self._measured(self._slowed_at)
            self._floor = 0.5 * self.rate
            return
        rest = retry_after if retry_after is not None else min(LONGEST_REST, FIRST_REST * 2.0**self._rests)
        self._rested_from = now if self._rests == 0 else self._rested_from
        self._rests += 1
        self.rest_until = now + rest
        silent = now - self._rested_from + WINDOW  # nothing was accepted since, so the service's window is as long
        self._window = min(LONGEST_WINDOW, max(WINDOW, retry_after or 0.0, silent))
        self._slow(now, self._measured(now))
        self._floor = 0.5 * self._measured(now)
        if retry_after is None:  # it may be a limit on the calls at once
            self._threshold = self.limit
        elif self._burst is not None:
            self.limit, self._burst = self._burst.limit, None

    def _measured(self, at: float) -> float:
        """Calls a second that were not refused, over what seems to be the service's window."""
        first, last = bisect_left(self._starts, at - self._window), bisect_right(self._starts, at)
        return max(SLOWEST, JUST_BELOW * (last - first) / self._window)

    def _slow(self, now: float, rate: float) -> None:
        self.rate = rate
        self._slowed_at = self._climbed_at = now

    def _climb(self, now: float) -> None:
        assert self.rate is not None
        speed = PROBE * (1.0 + (now - self._refused_at) / CALM)
        self.rate *= 1.0 + speed * min(1.0, max(0.0, now - self._climbed_at))
        self._climbed_at = now

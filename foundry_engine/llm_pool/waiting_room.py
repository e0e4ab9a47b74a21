"""Calls that wait for a scope: callers take turns, and within a caller who came first goes first."""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from foundry_engine.llm_pool.scope import Scope, Ticket

LOOK_AHEAD = 8
"""Calls of one caller that are looked at when the first of them is choosy."""


@dataclass(order=True)
class Waiting:
    """A call that waits; a later try keeps the number of the first. ``passed_over`` have refused this very call."""

    number: int
    caller: str = field(compare=False)
    prompt_bytes: int = field(compare=False)
    until: float = field(compare=False, default=math.inf)
    cap: int | None = field(compare=False, default=None)
    passed_over: list[Scope] = field(compare=False, default_factory=list)
    avoided: Scope | None = field(compare=False, default=None)
    place: asyncio.Future[Ticket] | None = field(compare=False, default=None)

    @property
    def is_choosy(self) -> bool:
        """Whether others may be served where this one cannot."""
        return bool(self.passed_over)

    @property
    def is_over(self) -> bool:
        """Whether it was served, failed or given up."""
        return self.place is None or self.place.done()


class WaitingRoom:
    """All calls that wait."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, list[Waiting]] = OrderedDict()

    def add(self, waiting: Waiting) -> None:
        """A call comes in."""
        heapq.heappush(self._callers.setdefault(waiting.caller, []), waiting)

    def serve(self, settle: Callable[[Waiting], bool]) -> None:
        """Offer places until nobody can be served; ``settle`` says whether it served or ended the call."""
        going = True
        while going:
            going = False
            for caller in list(self._callers):
                served = self._offer(self._callers[caller], settle)
                if not self._callers[caller]:
                    del self._callers[caller]
                elif served:
                    self._callers.move_to_end(caller)
                going |= served

    def _offer(self, heap: list[Waiting], settle: Callable[[Waiting], bool]) -> bool:
        """One call of a caller served, if any can be; the ones that are over leave."""
        while heap and heap[0].is_over:
            heapq.heappop(heap)
        if not heap:
            return False
        if settle(heap[0]):
            heapq.heappop(heap)
            return True
        if not heap[0].is_choosy:
            return False
        others = heapq.nsmallest(LOOK_AHEAD, heap)[1:]
        return any(not waiting.is_over and settle(waiting) for waiting in others)

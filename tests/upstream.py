"""A service in virtual time, with a true rate limit and faults by number: what a pool is tried on."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import Callable

from foundry_engine.completions import Completion, CompletionRequest, Quota, Usage
from foundry_engine.errors import ProviderError, RateLimited

Answer = Completion | ProviderError
OK = Completion('{"label": "A"}', Usage(10, 5))


class Upstream:
    """At most ``limit`` calls in any ``window`` seconds; ``answer`` decides by the request and how often it came."""

    def __init__(
        self,
        limit: float = math.inf,
        window: float = 1.0,
        seconds: float = 0.05,
        tells: bool = True,
        answer: Callable[[CompletionRequest, int], Answer] = lambda *_: OK,
        quota: Callable[[int], Quota] | None = None,
    ) -> None:
        self.limit, self.window, self.seconds, self.tells = limit, window, seconds, tells
        self._answer, self._quota = answer, quota
        self._admitted: deque[float] = deque()
        self._came: Counter[tuple[str, int]] = Counter()
        self.times: list[float] = []
        self.asked: list[CompletionRequest] = []
        self.refused = self.in_flight = self.most_in_flight = 0
        self.closed = False

    async def complete(self, request: CompletionRequest) -> Completion:
        now = asyncio.get_running_loop().time()
        self.times.append(now)
        self.asked.append(request)
        while self._admitted and self._admitted[0] <= now - self.window:
            self._admitted.popleft()
        if len(self._admitted) >= self.limit:
            self.refused += 1
            wait = math.ceil(self._admitted[0] + self.window - now)
            raise RateLimited("too many", retry_after=float(wait) if self.tells else None)
        self._admitted.append(now)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.in_flight -= 1
        self._came[request.user, request.seed] += 1
        answer = self._answer(request, self._came[request.user, request.seed])
        if isinstance(answer, ProviderError):
            raise answer
        return (
            answer
            if self._quota is None
            else Completion(answer.text, answer.usage, "stop", self._quota(len(self.times)))
        )

    async def close(self) -> None:
        self.closed = True

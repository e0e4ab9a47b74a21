"""Identical calls under way become one, whose answer all of them get."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass
class _Shared(Generic[Result]):
    task: asyncio.Task[Result]
    until: float
    waiting: int = 0


class Merging(Generic[Result]):
    """Calls under way by their identity."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, _Shared[Result]] = {}

    async def join(self, identity: Hashable, until: float, call: Callable[[], Awaitable[Result]]) -> Result:
        """The result of the call under way with this identity, or of ``call``.

        A call that would end before ``until`` for its own deadline is not joined. The call is cancelled when nobody
        waits for it any more.
        """
        shared = self._under_way.get(identity)
        if shared is None or shared.until < until or shared.task.done():
            shared = _Shared(asyncio.ensure_future(call()), until)
            self._under_way[identity] = shared
        shared.waiting += 1
        try:
            async with asyncio.timeout_at(until if until < shared.until else None):
                return await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if not shared.waiting:
                if self._under_way.get(identity) is shared:
                    del self._under_way[identity]
                if not shared.task.done():
                    shared.task.cancel()
                    await asyncio.gather(shared.task, return_exceptions=True)

    async def close(self) -> None:
        """Cancel what is under way."""
        tasks = [shared.task for shared in self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

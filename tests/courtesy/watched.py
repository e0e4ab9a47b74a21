"""The offline provider, watched: it counts its answers, gives them in a shuffled order, and fails when told to."""

from __future__ import annotations

import asyncio
from random import Random
from types import SimpleNamespace

import pytest

from foundry_engine import registry
from foundry_engine.completions import Completion, CompletionRequest, ProviderContext
from foundry_engine.errors import Refused
from foundry_engine.generation.desk import request_key
from foundry_engine.providers import offline


class Watched:
    """Takes the place of provider ``offline``; ``shuffle`` seeds the order of arrival."""

    def __init__(self, shuffle: int = 0, fail_after: int | None = None) -> None:
        self.answered: list[str] = []
        self._random, self._fail_after = Random(shuffle), fail_after

    def __call__(self, settings: offline.Settings, context: ProviderContext) -> Watched:
        self._inner = offline.Provider(settings, context)
        return self

    async def complete(self, request: CompletionRequest) -> Completion:
        for _ in range(self._random.randrange(6)):
            await asyncio.sleep(0)
        if self._fail_after is not None and len(self.answered) >= self._fail_after:
            raise Refused("the service has had enough")
        self.answered.append(request_key({}, request))
        return await self._inner.complete(request)

    async def close(self) -> None:
        await self._inner.close()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> Watched:
        component = SimpleNamespace(Settings=offline.Settings, CAPABILITIES=offline.CAPABILITIES, Provider=self)
        find = registry.find
        monkeypatch.setattr(
            registry, "find", lambda k, n: component if (k, n) == ("providers", "offline") else find(k, n)
        )
        return self

"""A provider that reads prompts: it writes from the grammar, repeats itself, mistakes labels, and reads blind."""

from __future__ import annotations

import asyncio
import json
from random import Random
from types import SimpleNamespace

import pytest
from pydantic import BaseModel

from foundry_engine import registry
from foundry_engine.completions import Capabilities, Completion, CompletionRequest, ProviderContext, Usage
from foundry_engine.errors import Refused
from foundry_engine.generation.prompt import prompt_hash
from foundry_engine.providers import offline


class Settings(BaseModel):
    """Nothing to set."""


class Author:
    """``collapse`` of the prompts get the likeliest texts of their label; ``wrong`` of the texts belong to another one.

    As a reader it knows what it wrote, and is mistaken about ``blind`` of the texts.
    """

    def __init__(
        self,
        collapse: float = 0.0,
        wrong: float = 0.0,
        blind: float = 0.0,
        shuffle: int = 0,
        fail_after: int | None = None,
    ) -> None:
        self.collapse, self.wrong, self.blind = collapse, wrong, blind
        self.asked: list[CompletionRequest] = []
        self._random, self._fail_after = Random(shuffle), fail_after

    def __call__(self, settings: Settings, context: ProviderContext) -> Author:
        self._inner, self._law = offline.Provider(offline.Settings(), context), context.constitution
        return self

    async def complete(self, request: CompletionRequest) -> Completion:
        for _ in range(self._random.randrange(6)):
            await asyncio.sleep(0)
        if self._fail_after is not None and len(self.asked) >= self._fail_after:
            raise Refused("the service has had enough")
        self.asked.append(request)
        random = Random(prompt_hash(request))
        text = self._read(request, random) if "texts" in request.cell else await self._write(request, random)
        return Completion(text, Usage(len(request.system + request.user) // 4, len(text) // 4))

    async def close(self) -> None:
        """Nothing to give back."""

    async def _write(self, request: CompletionRequest, random: Random) -> str:
        collapsed = random.random() < self.collapse
        items = []
        for n in range(request.count):
            label = request.cell["label"]
            if random.random() < self.wrong:
                label = random.choice([name for name in self._law.label_names if name != label])
            cell = {"label": label, "language": request.cell["language"]}
            seed = n if collapsed else random.randrange(2**32)
            written = await self._inner.complete(CompletionRequest("", "", {}, cell, 1, seed))
            text = json.loads(written.text)["items"][0]["text"]
            known = {"text": text, "evidence": text[:4], "probability": random.random()}
            items.append({name: known[name] for name in request.schema["properties"]["items"]["items"]["properties"]})  # type: ignore[index]
        return json.dumps({"items": items}, ensure_ascii=False)

    def _read(self, request: CompletionRequest, random: Random) -> str:
        votes = []
        for n, text in enumerate(request.cell["texts"], start=1):
            others = [name for name in request.cell["labels"] if name != tone(text)]
            label = random.choice(others) if random.random() < self.blind else tone(text)
            votes.append({"n": n, "evidence": text[:4], "label": label})
        return json.dumps({"items": votes}, ensure_ascii=False)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> Author:
        """As provider ``author``."""
        capabilities = Capabilities(structured_output=True, paid=True)
        component = SimpleNamespace(Settings=Settings, CAPABILITIES=capabilities, Provider=self)
        find = registry.find
        monkeypatch.setattr(
            registry, "find", lambda k, n: component if (k, n) == ("providers", "author") else find(k, n)
        )
        return self


RUDE = ("快点", "赶紧", "真行", "了不起", "滚着", "hurry", "move it", "oh great", "wow", "lazy")


def tone(text: str) -> str:
    """The label a text of the courtesy grammar has."""
    return "Rude" if any(word in text for word in RUDE) else "Polite"

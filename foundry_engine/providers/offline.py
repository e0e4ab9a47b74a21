"""The embedded provider: writes from the constitution's grammar, without a network, the same for the same seed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict

from foundry_engine.completions import Capabilities, Completion, CompletionRequest, ProviderContext
from foundry_engine.constitution import Mould
from foundry_engine.errors import InvalidSetting
from foundry_engine.language.noise import through

CAPABILITIES = Capabilities(structured_output=True, paid=False, reads_prompt=False)


class Settings(BaseModel):
    """The offline provider has no settings: the grammar is the constitution's."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Provider:
    """Expands moulds that fit the cell: its label and language, its trap or pair, its axis values where it has some."""

    def __init__(self, settings: Settings, context: ProviderContext) -> None:
        if context.constitution is None:
            raise InvalidSetting("provider 'offline' writes from a constitution's grammar, and there is none here")
        self._grammar = context.constitution.grammar

    async def complete(self, request: CompletionRequest) -> Completion:
        """A reply of the asked form; fewer items than asked when the grammar has no mould for the cell."""
        cell = request.cell
        random = Random(request.seed)
        fitting = self._fitting(cell)
        items = []
        for _ in range(request.count if fitting else 0):
            name = random.choices([n for n, _ in fitting], [m.weight for _, m in fitting])[0]
            mould = self._grammar.moulds[name]
            slot_seed = f"{cell['pair_seed']}:{mould.pair}" if mould.pair and cell.get("pair_seed") else None
            banks = self._grammar.banks.get(mould.language, {})
            text = expand(random.choice(mould.texts), banks, random, slot_seed)
            channel = str((cell.get("attributes") or {}).get("channel", ""))
            items.append({"text": through(channel, text, mould.language, random), "mould": name})
        return Completion(json.dumps({"items": items}, ensure_ascii=False))

    async def close(self) -> None:
        """Nothing to give back."""

    def _fitting(self, wanted: Mapping[str, Any]) -> list[tuple[str, Mould]]:
        """Moulds for a cell; of those, the ones that share most axis values with it."""
        attributes = wanted.get("attributes") or {}
        found = [
            (name, mould)
            for name, mould in self._grammar.moulds.items()
            if mould.weight > 0
            and mould.label == wanted["label"]
            and mould.language == wanted["language"]
            and (not wanted.get("pair") or mould.pair == wanted["pair"])
            and (not wanted.get("trap") or mould.trap == wanted["trap"])
            and (not wanted.get("near") or mould.near == wanted["near"])
        ]

        def agreement(mould: Mould) -> int:
            return sum(attributes.get(axis) == value for axis, value in mould.axes.items())

        best = max((agreement(mould) for _, mould in found), default=0)
        return [(name, mould) for name, mould in found if agreement(mould) == best]


def expand(text: str, banks: dict[str, list[str]], random: Random, slot_seed: str | None = None) -> str:
    """A mould with every ``(a|b)`` chosen and every ``{slot}`` filled; brackets may be nested.

    With a ``slot_seed`` a slot's filling depends on the seed and the slot's name only: the two halves of a minimal
    pair get the same.

    >>> expand("(please |)turn {what} on", {"what": ["it"]}, Random(1))
    'please turn it on'
    """
    out: list[list[str]] = [[""]]
    for char in text:
        if char == "(":
            out.append([""])
        elif char == "|" and len(out) > 1:
            out[-1].append("")
        elif char == ")" and len(out) > 1:
            chosen = random.choice(out.pop())
            out[-1][-1] += chosen
        else:
            out[-1][-1] += char
    filled, _, rest = out[0][0].partition("{")
    while rest:
        slot, _, rest = rest.partition("}")
        choice = Random(f"{slot_seed}:{slot}").choice if slot_seed else random.choice
        filled += choice(banks[slot])
        text, _, rest = rest.partition("{")
        filled += text
    return filled

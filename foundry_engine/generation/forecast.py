"""What a plan will cost if every text is kept the first time: what a dry run shows before anything is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from foundry_engine.blueprint import Blueprint
from foundry_engine.completions import CompletionRequest, Usage
from foundry_engine.generation.estimate import usage_of
from foundry_engine.generation.plan import BOUNDARY, Cell
from foundry_engine.generation.prompt import Order, request_for
from foundry_engine.generation.second_pass import reading_request
from foundry_engine.generation.source import reads_prompt
from foundry_engine.llm_pool.prices import read_prices
from foundry_engine.pool_settings import ModelEntry, Price

MILLION = 1_000_000
"""Prices are for so many tokens."""
USUAL = {"zh": "帮我看看明天早上几点出发", "en": "could you tell me when we leave tomorrow"}
"""Stands for a text of usual length in prompts that will hold others."""


def forecast(blueprint: Blueprint, task: str, cells: Sequence[Cell]) -> tuple[int, Usage]:
    """Requests, and tokens in prompts and answers; nothing for a provider that reads no prompt."""
    settings = blueprint.declaration.generate
    if not reads_prompt(settings.writers):
        return 0, Usage()
    requests = [*_writing(blueprint, task, cells), *_reading(blueprint, task, cells)]
    usages = [usage_of(request) for request in requests]
    return len(requests), Usage(sum(u.prompt_tokens for u in usages), sum(u.output_tokens for u in usages))


def dollars(blueprint: Blueprint, usage: Usage) -> float | None:
    """What a usage costs at the prices of the dearest declared writer; ``None`` where a price is not known."""
    settings = blueprint.declaration.generate
    known = read_prices(blueprint.folder / settings.prices if settings.prices else None)
    prices = [_price(entry, known) for entry in settings.writers]
    costs = [usage.prompt_tokens * p.input + usage.output_tokens * p.output for p in prices if p is not None]
    return max(costs) / MILLION if len(costs) == len(prices) else None


def _price(entry: ModelEntry, known: Mapping[str, Price]) -> Price | None:
    return entry.price or known.get(str(entry.settings.get("model", "")))


def _writing(blueprint: Blueprint, task: str, cells: Sequence[Cell]) -> list[CompletionRequest]:
    settings, constitution = blueprint.declaration.generate, blueprint.constitutions[task]
    return [
        request_for(
            Order(
                cell,
                0,
                cell.samples,
                cell.attributes,
                examples=(USUAL[cell.language],) * settings.examples,
                avoid=(USUAL[cell.language],) * settings.avoid,
            ),
            constitution,
        )
        for cell in cells
    ]


def _reading(blueprint: Blueprint, task: str, cells: Sequence[Cell]) -> list[CompletionRequest]:
    settings = blueprint.declaration.generate
    second, constitution = settings.second_pass, blueprint.constitutions[task]
    if not reads_prompt(settings.readers):
        return []
    requests: list[CompletionRequest] = []
    for language in blueprint.declaration.languages:
        ours = [cell for cell in cells if cell.language == language]
        votes = sum(cell.samples * (second.votes if cell.kind in BOUNDARY else 1) for cell in ours)
        one = reading_request([USUAL[language]] * second.texts, language, constitution, "")
        requests += [one] * -(-round(votes * second.share) // second.texts)
    return requests

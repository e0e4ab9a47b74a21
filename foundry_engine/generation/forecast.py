"""What a plan will cost if every text is kept the first time: what a dry run shows before anything is paid."""

from __future__ import annotations

from collections.abc import Sequence

from foundry_engine import registry
from foundry_engine.blueprint import Blueprint
from foundry_engine.completions import CompletionRequest, Usage
from foundry_engine.generation.estimate import usage_of
from foundry_engine.generation.plan import BOUNDARY, Cell
from foundry_engine.generation.prompt import Order, request_for
from foundry_engine.generation.second_pass import reading_request

USUAL = {"zh": "帮我看看明天早上几点出发", "en": "could you tell me when we leave tomorrow"}
"""Stands for a text of usual length in prompts that will hold others."""


def forecast(blueprint: Blueprint, task: str, cells: Sequence[Cell]) -> tuple[int, Usage]:
    """Requests, and tokens in prompts and answers; nothing for a provider that reads no prompt."""
    settings = blueprint.declaration.generate
    if not registry.find("providers", settings.provider).CAPABILITIES.reads_prompt:
        return 0, Usage()
    requests = [*_writing(blueprint, task, cells), *_reading(blueprint, task, cells)]
    usages = [usage_of(request) for request in requests]
    return len(requests), Usage(sum(u.prompt_tokens for u in usages), sum(u.output_tokens for u in usages))


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
    if not registry.find("providers", second.provider or settings.provider).CAPABILITIES.reads_prompt:
        return []
    requests: list[CompletionRequest] = []
    for language in blueprint.declaration.languages:
        ours = [cell for cell in cells if cell.language == language]
        votes = sum(cell.samples * (second.votes if cell.kind in BOUNDARY else 1) for cell in ours)
        one = reading_request([USUAL[language]] * second.texts, language, constitution, "")
        requests += [one] * -(-round(votes * second.share) // second.texts)
    return requests

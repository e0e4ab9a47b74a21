"""Who writes the texts of a blueprint and who reads them: a provider or several models, always as one pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from foundry_engine import registry
from foundry_engine.blueprint import Blueprint
from foundry_engine.folders import code_version, fingerprint_of
from foundry_engine.llm_pool import Budget, LlmPool, ModelEntry


def open_source(
    blueprint: Blueprint, task: str, environment: Mapping[str, str], models: Sequence[ModelEntry], budget: Budget
) -> tuple[LlmPool, dict[str, object]]:
    """The pool that is asked, and the identity its replies are kept under: providers and settings, never limits.

    Writers and readers share one ``budget``.
    """
    settings, constitution = blueprint.declaration.generate, blueprint.constitutions[task]
    prices = blueprint.folder / settings.prices if settings.prices else None
    pool = LlmPool.open(models, environment, constitution=constitution, budget=budget.money, prices=prices)
    pool.budget = budget
    identity: dict[str, object] = {"models": [_identity(entry) for entry in models]}
    if not all(registry.find("providers", entry.provider).CAPABILITIES.paid for entry in models):
        identity["constitution"] = fingerprint_of(  # it may write from the grammar, which no request holds
            {"constitution": constitution.model_dump(mode="json"), "code": code_version()}
        )
    return pool, identity


def reads_prompt(models: Sequence[ModelEntry]) -> bool:
    """Whether all of these models read what they are asked."""
    return all(registry.find("providers", entry.provider).CAPABILITIES.reads_prompt for entry in models)


def _identity(entry: ModelEntry) -> dict[str, object]:
    options = registry.find("providers", entry.provider).Settings.model_validate(entry.settings)
    return {"name": entry.provider, "settings": options.model_dump(mode="json")}

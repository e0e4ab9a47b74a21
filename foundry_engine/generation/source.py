"""Who writes the texts of a blueprint: its provider or its pool of models, always as one pool."""

from __future__ import annotations

from collections.abc import Mapping

from foundry_engine import registry
from foundry_engine.blueprint import Blueprint
from foundry_engine.folders import code_version, fingerprint_of
from foundry_engine.llm_pool import LlmPool, ModelEntry


def open_source(blueprint: Blueprint, task: str, environment: Mapping[str, str]) -> tuple[LlmPool, dict[str, object]]:
    """The pool that is asked, and the identity its replies are kept under: providers and settings, never limits."""
    settings, constitution = blueprint.declaration.generate, blueprint.constitutions[task]
    own = settings.settings.get(settings.provider, {})
    models = settings.pool or [
        ModelEntry(provider=settings.provider, settings=own, concurrency=settings.concurrency),
    ]
    pool = LlmPool.open(
        models,
        environment,
        constitution=constitution,
        budget=settings.budget,
        token_budget=settings.token_budget,
        prices=blueprint.folder / settings.prices if settings.prices else None,
    )
    asked = [_identity(entry) for entry in models]
    identity: dict[str, object] = {"name": settings.source, "models": asked} if settings.pool else asked[0]
    if not all(registry.find("providers", entry.provider).CAPABILITIES.paid for entry in models):
        identity["constitution"] = fingerprint_of(  # it may write from the grammar, which no request holds
            {"constitution": constitution.model_dump(mode="json"), "code": code_version()}
        )
    return pool, identity


def _identity(entry: ModelEntry) -> dict[str, object]:
    options = registry.find("providers", entry.provider).Settings.model_validate(entry.settings)
    return {"name": entry.provider, "settings": options.model_dump(mode="json")}

"""Declared models become scopes: one provider object a key, with its limits and price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from foundry_engine import registry
from foundry_engine.completions import ProviderContext
from foundry_engine.errors import InvalidSetting
from foundry_engine.llm_pool.limits import Limits
from foundry_engine.llm_pool.prices import read_prices
from foundry_engine.llm_pool.scope import UNKNOWN_OUTPUT, Scope
from foundry_engine.pool_settings import ModelEntry, Price
from foundry_engine.settings import secret_list

if TYPE_CHECKING:
    from foundry_engine.constitution import Constitution

FREE = Price(input=0.0, output=0.0)


def scopes_of(
    models: Sequence[ModelEntry],
    environment: Mapping[str, str],
    constitution: Constitution | None,
    own_prices: Path | None,
    priced: bool,
) -> list[Scope]:
    """The scopes of all models; with ``priced`` a model of unknown price is a mistake."""
    if not models:
        raise InvalidSetting("a pool needs at least one model")
    prices = read_prices(own_prices)
    found = [scope for entry in models for scope in _scopes(entry, environment, constitution, prices)]
    unknown = sorted({scope.name for scope in found if scope.price is None})
    if priced and unknown:
        raise InvalidSetting(
            f"a budget in money needs prices, and the price of {' and '.join(unknown)} is not known. "
            "Give the model a price, or cap tokens instead.",
            models=unknown,
        )
    return found


def _scopes(
    entry: ModelEntry, environment: Mapping[str, str], constitution: Constitution | None, prices: Mapping[str, Price]
) -> Iterator[Scope]:
    component = registry.find("providers", entry.provider)
    try:
        settings = component.Settings.model_validate(entry.settings)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(map(str, wrong["loc"]))
        raise InvalidSetting(f"provider '{entry.provider}' needs {place}: {wrong['msg'].lower()}") from None
    model = str(getattr(settings, "model", entry.provider))
    price = entry.price or prices.get(model) or (None if component.CAPABILITIES.paid else FREE)
    variable = str(getattr(settings, "keys_from", ""))
    secrets = tuple(secret_list(environment, variable)) if variable else ()
    keys = [secret.get_secret_value() for secret in secrets]
    for number, key in enumerate(keys or [""], start=1):
        own = {**environment, variable: key} if keys else dict(environment)
        yield Scope(
            name=entry.name or model,
            provider=_provider(component, settings, ProviderContext(constitution, own, secrets), number, variable),
            weight=entry.weight,
            group=entry.group,
            concurrency=entry.concurrency,
            limits=Limits(entry.safe_rps, entry.rpm, entry.tpm),
            price=price,
            cap=int(getattr(settings, "max_output_tokens", UNKNOWN_OUTPUT)),
            key=number if keys else 0,
            keys=len(keys),
            key_source=variable,
        )


def _provider(component: Any, settings: Any, context: ProviderContext, number: int, variable: str) -> Any:
    try:
        return component.Provider(settings, context)
    except InvalidSetting as error:
        if variable and f"key 1 in {variable}" in error.message:
            raise InvalidSetting(error.message.replace("key 1 in", f"key {number} in")) from None
        raise

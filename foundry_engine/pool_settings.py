"""How a pool of models is declared: in a blueprint under ``generate.pool``, or in a program."""

from __future__ import annotations

from datetime import date as Day
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.declared import Name, Strict

Money = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, le=1_000_000_000, allow_inf_nan=False)]


class Price(BaseModel):
    """US dollars for a million tokens, with the day it was read and where."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    input: Money
    """For a million tokens of the prompt."""
    output: Money
    """For a million tokens of the answer, thinking included."""
    date: Day | None = None
    """The day it was read."""
    source: str = ""
    """Where it was read."""


class ModelEntry(Strict):
    """One model of a pool. Limits are per key; several keys of one service multiply them."""

    provider: Name
    """Who is asked: a file in ``providers/``."""
    settings: dict[str, Any] = {}
    """The provider's own settings, the model's name among them."""
    name: Annotated[str, Field(max_length=64)] = ""
    """What reports call it; the model's name without it."""
    weight: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = 1.0
    """Share of the calls within its group."""
    group: Annotated[int, Field(ge=0, le=100)] = 0
    """Order of fallback: a group is asked when the ones below it cannot answer."""
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 100
    """Most calls under way at once, per key."""
    safe_rps: Rate | None = None
    """Calls a second, spread evenly."""
    rpm: Rate | None = None
    """Calls a minute, spread evenly."""
    tpm: Rate | None = None
    """Tokens a minute, prompt and answer, spread evenly."""
    price: Price | None = None
    """Instead of the price file's."""

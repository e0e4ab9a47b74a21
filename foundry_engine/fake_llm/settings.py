"""What a fake model server does: its seed, speed, limits, faults and how much it repeats itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from foundry_engine.fake_llm.faults import FAULTS

Rate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Limit = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Collapse(_Frozen):
    """How much a prompt asked again gives the same again; the formula is in ``collapse.py``.

    A ``share`` of all prompts is collapsed: pool of ``pool`` texts an item, Zipf exponent ``zipf``. All others have
    ``free_pool`` and ``free_zipf``.
    """

    share: Rate = 0.79
    pool: Annotated[int, Field(ge=1, le=10_000)] = 4
    zipf: Annotated[float, Field(ge=0, le=20)] = 4.0
    free_pool: Annotated[int, Field(ge=1, le=10_000)] = 40
    free_zipf: Annotated[float, Field(ge=0, le=20)] = 1.0


class FakeSettings(_Frozen):
    """``latency`` and ``slow`` are seconds; limits are per key and model; ``retry_after`` ``None`` names no delay."""

    seed: int = 0
    latency: Seconds = 0.05
    faults: dict[str, Rate] = {}
    retry_after: Seconds | None = 1.0
    hang: Seconds = 600.0
    slow: Seconds = 5.0
    rps: Limit | None = None
    rpm: Limit | None = None
    tpm: Limit | None = None
    models: Annotated[list[str], Field(min_length=1)] = ["fake-model"]
    keys: list[SecretStr] = []
    collapse: Collapse = Collapse()

    @model_validator(mode="after")
    def _faults_are_known(self) -> FakeSettings:
        unknown = sorted(set(self.faults) - set(FAULTS))
        if unknown:
            raise ValueError(f"no fault '{unknown[0]}' (known: {', '.join(FAULTS)})")
        if sum(self.faults.values()) > 1:
            raise ValueError(f"the rates of the faults add up to {sum(self.faults.values()):g}, more than 1")
        return self

"""What a pool asked, got and paid, by model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from foundry_engine.completions import Usage
from foundry_engine.llm_pool.budget import Budget
from foundry_engine.llm_pool.scope import Scope, total


@dataclass
class ModelReport:
    """One model, all its keys together; ``cost`` in US dollars, ``None`` when its price is not known."""

    name: str
    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    price_date: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class PoolReport:
    """All models; ``cost`` is of those with a known price, ``unknown_cost`` names the others that were asked."""

    models: tuple[ModelReport, ...]
    calls: int
    usage: Usage
    cost: float
    unknown_cost: tuple[str, ...]
    budget: float | None
    token_budget: int | None

    def data(self) -> dict[str, object]:
        """The report as plain data."""
        return asdict(self)


def report_of(scopes: Sequence[Scope], budget: Budget) -> PoolReport:
    """The report of a pool's scopes."""
    models: dict[str, ModelReport] = {}
    for scope in scopes:
        found = models.setdefault(scope.name, ModelReport(scope.name))
        found.calls += scope.started_calls
        found.usage = total(found.usage, scope.usage)
        found.outcomes.update(scope.outcomes)
        found.cost = scope.cost_of(found.usage)
        found.price_date = str(scope.price.date or "") if scope.price else ""
    used = Usage()
    for found in models.values():
        used = total(used, found.usage)
    return PoolReport(
        models=tuple(models.values()),
        calls=sum(found.calls for found in models.values()),
        usage=used,
        cost=sum(found.cost or 0.0 for found in models.values()),
        unknown_cost=tuple(found.name for found in models.values() if found.cost is None and found.calls),
        budget=budget.money,
        token_budget=budget.tokens,
    )

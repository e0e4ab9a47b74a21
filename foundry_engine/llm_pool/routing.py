"""Which scope a call goes to: the first group that can answer soon, in it the least loaded for its weight."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from foundry_engine.errors import ProviderError, Refused, Unavailable
from foundry_engine.llm_pool.scope import Scope

SOON = 5.0
"""Seconds a group is waited for before the next one is asked instead."""


def choose(
    scopes: Sequence[Scope], passed_over: Collection[Scope], avoided: Scope | None, now: float
) -> tuple[Scope | None, float]:
    """A scope that can take a call now, or none and when one may; ``inf`` when only another call's end can tell.

    ``passed_over`` have refused this very call. ``avoided`` has just failed it and is taken when there is no other.
    """
    wake = math.inf
    for group in sorted({scope.group for scope in scopes}):
        alive = [s for s in scopes if s.group == group and s.dead is None and s not in passed_over]
        ready_at = {id(scope): scope.ready_at() for scope in alive}
        ready = [scope for scope in alive if ready_at[id(scope)] <= now]
        if ready:
            others = [scope for scope in ready if scope is not avoided]
            return min(others or ready, key=_load), now
        soonest = min((ready_at[id(scope)] for scope in alive), default=math.inf)
        wake = min(wake, soonest)
        busy = any(not s.breaker.is_open and not s.adaptive.room() for s in alive)
        if busy or soonest <= now + SOON:
            return None, wake
    return None, wake


def _load(scope: Scope) -> tuple[float, float]:
    """Calls under way, then calls so far, each for the scope's weight."""
    return scope.in_flight / scope.weight, scope.started_calls / scope.weight


def verdict(scopes: Sequence[Scope], passed_over: Collection[Scope]) -> ProviderError | None:
    """Why no scope will ever take a call, or ``None`` while one may."""
    alive = [scope for scope in scopes if scope.dead is None and scope not in passed_over]
    if any(not scope.breaker.given_up for scope in alive):
        return None
    if alive:
        names = " and ".join(sorted({scope.name for scope in alive}))
        return Unavailable(
            f"{names}: no answer for some time, after several trials. Check the network and the provider's settings."
        )
    return _all_refused(scopes)


def _all_refused(scopes: Sequence[Scope]) -> ProviderError:
    last = next((scope for scope in reversed(scopes) if scope.dead is not None), None)
    if last is None or last.dead is None:
        return Refused("no model of the pool takes this request", whose="request")
    if last.dead.facts.get("whose") == "key" and last.key_source:
        said = last.dead.facts.get("said", last.dead.message)
        return Refused(
            f"all {last.keys} keys in {last.key_source} are refused. Last: {said}. Check the keys.", whose="key"
        )
    return last.dead

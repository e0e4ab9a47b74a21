"""Declared limits: spread evenly, tokens settled."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundry_engine.llm_pool.limits import SLACK, Limits


def starts(limits: Limits, count: int, tokens: float = 0.0, lateness: float = 0.0) -> list[float]:
    """When so many calls start that want to start at once."""
    now, out = 0.0, []
    for _ in range(count):
        now = max(now, limits.ready_at()) + lateness
        limits.take(now, tokens)
        out.append(now)
    return out


def test_without_limits_it_is_always_ready() -> None:
    assert Limits().ready_at() == -math.inf


@given(st.sampled_from([0.5, 5.0, 50.0]), st.floats(0, 0.04))
def test_no_second_has_more_than_declared(rps: float, lateness: float) -> None:
    times = starts(Limits(safe_rps=rps), 200, lateness=lateness)
    allowed = math.ceil(rps * (1.0 + SLACK)) + 1
    assert all(sum(t <= u < t + 1.0 for u in times) <= allowed for t in times)


def test_it_is_no_slower_than_declared() -> None:
    times = starts(Limits(safe_rps=50), 501)
    assert times[-1] == pytest.approx(10.0, rel=0.03)


def test_the_tighter_of_two_limits_holds() -> None:
    assert starts(Limits(safe_rps=100, rpm=60), 11)[-1] == pytest.approx(10.0, rel=0.03)


def test_tokens_are_spread_and_what_was_not_used_is_given_back() -> None:
    limits = Limits(tpm=6000)
    assert starts(limits, 3, tokens=100.0)[-1] == pytest.approx(2.0, rel=0.05)
    before = limits.ready_at()
    limits.settle(expected=100.0, used=40.0)
    assert before - limits.ready_at() == pytest.approx(0.6, rel=0.05)

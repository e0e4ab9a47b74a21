"""Limits nobody declared: the rate and the calls at once that are learned from 429s, in virtual time."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from foundry_engine.completions import CompletionRequest
from foundry_engine.errors import RateLimited
from foundry_engine.llm_pool import LlmPool, Scope
from foundry_engine.llm_pool.adaptive import START, AdaptiveLimit
from foundry_engine.llm_pool.limits import Limits
from tests.upstream import OK, Upstream
from tests.virtual_time import run


async def rate_of(upstream: Upstream, count: int = 1000, limits: Limits | None = None) -> float:
    """Answers a second, with 100 callers at once."""
    scope, free = Scope("m", upstream, limits=limits or Limits()), asyncio.Semaphore(100)
    async with LlmPool([scope], random=Random(1)) as pool:

        async def one(n: int) -> None:
            async with free:
                assert (await pool.complete(CompletionRequest("s", f"u{n}"))).text == OK.text

        await asyncio.gather(*(one(n) for n in range(count)))
    return count / asyncio.get_running_loop().time()


def noisy(share: float, seconds: float = 0.05) -> Upstream:
    random = Random(3)
    return Upstream(
        seconds=seconds, answer=lambda *_: RateLimited("x", retry_after=1.0) if random.random() < share else OK
    )


REACHED = [
    ("no limit", Upstream(), 1000, 1000, 1000),
    ("50/s", Upstream(50), 1000, 43, 1100),
    ("50/s, and says nothing", Upstream(50, tells=False), 1000, 40, 1100),
    ("50/s, answers of a second", Upstream(50, seconds=1.0), 1000, 40, 1100),
    ("50/s, answers of five seconds", Upstream(50, seconds=5.0), 1000, 10, 1100),
    ("10/s", Upstream(10), 500, 8.6, 560),
    ("5/s", Upstream(5), 200, 4, 240),
    ("600 a minute", Upstream(600, 60.0), 2000, 9, 2400),
    ("one in twenty refused by chance", noisy(0.05), 1000, 150, 1060),
    ("one in twenty, answers of two seconds", noisy(0.05, 2.0), 1000, 15, 1060),
    ("one in five refused by chance", noisy(0.2), 1000, 3, 1300),
]


@pytest.mark.parametrize(("upstream", "count", "rate", "calls"), [r[1:] for r in REACHED], ids=[r[0] for r in REACHED])
def test_a_limit_nobody_declared_is_used_and_not_fought(
    upstream: Upstream, count: int, rate: float, calls: int
) -> None:
    assert run(rate_of(upstream, count)) >= rate
    assert len(upstream.times) <= calls


def test_a_declared_limit_is_never_run_into() -> None:
    upstream = Upstream(50)
    assert run(rate_of(upstream, limits=Limits(safe_rps=50))) >= 43
    assert len(upstream.times) <= 1020


def test_it_begins_with_few_calls_and_doubles() -> None:
    upstream = Upstream(seconds=1.0)
    run(rate_of(upstream, 300))
    waves = [upstream.times.count(at) for at in sorted(set(upstream.times))]
    assert waves[:3] == [START, 2 * START, 4 * START]
    assert upstream.most_in_flight == 100


def test_a_burst_is_cut_once_in_proportion() -> None:
    limit = AdaptiveLimit(100)
    limit.limit = 100.0
    numbers = [limit.started(0.0) for _ in range(100)]
    for number in numbers[::10]:
        limit.refused(number, 1.0, None)
    for number in set(numbers) - set(numbers[::10]):
        limit.accepted(number, 1.0)
    assert limit.limit == pytest.approx(90.0), "10 of 100 calls were refused"
    assert limit.rate is None, "which is noise"


def test_when_most_are_refused_it_rests_as_told_and_then_goes_at_the_accepted_rate() -> None:
    limit = AdaptiveLimit(100)
    numbers = [limit.started(n / 100) for n in range(40)]
    for number in numbers[20:]:
        limit.refused(number, 0.4, 10.0)
    assert limit.ready_at() == pytest.approx(10.4)
    assert limit.rate == pytest.approx(2.0, rel=0.05), "20 were accepted in what seems to be a window of 10 s"


def test_the_rate_climbs_again() -> None:
    limit = AdaptiveLimit(10)
    for number in [limit.started(0.0) for _ in range(9)][3:]:
        limit.refused(number, 0.1, 1.0)
    first = limit.rate
    assert first is not None
    for second in range(1, 120):
        limit.accepted(limit.started(float(second)), second + 0.1)
    assert limit.rate is not None and limit.rate > 2 * first

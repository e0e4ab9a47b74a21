"""Many models as one, in virtual time: what is tried again and when, who is asked, what is paid."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from foundry_engine.completions import Completion, CompletionRequest, Quota, Usage
from foundry_engine.errors import (
    BudgetSpent,
    ConfigError,
    InvalidSetting,
    MalformedReply,
    ProviderError,
    RateLimited,
    Refused,
    Rejected,
    TimedOut,
    Truncated,
    Unavailable,
)
from foundry_engine.llm_pool import Budget, LlmPool, Price, Scope
from foundry_engine.llm_pool.breaker import FAULTS
from foundry_engine.llm_pool.limits import Limits
from foundry_engine.llm_pool.retries import AGAIN, EMPTY, RAISES, REASK
from tests.upstream import OK, Answer, Upstream
from tests.virtual_time import run

SCHEMA = {"type": "object", "properties": {"label": {"enum": ["A", "B"]}}, "required": ["label"]}
REQUEST = CompletionRequest("system", "user", SCHEMA)


def said(text: str, finish: Any = "stop", prompt: int = 10, output: int = 5) -> Completion:
    return Completion(text, Usage(prompt, output), finish)


def now() -> float:
    return asyncio.get_running_loop().time()


def scripted(*answers: Answer) -> Upstream:
    """Answers in turn, the last one for ever."""
    return Upstream(answer=lambda _, __, left=list(answers): left.pop(0) if len(left) > 1 else left[0])  # type: ignore[misc]


def pooled(*scopes: Scope | Upstream, budget: Budget | None = None) -> LlmPool:
    made = [s if isinstance(s, Scope) else Scope(f"m{i}", s) for i, s in enumerate(scopes)]
    return LlmPool(made, budget, Random(1))


def with_pool(pool: LlmPool, work: Callable[[LlmPool], Coroutine[Any, Any, Any]]) -> Any:
    async def go() -> Any:
        async with pool:
            return await work(pool)

    return run(go())


def complete(pool: LlmPool, request: CompletionRequest = REQUEST, **options: Any) -> Completion:
    return with_pool(pool, lambda p: p.complete(request, **options))


# what is tried again

CUT, PROSE, OTHER, EMPTY_ONE = said('{"lab', "length"), said("Sure!"), said('{"label": "C"}'), said("")
MENDED: list[tuple[str, list[Answer], int]] = [
    ("answered at once", [OK], 1),
    ("down once", [Unavailable("x"), OK], 2),
    ("slow twice", [TimedOut("x"), TimedOut("x"), OK], 3),
    ("at the limit often", [*[RateLimited("x", retry_after=5.0)] * 12, OK], 13),
    ("a page of HTML", [MalformedReply("x"), OK], 2),
    ("prose once", [PROSE, OK], 2),
    ("outside the schema, then prose", [OTHER, PROSE, OK], 3),
    ("empty often", [*[EMPTY_ONE] * EMPTY, OK], EMPTY + 1),
    ("cut once", [CUT, OK], 2),
    ("cut, but whole", [said('{"label": "A"}', "length")], 1),
    ("in a code fence", [said('```json\n{"label": "A"}\n```')], 1),
]


@pytest.mark.parametrize(("answers", "calls"), [m[1:] for m in MENDED], ids=[m[0] for m in MENDED])
def test_what_a_retry_mends(answers: list[Answer], calls: int) -> None:
    upstream = scripted(*answers)
    assert json.loads(complete(pooled(upstream)).text) == {"label": "A"}
    assert len(upstream.asked) == calls


FINAL: list[tuple[str, Answer, type[ProviderError], int]] = [
    ("down for good", Unavailable("x"), Unavailable, AGAIN),
    ("slow for good", TimedOut("x"), TimedOut, AGAIN),
    ("always prose", PROSE, MalformedReply, 1 + REASK),
    ("always empty", EMPTY_ONE, MalformedReply, 1 + EMPTY),
    ("always cut", CUT, Truncated, 1 + RAISES),
    ("blocked", said("", "blocked"), Rejected, 1),
    ("blocked by an error", Rejected("x"), Rejected, 1),
    ("a request that is refused", Refused("x", whose="request"), Refused, 1),
    ("a budget of the service", BudgetSpent("x"), BudgetSpent, 1),
]


@pytest.mark.parametrize(("answer", "kind", "calls"), [f[1:] for f in FINAL], ids=[f[0] for f in FINAL])
def test_what_no_retry_mends(answer: Answer, kind: type[ProviderError], calls: int) -> None:
    upstream = scripted(answer)
    upstream_pool = pooled(upstream)
    with pytest.raises(kind) as raised:
        complete(upstream_pool)
    assert len(upstream.asked) <= calls
    if isinstance(answer, Completion):
        paid = raised.value.facts["completion"]
        assert isinstance(paid, Completion) and paid.usage.output_tokens == 5 * calls, "all tries are paid for"


def test_waits_grow_with_jitter_and_named_ones_are_kept() -> None:
    upstream = scripted(*[Unavailable("x")] * 4, OK)
    complete(pooled(upstream))
    gaps = [b - a - 0.05 for a, b in zip(upstream.times, upstream.times[1:], strict=False)]
    assert all(0 <= gap <= 0.25 * 2**n + 1e-9 for n, gap in enumerate(gaps)) and len(set(gaps)) == 4
    named = scripted(RateLimited("x", retry_after=33.0), Unavailable("x", retry_after=7.0), OK)
    complete(pooled(named))
    assert named.times[1] >= 33.0 and named.times[2] >= 40.0


def test_a_malformed_answer_is_asked_for_fresh_and_then_with_what_was_wrong() -> None:
    upstream = scripted(OTHER, OTHER, OK)
    complete(pooled(upstream))
    first, fresh, told = upstream.asked
    assert first == REQUEST
    assert (fresh.user, fresh.seed != first.seed) == (first.user, True)
    assert told.user.startswith("user\n\nAn earlier answer to this was not accepted: at label:") and "C" in told.user
    assert "{" not in told.user, "its own words are not sent back"


def test_a_cut_answer_gets_more_room_and_never_its_own_words() -> None:
    upstream = scripted(CUT, CUT, OK)
    complete(pooled(Scope("m", upstream, cap=100)))
    assert [asked.max_output_tokens for asked in upstream.asked] == [None, 200, 400]
    assert {asked.user for asked in upstream.asked} == {"user"}


def test_a_schema_that_is_none_is_said_before_anything_is_asked() -> None:
    upstream = scripted(OK)
    with pytest.raises(InvalidSetting, match="no JSON Schema"):
        complete(pooled(upstream), CompletionRequest("s", "u", {"type": "objekt"}))
    with pytest.raises(InvalidSetting, match="no JSON Schema"):
        complete(pooled(upstream), CompletionRequest("s", "u", {"$ref": "http://127.0.0.1:9/x"}))
    assert upstream.asked == []


def test_plain_text_needs_no_schema() -> None:
    assert complete(pooled(scripted(PROSE)), CompletionRequest("s", "u")).text == "Sure!"


# deadlines

LATE: list[tuple[str, Upstream, type[ProviderError]]] = [
    ("a slow answer", Upstream(seconds=50), TimedOut),
    ("a service that is down", scripted(Unavailable("x")), Unavailable),
    ("a limit for longer", scripted(RateLimited("x", retry_after=30.0)), RateLimited),
    ("a limit here and there", Upstream(answer=lambda *_: RateLimited("x", retry_after=0.5)), RateLimited),
]


@pytest.mark.parametrize(("upstream", "kind"), [row[1:] for row in LATE], ids=[row[0] for row in LATE])
def test_the_deadline_ends_everything(upstream: Upstream, kind: type[ProviderError]) -> None:
    async def work(pool: LlmPool) -> float:
        with pytest.raises(kind):
            await pool.complete(REQUEST, deadline=10.0)
        return now()

    pool = pooled(upstream)
    assert with_pool(pool, work) <= 10.01
    assert pool.scopes[0].in_flight == 0


def test_nothing_is_refused_while_the_deadline_allows_waiting() -> None:
    upstream = Upstream()
    pool = pooled(Scope("m", upstream, limits=Limits(safe_rps=5)))

    async def work(pool: LlmPool) -> Counter[str]:
        async def one(n: int) -> str:
            try:
                await pool.complete(CompletionRequest("s", str(n)), deadline=10.0)
                return "answered"
            except RateLimited as error:
                assert "longer than the deadline allows" in error.message or "too many" in error.message
            except TimedOut as error:
                assert "deadline" in error.message
            return "too late"

        return Counter(await asyncio.gather(*(one(n) for n in range(70))))

    found = with_pool(pool, work)
    assert 45 <= found["answered"] <= 52, "what fits into ten seconds is answered"


# who is asked


def asked_by(scopes: list[Scope], count: int = 120, at_once: int = 1000) -> list[int]:
    async def work(pool: LlmPool) -> None:
        free = asyncio.Semaphore(at_once)

        async def one(n: int) -> None:
            async with free:
                await pool.complete(CompletionRequest("s", str(n)))

        await asyncio.gather(*(one(n) for n in range(count)))

    with_pool(LlmPool(scopes, random=Random(1)), work)
    return [scope.started_calls for scope in scopes]


def test_calls_are_shared_by_weight() -> None:
    scopes = [Scope("a", Upstream(), weight=1.0), Scope("b", Upstream(), weight=3.0)]
    first, second = asked_by(scopes, 400, at_once=8)
    assert first + second == 400 and 2.5 <= second / first <= 3.5


def test_a_slow_model_gets_less() -> None:
    slow, fast = asked_by([Scope("slow", Upstream(seconds=2.0)), Scope("fast", Upstream())], 1000)
    assert fast > 5 * slow > 0


def test_the_second_group_is_for_when_the_first_cannot() -> None:
    assert asked_by([Scope("a", Upstream()), Scope("b", Upstream(), group=1)]) == [120, 0]
    refused = Upstream(answer=lambda *_: Refused("no", whose="model"))
    tried, other = asked_by([Scope("a", refused), Scope("b", Upstream(), group=1)])
    assert 1 <= tried <= 16 and other == 120
    broken = Upstream(answer=lambda *_: Unavailable("no"))
    tried, other = asked_by([Scope("a", broken), Scope("b", Upstream(), group=1)])
    assert tried <= 30 and other == 120


def test_a_request_one_model_refuses_goes_to_another_and_the_model_stays() -> None:
    picky = Upstream(answer=lambda r, _: Refused("too long", whose="request") if r.user == "7" else OK)
    scopes = [Scope("picky", picky), Scope("other", Upstream(), group=1)]
    assert asked_by(scopes) == [120, 1]


def test_keys_take_turns_and_a_refused_one_is_dropped_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("foundry_engine"), "propagate", True)
    bad = Upstream(seconds=0, answer=lambda *_: Refused("no", whose="key", said="HTTP 403 suspended"))
    scopes = [Scope("m", up, key=n, keys=3, key_source="KEYS") for n, up in enumerate((Upstream(), bad, Upstream()), 1)]
    with caplog.at_level(logging.WARNING, "foundry_engine"):
        first, dropped, third = asked_by(scopes)
    assert dropped <= 16 and first + third == 120 and abs(first - third) < 20
    (record,) = caplog.records
    assert record.getMessage() == "key 2 of 3 is refused and dropped: HTTP 403 suspended"


def test_when_the_last_key_is_refused_it_ends() -> None:
    bad = Upstream(answer=lambda *_: Refused("no", whose="key", said="HTTP 401 expired"))
    scopes = [Scope("m", bad, key=n, keys=2, key_source="KEYS") for n in (1, 2)]
    with pytest.raises(Refused, match=r"all 2 keys in KEYS are refused\. Last: HTTP 401 expired\. Check the keys\."):
        complete(pooled(*scopes))


def test_a_key_at_its_limit_rests_while_the_other_goes_on() -> None:
    resting = Upstream(limit=2, window=1000.0)
    assert asked_by([Scope("m", resting, key=1, keys=2), Scope("m", Upstream(), key=2, keys=2)])[1] >= 118


def test_callers_take_turns() -> None:
    pool = pooled(Scope("m", Upstream(), limits=Limits(safe_rps=10)))

    async def work(pool: LlmPool) -> list[str]:
        order: list[str] = []

        async def one(caller: str, n: int) -> None:
            await pool.complete(CompletionRequest(caller, str(n)), caller=caller)
            order.append(caller)

        await asyncio.gather(*(one("big", n) for n in range(60)), *(one("small", n) for n in range(10)))
        return order

    order = with_pool(pool, work)
    assert order[:22].count("small") >= 9, "the small caller does not wait for the big one"


def test_a_service_that_died_is_not_waited_for_for_ever() -> None:
    down = Upstream(answer=lambda *_: Unavailable("no connection"))

    async def work(pool: LlmPool) -> float:
        async def one(n: int) -> None:
            with pytest.raises(Unavailable):
                await pool.complete(CompletionRequest("s", str(n)))

        await asyncio.gather(*(one(n) for n in range(200)))
        return now()

    assert with_pool(pooled(down), work) < 120
    assert len(down.asked) < 60, "it is left alone"


def test_what_is_left_of_a_quota_is_heeded() -> None:
    told = Upstream(quota=lambda n: Quota(requests=0 if n == 1 else 50, requests_reset=20.0))

    async def work(pool: LlmPool) -> None:
        await pool.complete(CompletionRequest("s", "first"))
        await pool.complete(CompletionRequest("s", "second"))

    with_pool(pooled(told), work)
    assert told.times[1] >= 20.0


# merging


def gathered(pool: LlmPool, requests: list[CompletionRequest]) -> list[Completion]:
    async def work(pool: LlmPool) -> list[Completion]:
        return list(await asyncio.gather(*(pool.complete(request) for request in requests)))

    found: list[Completion] = with_pool(pool, work)
    return found


def test_identical_calls_under_way_are_one_and_variety_is_a_seed() -> None:
    upstream = Upstream()
    same = [CompletionRequest("s", "u", seed=1)] * 5
    assert len(gathered(pooled(upstream), [*same, CompletionRequest("s", "u", seed=2)])) == 6
    assert sorted(asked.seed for asked in upstream.asked) == [1, 2]


def test_a_merged_call_goes_on_while_anyone_waits_and_ends_with_the_last() -> None:
    upstream = Upstream(seconds=5.0)

    async def work(pool: LlmPool) -> tuple[str, int]:
        first, second, third = (asyncio.create_task(pool.complete(REQUEST)) for _ in range(3))
        other = asyncio.create_task(pool.complete(CompletionRequest("s", "other")))
        await asyncio.sleep(1)
        first.cancel()
        other.cancel()
        await asyncio.sleep(0.1)
        text = (await second).text
        assert (await third).text == text
        return text, pool.scopes[0].in_flight

    assert with_pool(pooled(upstream), work) == (OK.text, 0)
    assert len(upstream.asked) == 2 and upstream.in_flight == 0


# money

PRICE = Price(input=100.0, output=1000.0)


def spend(count: int, at_once: int, budget: Budget, **scope: Any) -> tuple[int, Upstream, LlmPool]:
    upstream = Upstream(answer=lambda *_: said('{"label": "A"}', output=100))
    pool = pooled(Scope("m", upstream, cap=200, **scope), budget=budget)
    free = asyncio.Semaphore(at_once)

    async def work(pool: LlmPool) -> int:
        async def one(n: int) -> bool:
            async with free:
                try:
                    await pool.complete(CompletionRequest("s", str(n), SCHEMA))
                except BudgetSpent as error:
                    assert "Raise the budget" in error.message
                    return False
                return True

        return sum(await asyncio.gather(*(one(n) for n in range(count))))

    return with_pool(pool, work), upstream, pool


def test_a_cap_on_money_holds_whatever_is_under_way() -> None:
    answered, upstream, pool = spend(200, 50, Budget(money=5.0), price=PRICE)
    each = (10 * 100 + 100 * 1000) / 1e6
    assert pool.report().cost == pytest.approx(each * answered) and pool.report().cost <= 5.0
    assert answered == len(upstream.asked) >= int(5.0 / each) - 3, "and little of it is left over"


def test_a_cap_on_tokens_holds() -> None:
    answered, _, pool = spend(200, 20, Budget(tokens=3000))
    assert pool.budget.spent_tokens == 110 * answered <= 3000
    assert answered >= 3000 // 110 - 3


def test_a_cap_stops_before_the_first_call_it_cannot_pay() -> None:
    answered, upstream, _ = spend(5, 5, Budget(tokens=100))
    assert (answered, upstream.asked) == (0, [])


def test_failed_tries_are_counted_and_an_unknown_price_is_said() -> None:
    pool = pooled(Scope("known", scripted(OTHER, OTHER, OK), price=PRICE))
    complete(pool)
    report = pool.report()
    assert (report.calls, report.usage, report.unknown_cost) == (3, Usage(30, 15), ())
    assert report.cost == pytest.approx(3 * (10 * 100 + 5 * 1000) / 1e6)
    assert report.models[0].outcomes == {"MalformedReply": 2, "answered": 1}
    unpriced = pooled(Scope("new", scripted(OK)))
    complete(unpriced)
    assert (unpriced.report().cost, unpriced.report().unknown_cost) == (0.0, ("new",))
    assert unpriced.report().models[0].cost is None


def test_closing_closes_every_provider() -> None:
    upstreams = [Upstream(), Upstream()]
    with_pool(pooled(*upstreams), lambda pool: pool.complete(REQUEST))
    assert all(upstream.closed for upstream in upstreams)


# long rests, and the end


def test_a_rest_longer_than_an_hour_is_not_waited_for_while_others_answer() -> None:
    day = scripted(RateLimited("x", retry_after=86400.0))
    with pytest.raises(RateLimited, match=r"asks to wait 24\.0 h"):
        complete(pooled(day))
    assert complete(pooled(day, scripted(OK))) == complete(pooled(scripted(OK)))


def test_a_long_rest_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def work(pool: LlmPool) -> None:
        await asyncio.gather(*(pool.complete(REQUEST, caller=f"{n}") for n in range(3)))

    with caplog.at_level(logging.WARNING):
        with_pool(pooled(scripted(RateLimited("slow", retry_after=600.0), OK)), work)
    assert [record.getMessage() for record in caplog.records] == ["m0 rests for 600 s, as its service asks: slow"]


@pytest.mark.parametrize("answer", [RateLimited("x", retry_after=600.0), Unavailable("x"), OTHER])
def test_a_draining_pool_makes_no_further_try_and_does_not_rest(answer: Answer) -> None:
    upstream = scripted(answer)

    async def work(pool: LlmPool) -> float:
        asyncio.get_running_loop().call_later(0.04, pool.drain)
        with pytest.raises(ProviderError, match="interrupted"):
            await pool.complete(REQUEST)
        with pytest.raises(ProviderError, match="interrupted"):
            await pool.complete(REQUEST)
        return now()

    assert with_pool(pooled(upstream), work) < 0.1
    assert len(upstream.asked) == 1


def test_a_draining_pool_gives_what_is_under_way() -> None:
    async def work(pool: LlmPool) -> Completion:
        asyncio.get_running_loop().call_later(0.04, pool.drain)
        return await pool.complete(REQUEST)

    assert with_pool(pooled(scripted(OK)), work).text == OK.text


def test_a_closed_pool_says_so() -> None:
    pool = pooled(scripted(OK))
    complete(pool)
    with pytest.raises(ConfigError, match="closed"):
        run(pool.complete(REQUEST))


@pytest.mark.parametrize("cap", [{"money": float("nan")}, {"money": -1.0}, {"money": float("inf")}, {"tokens": -1}])
def test_a_budget_that_is_no_cap_is_a_mistake(cap: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting, match=r"the budget in (money|tokens) is"):
        Budget(**cap)


def test_a_call_is_settled_even_when_its_provider_counts_nonsense() -> None:
    pool = pooled(scripted(Completion("Sure!", Usage("many", None))), budget=Budget(tokens=100_000))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        complete(pool, CompletionRequest("s", "u"))
    assert not pool.budget.may_fit_later()


def test_bodies_nobody_can_read_open_the_breaker() -> None:
    pool = pooled(scripted(MalformedReply("a page", unreadable=True)))

    async def work(pool: LlmPool) -> None:
        for seed in range(FAULTS):
            with suppress(ProviderError):
                await pool.complete(CompletionRequest("s", "u", seed=seed), deadline=0.5)

    with_pool(pool, work)
    assert pool.scopes[0].breaker.is_open

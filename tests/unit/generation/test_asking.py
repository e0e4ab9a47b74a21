"""Asking: journalled before used, never twice, repeated as the error's class allows."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from foundry_engine.completions import Completion, CompletionRequest, Usage
from foundry_engine.errors import (
    BudgetSpent,
    MalformedReply,
    ProviderError,
    RateLimited,
    Refused,
    Rejected,
    TimedOut,
    Truncated,
    Unavailable,
)
from foundry_engine.folders import fingerprint_of
from foundry_engine.generation import asking
from foundry_engine.generation.asking import ask_all, request_key
from foundry_engine.log import Silent
from foundry_engine.streaming.journal import Journal, Reply

Answer = Completion | ProviderError
IDENTITY = {"name": "test"}


def request(n: int) -> CompletionRequest:
    return CompletionRequest("system", f"user {n}", {}, {"label": "A"}, 1, n)


class Scripted:
    """Answers each request by a function of it and of how often it was asked."""

    def __init__(self, answer: Callable[[CompletionRequest, int], Answer]) -> None:
        self._answer = answer
        self.asked: list[int] = []
        self.under_way = self.most_under_way = 0

    async def complete(self, request: CompletionRequest) -> Completion:
        self.asked.append(request.seed)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        for _ in range(1 + 7 * request.seed % 5):  # they arrive in another order
            await asyncio.sleep(0)
        self.under_way -= 1
        answer = self._answer(request, self.asked.count(request.seed))
        if isinstance(answer, ProviderError):
            raise answer
        return answer

    async def close(self) -> None: ...


class Counter(Silent):
    done = 0

    def advance(self, count: int = 1) -> None:
        self.done += count


def ask(
    provider: Scripted, journal: Journal, count: int = 1, concurrency: int = 1, progress: Counter | None = None
) -> list[Reply | None]:
    requests = [request(n) for n in range(count)]
    return asyncio.run(ask_all(provider, IDENTITY, requests, journal, concurrency, progress or Counter()))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    with Journal(tmp_path / "journal.sqlite") as opened:
        yield opened  # type: ignore[misc]


OK = Completion("fine", Usage(3, 4))
DONE = Reply("fine", "stop", 3, 4)
CUT = Completion("{", Usage(1, 1), "length")
OUTCOMES: list[tuple[str, Answer, Reply | None]] = [
    ("answered", OK, DONE),
    ("blocked", Rejected("x"), Reply("", "blocked", 0, 0)),
    (
        "blocked, and paid for",
        Rejected("x", completion=Completion("", Usage(2, 0), "blocked")),
        Reply("", "blocked", 2, 0),
    ),
    ("cut in all tries", Truncated("x", completion=CUT), Reply("{", "length", 1, 1)),
    ("malformed in all tries", MalformedReply("x", completion=OK), DONE),
    ("no answer at all", MalformedReply("x"), None),
    ("down", Unavailable("x"), None),
    ("slow", TimedOut("x"), None),
    ("at the limit for too long", RateLimited("x", retry_after=3.5), None),
    ("a lone surrogate", Completion('"\ud800"'), Reply('"\\ud800"', "stop", 0, 0)),
]


@pytest.mark.parametrize(("answer", "reply"), [r[1:] for r in OUTCOMES], ids=[r[0] for r in OUTCOMES])
def test_what_comes_of_a_request_is_kept(journal: Journal, answer: Answer, reply: Reply | None) -> None:
    provider = Scripted(lambda *_: answer)
    assert ask(provider, journal) == [reply]
    assert len(provider.asked) == 1, "trying again is the pool's"
    assert journal.get(request_key(IDENTITY, request(0))) == reply, "what is used is what is kept"


@pytest.mark.parametrize("error", [Refused("no"), BudgetSpent("no")])
def test_what_no_retry_can_mend_ends_all_and_keeps_what_came(journal: Journal, error: ProviderError) -> None:
    provider = Scripted(lambda r, _: error if r.seed == 3 else OK)
    with pytest.raises(type(error)):
        ask(provider, journal, count=10)
    assert provider.asked == [0, 1, 2, 3]
    kept = [journal.get(request_key(IDENTITY, request(n))) for n in range(10)]
    assert kept == [DONE] * 3 + [None] * 7


def test_what_is_under_way_when_another_fails_is_kept(journal: Journal) -> None:
    provider = Scripted(lambda r, _: Refused("no") if r.seed == 0 else OK)  # 0 is answered first
    with pytest.raises(Refused):
        ask(provider, journal, count=12, concurrency=4)
    assert set(provider.asked) == {0, 1, 2, 3}, "nothing new is asked"
    assert [journal.get(request_key(IDENTITY, request(n))) for n in range(5)] == [None, DONE, DONE, DONE, None]


def test_a_rerun_asks_only_for_what_is_missing(journal: Journal) -> None:
    failing = Scripted(lambda r, _: Refused("no") if r.seed == 3 else OK)
    with pytest.raises(Refused):
        ask(failing, journal, count=6)
    again = Scripted(lambda r, _: OK)
    assert ask(again, journal, count=6) == [DONE] * 6
    assert again.asked == [3, 4, 5]
    third = Scripted(lambda r, _: OK)
    progress = Counter()
    assert ask(third, journal, count=6, progress=progress) == [DONE] * 6
    assert (third.asked, progress.done) == ([], 6)


def test_a_reply_is_on_disk_before_the_next_is_asked_for(journal: Journal, tmp_path: Path) -> None:
    seen: list[int] = []

    def count(request: CompletionRequest, nth: int) -> Answer:
        other = sqlite3.connect(tmp_path / "journal.sqlite")
        seen.append(other.execute("SELECT count(*) FROM reply").fetchone()[0])
        other.close()
        return OK

    ask(Scripted(count), journal, count=5)
    assert seen == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("concurrency", "most"), [(1, 1), (4, 4), (50, 12)])
def test_no_more_than_allowed_are_under_way(journal: Journal, concurrency: int, most: int) -> None:
    provider = Scripted(lambda r, _: Completion(f"reply {r.seed}"))
    replies = ask(provider, journal, count=12, concurrency=concurrency)
    assert [r and r.text for r in replies] == [f"reply {n}" for n in range(12)], "in the order of the requests"
    assert provider.most_under_way == most


def test_a_key_depends_on_provider_and_request() -> None:
    keys = {request_key({"name": name}, request(n)) for name in "ab" for n in range(2)}
    assert len(keys) == 4
    assert request_key({"name": "a"}, request(0)) in keys


def test_a_service_that_is_down_ends_it_soon(journal: Journal) -> None:
    provider = Scripted(lambda asked, _: OK if asked.seed == 0 else Unavailable("no connection"))
    with pytest.raises(Unavailable, match=r"no connection\. 4 requests in a row had no answer"):
        ask(provider, journal, count=20)
    assert journal.get(request_key(IDENTITY, request(0))) == DONE
    assert len(provider.asked) == 1 + asking.MAX_LOST


def test_a_key_is_that_of_journals_written_before_requests_had_caps() -> None:
    with_cap = replace(request(0), max_output_tokens=7)
    old = {k: v for k, v in asdict(request(0)).items() if k != "max_output_tokens"}
    assert request_key(IDENTITY, request(0)) == fingerprint_of({"provider": IDENTITY, "request": old})
    assert request_key(IDENTITY, with_cap) != request_key(IDENTITY, request(0))

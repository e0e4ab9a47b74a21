"""The desk: journalled before used, never twice, stopped by what no retry can mend."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from foundry_engine.completions import Completion, CompletionRequest, Usage
from foundry_engine.errors import BudgetSpent, MalformedReply, ProviderError, Refused, Rejected, Unavailable
from foundry_engine.generation.desk import MAX_LOST, Desk
from foundry_engine.llm_pool import Budget, LlmPool
from foundry_engine.log import Silent

PAID = Completion("<html>", Usage(5, 2))


class Answering(LlmPool):
    """A pool that answers each request by a function of its seed."""

    def __init__(self, answer: Callable[[int], Completion | ProviderError]) -> None:
        super().__init__([], Budget(tokens=1000))
        self.answer, self.asked = answer, list[int]()

    async def complete(self, request: CompletionRequest, **_: object) -> Completion:  # type: ignore[override]
        self.asked.append(request.seed)
        await asyncio.sleep(0)
        found = self.answer(request.seed)
        if isinstance(found, ProviderError):
            raise found
        return found


def ask(pool: LlmPool, place: Path, *seeds: int, concurrency: int = 1) -> tuple[list[Completion | None], Desk]:
    desk = Desk("writer", "test", True, pool, {"model": "m"}, place, concurrency, Silent())
    requests = [CompletionRequest("law", f"cell {seed}", seed=seed) for seed in seeds]
    return asyncio.run(desk.ask(requests, "asking")), desk


def good(seed: int) -> Completion:
    return Completion(f"answer {seed}", Usage(10, 1), cost=0.5)


def test_answers_come_in_the_order_of_the_requests_and_are_asked_for_once(tmp_path: Path) -> None:
    first, second = Answering(good), Answering(good)
    answers, _ = ask(first, tmp_path, 3, 1, 2, concurrency=3)
    assert [a and a.text for a in answers] == ["answer 3", "answer 1", "answer 2"]
    again, _ = ask(second, tmp_path, 2, 9, 3)
    assert [(a.text, a.usage, a.cost) for a in again if a] == [(f"answer {n}", Usage(10, 1), 0.5) for n in (2, 9, 3)]
    assert second.asked == [9]
    assert second.budget.spent_tokens == 22, "what was paid in an earlier run counts"


UNUSABLE = [
    ("paid and malformed", MalformedReply("no", completion=PAID), "<html>", "stop"),
    ("blocked", Rejected("no"), "", "blocked"),
    ("a lone surrogate", Completion("\ud800"), "\\ud800", "stop"),
]


@pytest.mark.parametrize(("given", "text", "finish"), [u[1:] for u in UNUSABLE], ids=[u[0] for u in UNUSABLE])
def test_an_unusable_answer_is_kept_and_not_asked_for_again(
    tmp_path: Path, given: Completion | ProviderError, text: str, finish: str
) -> None:
    pool = Answering(lambda _: given)
    for _ in range(2):
        (answer,), _desk = ask(pool, tmp_path, 1)
        assert answer and (answer.text, answer.finish) == (text, finish)
    assert pool.asked == [1]


def test_what_no_retry_mends_ends_it_and_keeps_what_came(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="the key is not accepted"):
        ask(Answering(lambda n: Refused("the key is not accepted") if n == 3 else good(n)), tmp_path, 1, 2, 3, 4)
    pool = Answering(good)
    assert [a and a.text for a in ask(pool, tmp_path, 1, 2, 3)[0]] == ["answer 1", "answer 2", "answer 3"]
    assert pool.asked == [3]


def test_a_service_that_is_down_is_not_asked_on(tmp_path: Path) -> None:
    pool = Answering(lambda n: good(n) if n == 2 else Unavailable("down"))
    with pytest.raises(Unavailable, match=f"{MAX_LOST} requests in a row had no answer"):
        ask(pool, tmp_path, *range(20))
    assert pool.asked == list(range(3 + MAX_LOST))


def test_a_service_nobody_can_read_is_not_asked_on(tmp_path: Path) -> None:
    pool = Answering(lambda _: MalformedReply("Is base_url right?.", unreadable=True))
    with pytest.raises(MalformedReply, match=rf"right\?\. {MAX_LOST} requests in a row had no answer"):
        ask(pool, tmp_path, *range(20))
    assert len(pool.asked) == MAX_LOST


def test_without_budget_there_is_no_answer_and_no_error(tmp_path: Path) -> None:
    answers, desk = ask(Answering(lambda n: good(n) if n < 2 else BudgetSpent("spent")), tmp_path, 1, 2, 3)
    assert [bool(answer) for answer in answers] == [True, False, False]
    assert desk.out_of_budget

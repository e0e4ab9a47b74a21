"""What a budget lets through."""

from __future__ import annotations

from foundry_engine.completions import Completion, CompletionRequest, Usage
from foundry_engine.generation.estimate import Purse, usage_of
from foundry_engine.generation.prompt import reply_schema


def request(words: int = 100, count: int = 4) -> CompletionRequest:
    return CompletionRequest("law " * words, "cell", reply_schema(), {}, count, 1)


ONE = usage_of(request()).prompt_tokens + usage_of(request()).output_tokens


def test_more_texts_and_fields_cost_more() -> None:
    plain, rich = request(), CompletionRequest("", "", reply_schema(True, True), {}, 4, 1)
    assert usage_of(request(count=8)).output_tokens == 2 * usage_of(plain).output_tokens
    assert usage_of(rich).output_tokens > usage_of(plain).output_tokens


def test_without_a_limit_everything_is_affordable() -> None:
    assert Purse().affordable([request()] * 1000) == 1000


def test_no_more_than_the_limit_is_let_through() -> None:
    assert [Purse(limit).affordable([request()] * 10) for limit in (0, ONE - 1, ONE, 3 * ONE, 99 * ONE)] == [
        0,
        0,
        1,
        3,
        10,
    ]
    assert Purse(4 * ONE).affordable([request()] * 10, factor=2.0) == 2


def test_a_service_that_counts_otherwise_is_asked_for_less() -> None:
    purse = Purse(10 * ONE)
    purse.pay([request(), request()], [Completion("", Usage(3 * ONE, 0)), None])
    assert purse.spent == 3 * ONE
    assert purse.affordable([request()] * 10) == 2

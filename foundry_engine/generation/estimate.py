"""How many tokens requests will cost, before they are asked: what a dry run shows and what keeps within a budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from foundry_engine.completions import Completion, CompletionRequest, Usage

CHARACTERS_A_TOKEN = 4
"""Of ASCII; any other character is taken for a token. Both err on the high side."""
ITEM_TOKENS = {"text": 24, "evidence": 10, "probability": 8, "n": 4, "label": 6}
"""Tokens an answer spends on a field of one object, JSON around it included."""


Cost = Callable[[Usage], float]


def tokens_of(text: str) -> int:
    """About how many tokens a text is.

    >>> tokens_of("今天天气怎么样"), tokens_of("what a fine day it is")
    (7, 6)
    """
    plain = len(text.encode("ascii", "ignore"))
    return len(text) - plain + -(-plain // CHARACTERS_A_TOKEN)


def usage_of(request: CompletionRequest) -> Usage:
    """What a request and its answer are estimated to cost."""
    items = request.schema["properties"]["items"]["items"]["properties"]  # type: ignore[index]
    each = sum(ITEM_TOKENS.get(name, ITEM_TOKENS["text"]) for name in items)
    return Usage(tokens_of(request.system) + tokens_of(request.user), each * request.count)


@dataclass
class _Account:
    """One kind of budget: what is weighed, the limit, what was spent and what had been foreseen for it."""

    weigh: Cost
    limit: float | None
    spent: float = 0.0
    foreseen: float = 0.0

    def affordable(self, usages: Sequence[Usage], factor: float) -> int:
        if self.limit is None:
            return len(usages)
        left = self.limit - self.spent
        scale = self.spent / self.foreseen if self.foreseen else 1.0
        for n, usage in enumerate(usages):
            left -= self.weigh(usage) * scale * factor
            if left < 0:
                return n
        return len(usages)


class Purse:
    """What may still be spent, of tokens and of US dollars (``None``: without a limit); ``cost`` of a usage in dollars.

    Estimates are corrected by what earlier answers really cost, so that a service which counts otherwise, or thinks
    aloud, is not asked for more than the budget allows. The pool's own caps stand behind.
    """

    def __init__(self, tokens: int | None = None, money: float | None = None, cost: Cost = lambda usage: 0.0) -> None:
        self._tokens = _Account(lambda usage: usage.prompt_tokens + usage.output_tokens, tokens)
        self._money = _Account(cost, money)

    @property
    def spent(self) -> int:
        """Tokens spent so far."""
        return int(self._tokens.spent)

    def affordable(self, requests: Sequence[CompletionRequest], factor: float = 1.0) -> int:
        """How many of the requests, from the first on, fit what is left; each weighs ``factor`` of its estimate."""
        usages = [usage_of(request) for request in requests]
        return min(account.affordable(usages, factor) for account in (self._tokens, self._money))

    def pay(self, requests: Sequence[CompletionRequest], completions: Sequence[Completion | None]) -> None:
        """Count what was answered."""
        for request, completion in zip(requests, completions, strict=True):
            if completion is None:
                continue
            self._tokens.spent += completion.usage.prompt_tokens + completion.usage.output_tokens
            self._money.spent += completion.cost or 0.0
            for account in (self._tokens, self._money):
                account.foreseen += account.weigh(usage_of(request))

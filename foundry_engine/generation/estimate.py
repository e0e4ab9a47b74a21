"""How many tokens requests will cost, before they are asked: what a dry run shows and what keeps within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from foundry_engine.completions import Completion, CompletionRequest, Usage
from foundry_engine.features.unicode_tables import CLASS, SPACELESS

CHARACTERS_A_TOKEN = 4
"""Of scripts with spaces; a character of a script without spaces is taken for a token. Both err on the high side."""
ITEM_TOKENS = {"text": 24, "evidence": 10, "probability": 8, "n": 4, "label": 6}
"""Tokens an answer spends on a field of one object, JSON around it included."""


def tokens_of(text: str) -> int:
    """About how many tokens a text is.

    >>> tokens_of("今天天气怎么样"), tokens_of("what a fine day it is")
    (7, 6)
    """
    spaceless = sum(1 for char in text if CLASS[ord(char)] == SPACELESS)
    return spaceless + -(-(len(text) - spaceless) // CHARACTERS_A_TOKEN)


def usage_of(request: CompletionRequest) -> Usage:
    """What a request and its answer are estimated to cost."""
    items = request.schema["properties"]["items"]["items"]["properties"]  # type: ignore[index]
    each = sum(ITEM_TOKENS.get(name, ITEM_TOKENS["text"]) for name in items)
    return Usage(tokens_of(request.system) + tokens_of(request.user), each * request.count)


@dataclass
class Purse:
    """What may still be spent; ``limit`` is in tokens, ``None`` is without a limit.

    Estimates are corrected by what earlier answers really cost, so that a service which counts otherwise, or thinks
    aloud, is not asked for more than the budget allows.
    """

    limit: int | None = None
    spent: int = 0
    foreseen: int = 0

    def affordable(self, requests: Sequence[CompletionRequest], factor: float = 1.0) -> int:
        """How many of the requests, from the first on, fit what is left; each weighs ``factor`` of its estimate."""
        if self.limit is None:
            return len(requests)
        left = self.limit - self.spent
        scale = self.spent / self.foreseen if self.foreseen else 1.0
        for n, request in enumerate(requests):
            left -= int(_sum(usage_of(request)) * scale * factor)
            if left < 0:
                return n
        return len(requests)

    def pay(self, requests: Sequence[CompletionRequest], completions: Sequence[Completion | None]) -> None:
        """Count what was answered."""
        for request, completion in zip(requests, completions, strict=True):
            if completion is not None:
                self.spent += _sum(completion.usage)
                self.foreseen += _sum(usage_of(request))


def _sum(usage: Usage) -> int:
    return usage.prompt_tokens + usage.output_tokens

"""One model asked with one key: its limits, what was learned of it, its breaker and its counts."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from foundry_engine.completions import Completion, Provider, Quota, Usage
from foundry_engine.errors import ProviderError, RateLimited, Refused, TimedOut, Unavailable
from foundry_engine.llm_pool.adaptive import AdaptiveLimit
from foundry_engine.llm_pool.breaker import Breaker
from foundry_engine.llm_pool.limits import Limits
from foundry_engine.pool_settings import Price

UNKNOWN_OUTPUT = 4096
"""Tokens of an answer reserved while none is known and no cap is told."""
USUAL_TOKENS_A_BYTE = 0.25
MILLION = 1_000_000
NEAR_THE_END = 10
"""Calls left of a quota from which they are spread until it is full again."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A call that may start: which scope, when, and what was set aside for it."""

    scope: Scope
    number: int
    sent_at: float
    prompt_bytes: int
    tokens: int
    money: float


@dataclass
class Scope:
    """``key`` is this key's number of ``keys``, ``key_source`` the variable they come from; 0 and empty without."""

    name: str
    provider: Provider
    weight: float = 1.0
    group: int = 0
    concurrency: int = 100
    limits: Limits = field(default_factory=Limits)
    price: Price | None = None
    cap: int = UNKNOWN_OUTPUT
    key: int = 0
    keys: int = 0
    key_source: str = ""

    def __post_init__(self) -> None:
        self.adaptive, self.breaker = AdaptiveLimit(self.concurrency), Breaker()
        self.in_flight = self.started_calls = 0
        self.dead: Refused | None = None
        self.usage = Usage()
        self.outcomes: Counter[str] = Counter()
        self._quota_until = -math.inf
        self._longest_answer, self._tokens_a_byte = 0, USUAL_TOKENS_A_BYTE

    def cost_of(self, usage: Usage) -> float | None:
        """US dollars, or ``None`` when the price is not known."""
        if self.price is None:
            return None
        return (usage.prompt_tokens * self.price.input + usage.output_tokens * self.price.output) / MILLION

    def ready_at(self) -> float:
        """When a call may start: ``-inf`` is now, ``inf`` when only another call's end can tell."""
        if self.dead is not None or not self.adaptive.room():
            return math.inf
        waits = (self.adaptive.ready_at(), self.limits.ready_at(), self.breaker.ready_at(), self._quota_until)
        return max(waits)

    def tokens_for(self, prompt_bytes: int, cap: int | None) -> Usage:
        """What a call is expected to use: the most tokens a byte and the longest answer so far, before any the cap."""
        return Usage(
            math.ceil(prompt_bytes * self._tokens_a_byte), min(cap or self.cap, self._longest_answer or self.cap)
        )

    def start(self, now: float, prompt_bytes: int, tokens: int, money: float) -> Ticket:
        """A call starts, for which so much was set aside."""
        self.in_flight += 1
        self.started_calls += 1
        number = self.adaptive.started(now)
        self.limits.take(now, tokens)
        self.breaker.started()
        return Ticket(self, number, now, prompt_bytes, tokens, money)

    def answered(self, ticket: Ticket, now: float, completion: Completion) -> None:
        """The service answered, whatever it said."""
        usage = completion.usage
        self._over(ticket, usage.prompt_tokens + usage.output_tokens)
        self.usage = total(self.usage, usage)
        self._longest_answer = max(self._longest_answer, usage.output_tokens)
        self._tokens_a_byte = max(self._tokens_a_byte, usage.prompt_tokens / max(1, ticket.prompt_bytes))
        self.adaptive.accepted(ticket.number, now)
        self.breaker.good(now)
        if completion.quota is not None:
            self._heed(completion.quota, now)

    def failed(self, ticket: Ticket, now: float, error: ProviderError) -> None:
        """The call ended with an error."""
        self._over(ticket, 0)
        self.outcomes[type(error).__name__] += 1
        if isinstance(error, RateLimited):
            asked = error.facts.get("retry_after")
            named = float(asked) if isinstance(asked, (int, float)) else None
            self.adaptive.refused(ticket.number, now, named)
            self.breaker.good(now)
            return
        self.adaptive.accepted(ticket.number, now)
        if isinstance(error, (Unavailable, TimedOut)) or error.facts.get("unreadable"):
            self.breaker.fault(ticket.sent_at, now)
        else:
            self.breaker.good(now)
        if isinstance(error, Refused) and error.facts.get("whose") in ("key", "model"):
            self.dead = error

    def cancelled(self, ticket: Ticket) -> None:
        """Nobody waits for the call any more; it may have been paid for."""
        self._over(ticket, ticket.tokens)
        self.outcomes["cancelled"] += 1
        self.adaptive.lost(ticket.number)
        self.breaker.lost()

    def _over(self, ticket: Ticket, used: int) -> None:
        self.in_flight -= 1
        self.limits.settle(ticket.tokens, used)

    def _heed(self, quota: Quota, now: float) -> None:
        """What is left of a quota is spread until it is full again, once it is little."""
        tokens_a_call = max(1.0, self._longest_answer)
        told = ((quota.requests, quota.requests_reset, 1.0), (quota.tokens, quota.tokens_reset, tokens_a_call))
        for left, reset, a_call in told:
            if left is None or reset <= 0:
                continue
            calls = left / a_call - self.in_flight
            if calls < 1:
                self._quota_until = max(self._quota_until, now + reset)
            elif calls < NEAR_THE_END:
                self._quota_until = max(self._quota_until, now + reset / calls)


def total(first: Usage, second: Usage) -> Usage:
    """Both together."""
    return Usage(first.prompt_tokens + second.prompt_tokens, first.output_tokens + second.output_tokens)

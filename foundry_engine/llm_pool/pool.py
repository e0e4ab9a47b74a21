"""Many models as one: a request goes to whoever can answer it, and is tried again as its errors allow."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Any

from foundry_engine.completions import Completion, CompletionRequest, Usage
from foundry_engine.errors import (
    ConfigError,
    MalformedReply,
    ProviderError,
    RateLimited,
    Refused,
    Rejected,
    TimedOut,
    Truncated,
)
from foundry_engine.llm_pool import routing
from foundry_engine.llm_pool.budget import Budget
from foundry_engine.llm_pool.merging import Merging
from foundry_engine.llm_pool.report import PoolReport, report_of
from foundry_engine.llm_pool.retries import Retries
from foundry_engine.llm_pool.scope import Scope, Ticket, total
from foundry_engine.llm_pool.validation import body_of, problem_of, validator_of
from foundry_engine.llm_pool.waiting_room import Waiting, WaitingRoom

if TYPE_CHECKING:
    from foundry_engine.constitution import Constitution
    from foundry_engine.pool_settings import ModelEntry

log = logging.getLogger(__name__)

ANOTHER_SEED = 1_000_003
LONG_REST, MAX_REST = 60.0, 3600.0
"""Seconds: a longer rest is told to the user; one that is longer still is not waited for."""
NOTE = (
    "\n\nAn earlier answer to this was not accepted: {problem}.\n"
    "Answer again, with JSON alone that is valid by the schema asked for."
)


class LlmPool:
    """Answers requests with the models of ``scopes``; ``open`` makes it from declarations.

    ``complete`` has the shape of a provider's, so that whatever takes a provider takes a pool.
    """

    def __init__(self, scopes: Sequence[Scope], budget: Budget | None = None, random: Random | None = None) -> None:
        self.scopes, self.budget = list(scopes), budget or Budget()
        self._random = random or Random()
        self._room = WaitingRoom()
        self._merging: Merging[Completion] = Merging()
        self._came = 0
        self._draining, self._is_closed = asyncio.Event(), False
        self._told_until: dict[str, float] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._wake = math.inf

    @classmethod
    def open(
        cls,
        models: Sequence[ModelEntry],
        environment: Mapping[str, str],
        *,
        constitution: Constitution | None = None,
        budget: float | None = None,
        token_budget: int | None = None,
        prices: Path | None = None,
    ) -> LlmPool:
        """A pool of declared models, one scope a key; ``budget`` is in US dollars.

        Raises ``ConfigError`` for an unknown provider, wrong settings, a missing key, or a budget in money for a model
        of unknown price.
        """
        from foundry_engine.llm_pool.opening import scopes_of

        scopes = scopes_of(models, environment, constitution, prices, priced=budget is not None)
        return cls(scopes, Budget(budget, token_budget))

    async def complete(
        self, request: CompletionRequest, *, deadline: float | None = None, caller: str = ""
    ) -> Completion:
        """An answer that is valid by the request's schema; ``usage`` is all that was paid for it, failed tries too.

        ``deadline`` is the seconds it may take in all; callers of different names take turns. Identical requests under
        way share one call: ask for variety with another ``seed``. Raises the ``ProviderError`` no retry could mend; one
        about an answer has it as fact ``completion``.
        """
        if self._is_closed:
            raise ConfigError("this pool of models is closed; open another to ask on")
        validator = validator_of(request.schema) if request.schema else None
        until = math.inf if deadline is None else asyncio.get_running_loop().time() + deadline
        return await self._merging.join(
            _identity(request, validator), until, lambda: self._answer(request, validator, until, caller)
        )

    def report(self) -> PoolReport:
        """What was asked, answered and paid, by model."""
        return report_of(self.scopes, self.budget)

    def drain(self) -> None:
        """Let calls under way end, and begin none: no further tries, no rests; whoever waits gets an error."""
        self._draining.set()
        self._pump()

    async def close(self) -> None:
        """Give back connections."""
        self._is_closed = True
        await self._merging.close()
        if self._alarm is not None:
            self._alarm.cancel()
        for scope in self.scopes:
            await scope.provider.close()

    async def __aenter__(self) -> LlmPool:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.close()

    async def _answer(self, request: CompletionRequest, validator: Any, until: float, caller: str) -> Completion:
        """Tries until an answer is accepted or an error is final."""
        self._came += 1
        prompt = len((request.system + request.user).encode("utf-8", "replace"))
        waiting = Waiting(self._came, caller, prompt, until, request.max_output_tokens)
        retries, asked, paid = Retries(self._random), request, Usage()
        cost: float | None = 0.0
        last: ProviderError | None = None
        while True:
            ticket = await self._admitted(waiting, last)
            try:
                completion = await self._asked(ticket, asked, until)
            except ProviderError as error:
                last = error
                await self._pause(waiting, ticket.scope, error, retries)
                continue
            paid = total(paid, completion.usage)
            now = ticket.scope.cost_of(completion.usage)
            cost = None if cost is None or now is None else cost + now
            completion = replace(completion, usage=paid, cost=cost)
            verdict = _judged(completion, validator)
            if isinstance(verdict, Completion):
                ticket.scope.outcomes["answered"] += 1
                return verdict
            ticket.scope.outcomes[type(verdict).__name__] += 1
            last = verdict
            changed = _changed(request, asked, ticket.scope, verdict, retries)
            if changed is None:
                raise verdict
            asked, waiting.cap = changed, changed.max_output_tokens
            log.info("asking again error=%s", verdict.message)

    async def _pause(self, waiting: Waiting, scope: Scope, error: ProviderError, retries: Retries) -> None:
        """Wait as the error's class says, or raise it."""
        if isinstance(error, Refused):
            if error.facts.get("whose") == "request" or scope.dead is None:
                waiting.passed_over.append(scope)
                if routing.verdict(self.scopes, waiting.passed_over):
                    raise error
            return
        if error.retry == "never":
            raise error
        wait = retries.wait(error, waiting.until < math.inf, scope.outcomes["answered"])
        if wait is None:
            raise error
        if asyncio.get_running_loop().time() + wait >= waiting.until:
            raise error
        waiting.avoided = scope
        if wait > MAX_REST:
            waiting.passed_over.append(scope)
            if routing.verdict(self.scopes, waiting.passed_over):
                raise _too_long(wait)
            return
        self._tell(scope, wait, error)
        await self._rest(wait)

    async def _rest(self, seconds: float) -> None:
        """Wait, but no longer than until the pool drains."""
        try:
            async with asyncio.timeout(seconds):
                await self._draining.wait()
        except TimeoutError:
            return

    def _tell(self, scope: Scope, wait: float, error: ProviderError) -> None:
        """Say that a call waits; a long rest once for all calls that share it, as a warning."""
        now = asyncio.get_running_loop().time()
        if wait <= LONG_REST:
            log.info("waiting seconds=%.1f error=%s", wait, error.message)
        elif now >= self._told_until.get(scope.name, -math.inf):
            self._told_until[scope.name] = now + wait
            log.warning("%s rests for %.0f s, as its service asks: %s", scope.name, wait, error.message)

    async def _asked(self, ticket: Ticket, request: CompletionRequest, until: float) -> Completion:
        """One call, settled whatever comes of it."""
        loop, scope, used = asyncio.get_running_loop(), ticket.scope, Usage()
        try:
            async with asyncio.timeout_at(None if until == math.inf else until):
                completion = await scope.provider.complete(request)
            used = completion.usage
            scope.answered(ticket, loop.time(), completion)
            return completion
        except ProviderError as error:
            was_alive = scope.dead is None
            scope.failed(ticket, loop.time(), error)
            if was_alive and scope.dead is not None:
                _say_dropped(scope, error)
            raise
        except TimeoutError:
            scope.cancelled(ticket)
            raise TimedOut(f"{scope.name}: no answer before the deadline") from None
        except BaseException:
            scope.cancelled(ticket)
            raise
        finally:
            self._settle(ticket, used)

    def _settle(self, ticket: Ticket, used: Usage) -> None:
        """Pay a call that is over, whatever its provider says of it, and give its place to others."""
        money, tokens = 0.0, 0
        try:
            money, tokens = ticket.scope.cost_of(used) or 0.0, used.prompt_tokens + used.output_tokens
        finally:
            self.budget.settle(ticket.money, ticket.tokens, money, tokens)
            self._pump()

    async def _admitted(self, waiting: Waiting, last: ProviderError | None) -> Ticket:
        """A place for the call, as soon as there is one."""
        place: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
        waiting.place = place
        self._room.add(waiting)
        self._pump()
        try:
            async with asyncio.timeout_at(None if waiting.until == math.inf else waiting.until):
                return await place
        except BaseException as error:
            if place.done() and not place.cancelled() and place.exception() is None:
                ticket = place.result()
                ticket.scope.cancelled(ticket)
                self.budget.settle(ticket.money, ticket.tokens, 0.0, 0)
                self._pump()
            if isinstance(error, TimeoutError):
                raise last or TimedOut("no model of the pool was free before the deadline") from None
            raise

    def _pump(self) -> None:
        """Give places to whoever can be served, and be called again when that may change by itself."""
        self._wake = math.inf
        self._room.serve(self._settled)
        loop = asyncio.get_running_loop()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._wake < math.inf:
            self._alarm = loop.call_at(self._wake, self._pump)

    def _settled(self, waiting: Waiting) -> bool:
        """Whether the call got its place, or its end."""
        assert waiting.place is not None
        if self._draining.is_set():
            waiting.place.set_exception(ProviderError("interrupted: no further request is made"))
            return True
        now = asyncio.get_running_loop().time()
        final = routing.verdict(self.scopes, waiting.passed_over)
        if final is not None:
            waiting.place.set_exception(final)
            return True
        scope, wake = routing.choose(self.scopes, waiting.passed_over, waiting.avoided, now)
        if scope is None:
            if waiting.until < wake < math.inf:
                waiting.place.set_exception(_too_late(wake - now))
                return True
            if MAX_REST < wake - now < math.inf:
                waiting.place.set_exception(_too_long(wake - now))
                return True
            self._wake = min(self._wake, wake)
            return False
        expected = scope.tokens_for(waiting.prompt_bytes, waiting.cap)
        money, tokens = scope.cost_of(expected) or 0.0, expected.prompt_tokens + expected.output_tokens
        if not self.budget.fits(money, tokens):
            if self.budget.may_fit_later():
                return False
            waiting.place.set_exception(self.budget.spent())
            return True
        self.budget.set_aside(money, tokens)
        waiting.place.set_result(scope.start(now, waiting.prompt_bytes, tokens, money))
        return True


def _too_late(seconds: float) -> RateLimited:
    return RateLimited(
        f"every model of the pool is at its limit for {seconds:.1f} s more, longer than the deadline allows. "
        "Give a later deadline or another key.",
        retry_after=seconds,
    )


def _too_long(seconds: float) -> RateLimited:
    return RateLimited(
        f"the service asks to wait {seconds / 3600:.1f} h before the next request, which is too long to wait for. "
        "Check the plan and quota of the key, or name another key or model; the same command goes on later.",
        retry_after=seconds,
        too_long=True,
    )


def _judged(completion: Completion, validator: Any) -> Completion | ProviderError:
    """The completion when it may be used, else what is wrong with it; without a validator any text may."""
    if completion.finish == "blocked":
        return Rejected("the model or its content filter declined to answer", completion=completion)
    problem = ""
    if not completion.text.strip():
        problem = "the answer is empty"
    elif validator is not None:
        completion = replace(completion, text=body_of(completion.text))
        problem = problem_of(completion.text, validator)
    if completion.finish == "length" and (problem or validator is None):
        return Truncated("the answer was cut at the token limit", completion=completion)
    return MalformedReply(problem, completion=completion) if problem else completion


def _changed(
    request: CompletionRequest, asked: CompletionRequest, scope: Scope, error: ProviderError, retries: Retries
) -> CompletionRequest | None:
    """The question put another way: longer, fresh, or with what was wrong; ``None`` when it is not asked again."""
    if isinstance(error, Truncated):
        cap = retries.raised(asked.max_output_tokens or scope.cap)
        return replace(asked, max_output_tokens=cap) if cap else None
    if not isinstance(error, MalformedReply) or not retries.reask(empty=error.message == "the answer is empty"):
        return None
    seed = request.seed + ANOTHER_SEED * retries.asked_anew
    user = request.user + (NOTE.format(problem=error.message) if retries.with_note else "")
    return replace(asked, seed=seed, user=user)


def _identity(request: CompletionRequest, validator: Any) -> tuple[Any, ...]:
    """What makes two requests one; the validator, which equal schemas share, stands for the schema."""
    cell = json.dumps(request.cell, sort_keys=True, default=str) if request.cell else ""
    return request.system, request.user, validator, cell, request.count, request.seed, request.max_output_tokens


def _say_dropped(scope: Scope, error: ProviderError) -> None:
    what = f"key {scope.key} of {scope.keys}" if error.facts.get("whose") == "key" and scope.keys else scope.name
    log.warning("%s is refused and dropped: %s", what, error.facts.get("said", error.message))

"""Asking a provider for many replies: journalled first, a few at a time, repeated as the error's class allows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import cast

from foundry_engine.completions import Completion, CompletionRequest, Finish, Provider, Usage
from foundry_engine.errors import ProviderError, Rejected
from foundry_engine.folders import fingerprint_of
from foundry_engine.log import Progress
from foundry_engine.streaming.journal import Journal, Reply

log = logging.getLogger(__name__)

MAX_TRIES = 6
FIRST_WAIT = 1.0
"""Seconds before the second try after a fault of the service; doubled each time, at most ``MAX_WAIT``."""
MAX_WAIT = 60.0
MAX_LOST = 4
"""After so many requests in a row without an answer the service is taken to be down."""


@dataclass
class Desk:
    """A provider with its journal: answers many requests, a few at a time."""

    name: str
    reads_prompt: bool
    provider: Provider
    identity: Mapping[str, object]
    journal: Journal
    concurrency: int
    progress: Progress

    async def ask(self, requests: Sequence[CompletionRequest], what: str) -> list[Completion | None]:
        """An answer to each request, in order; ``None`` where there was none."""
        self.progress.start(what, len(requests))
        replies = await ask_all(self.provider, self.identity, requests, self.journal, self.concurrency, self.progress)
        self.progress.finish()
        return [None if r is None else _completion(r) for r in replies]


def _completion(reply: Reply) -> Completion:
    finish = cast(Finish, reply.finish)
    return Completion(reply.text, Usage(reply.prompt_tokens, reply.output_tokens), finish)


def request_key(identity: Mapping[str, object], request: CompletionRequest) -> str:
    """What a reply is kept under: the provider's identity (name and settings) and the whole request."""
    return fingerprint_of({"provider": identity, "request": asdict(request)})


async def ask_all(
    provider: Provider,
    identity: Mapping[str, object],
    requests: Sequence[CompletionRequest],
    journal: Journal,
    concurrency: int,
    progress: Progress,
) -> list[Reply | None]:
    """A reply for each request, in the order of the requests; ``None`` where the provider gave none.

    A reply in the journal is not asked again. After an error that a retry cannot mend nothing new is asked; what is
    under way is paid for, so it is waited for and journalled before the error is raised.
    """
    queue = asyncio.Queue[int]()
    replies: list[Reply | None] = [None] * len(requests)
    for i, request in enumerate(requests):
        replies[i] = journal.get(request_key(identity, request))
        if replies[i] is None:
            queue.put_nowait(i)
    progress.advance(len(requests) - queue.qsize())

    failed: list[ProviderError] = []
    lost: list[ProviderError] = []

    async def work() -> None:
        while not queue.empty() and not failed:
            i = queue.get_nowait()
            try:
                reply = await _ask(provider, requests[i], failed, lost)
            except ProviderError as error:
                failed.append(error)
                return
            if reply is not None:
                journal.put(request_key(identity, requests[i]), reply)
                replies[i] = reply
                lost.clear()
            if len(lost) >= MAX_LOST and not failed:
                failed.append(_down(lost))
            progress.advance()

    workers = [asyncio.create_task(work()) for _ in range(min(concurrency, queue.qsize()))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    if failed:
        raise failed[0]
    return replies


def _down(lost: Sequence[ProviderError]) -> ProviderError:
    last = lost[-1]
    return type(last)(
        f"{last.message}. {len(lost)} requests in a row had no answer in {MAX_TRIES} tries each. Check the network and "
        "the provider's settings; the replies until here are kept, and the same command goes on from there."
    )


async def _ask(
    provider: Provider, request: CompletionRequest, failed: Sequence[ProviderError], lost: list[ProviderError]
) -> Reply | None:
    """One reply, or ``None`` after ``MAX_TRIES`` mendable errors or when others have failed for good."""
    wait = FIRST_WAIT
    for attempt in range(1, MAX_TRIES + 1):
        try:
            completion = await provider.complete(request)
        except ProviderError as error:
            if error.retry == "never":
                if isinstance(error, Rejected):
                    return Reply("", "blocked", 0, 0)
                raise
            if failed:
                return None
            if attempt == MAX_TRIES:
                log.warning("gave up on a request tries=%d error=%s", attempt, error.message)
                if error.retry == "again":
                    lost.append(error)
                return None
            asked = error.facts.get("retry_after")
            pause = float(asked) if isinstance(asked, (int, float)) else wait
            log.info("waiting seconds=%.1f error=%s", pause, error.message)
            await asyncio.sleep(min(pause, MAX_WAIT))
            wait = min(2 * wait, MAX_WAIT)
            continue
        usage = completion.usage
        text = completion.text.encode("utf-8", "backslashreplace").decode()  # a lone surrogate cannot be journalled
        return Reply(text, completion.finish, usage.prompt_tokens, usage.output_tokens)
    return None

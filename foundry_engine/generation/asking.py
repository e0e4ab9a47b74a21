"""Asking for many replies: journalled first, a few at a time. What may be tried again is the pool's to know."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from foundry_engine.completions import Completion, CompletionRequest, Provider
from foundry_engine.errors import ProviderError, Rejected
from foundry_engine.folders import fingerprint_of
from foundry_engine.log import Progress
from foundry_engine.streaming.journal import Journal, Reply

log = logging.getLogger(__name__)

MAX_LOST = 4
"""After so many requests in a row without an answer the service is taken to be down."""


def request_key(identity: Mapping[str, object], request: CompletionRequest) -> str:
    """What a reply is kept under: the provider's identity (name and settings) and the whole request."""
    asked = {name: value for name, value in asdict(request).items() if value is not None}
    return fingerprint_of({"provider": identity, "request": asked})


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
                reply = await _ask(provider, requests[i], lost)
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
        f"{last.message}. {len(lost)} requests in a row had no answer in all their tries. Check the network and "
        "the provider's settings; the replies until here are kept, and the same command goes on from there."
    )


async def _ask(provider: Provider, request: CompletionRequest, lost: list[ProviderError]) -> Reply | None:
    """One reply, good or bad, or ``None`` when there was none; raises what ends the whole."""
    try:
        completion = await provider.complete(request)
    except ProviderError as error:
        paid = error.facts.get("completion")
        if isinstance(paid, Completion):
            completion = paid
        elif isinstance(error, Rejected):
            return Reply("", "blocked", 0, 0)
        elif error.retry == "never":
            raise
        else:
            log.warning("gave up on a request error=%s", error.message)
            if error.retry == "again":
                lost.append(error)
            return None
    usage = completion.usage
    text = completion.text.encode("utf-8", "backslashreplace").decode()  # a lone surrogate cannot be journalled
    return Reply(text, completion.finish, usage.prompt_tokens, usage.output_tokens)

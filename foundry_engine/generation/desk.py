"""The desk: many requests answered by a pool of models, each answer journalled before it is used.

The requests of a round are the rows of a pipeline whose one operator asks the pool, once in the life of the run: after
``kill -9`` at any instant what was answered is read from the journal, and only calls under way may be made again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from foundry_engine.completions import Completion, CompletionRequest, Finish, Usage
from foundry_engine.errors import BudgetSpent, ConfigError, MalformedReply, ProviderError, Rejected, Truncated
from foundry_engine.folders import fingerprint_of, write_atomic
from foundry_engine.llm_pool import LlmPool
from foundry_engine.log import Progress
from foundry_engine.records import lines_of
from foundry_engine.streaming import AsyncContext, FunctionOperator, RetryPolicy, UnifiedPipeline
from foundry_engine.streaming.schemes.memory import ROWS

log = logging.getLogger(__name__)

MAX_LOST = 4
"""After so many requests in a row without an answer the service is taken to be down."""
NO_RETRIES = RetryPolicy(again=0, reask=0, wait_seconds=0.0)
"""The pool tries again; what it gives up is given up."""


def request_key(identity: Mapping[str, object], request: CompletionRequest) -> str:
    """What an answer is kept under: who is asked (models with their settings) and the whole request."""
    return fingerprint_of({"provider": identity, "request": asdict(request)})


class Desk:
    """``role`` names the journal's folder below ``folder``; ``name`` is what reports call whoever answers."""

    def __init__(
        self,
        role: str,
        name: str,
        reads_prompt: bool,
        pool: LlmPool,
        identity: Mapping[str, object],
        folder: Path,
        concurrency: int,
        progress: Progress,
    ) -> None:
        self.name, self.reads_prompt, self.out_of_budget = name, reads_prompt, False
        self._role, self._pool, self._identity = role, pool, identity
        self._folder, self._concurrency, self._progress = folder, concurrency, progress
        self._lost: list[ProviderError] = []
        self._final: ProviderError | None = None

    def as_role(self, role: str) -> Desk:
        """The same models with a journal of another role."""
        known = (self.name, self.reads_prompt, self._pool, self._identity, self._folder)
        return Desk(role, *known, self._concurrency, self._progress)

    async def ask(self, requests: Sequence[CompletionRequest], what: str) -> list[Completion | None]:
        """An answer to each request, in order; ``None`` where there was none, or no budget for it.

        Raises what no retry can mend; what is under way then is waited for and journalled before.
        """
        keys = [request_key(self._identity, request) for request in requests]
        asked = self._folder / f"{self._role}.jsonl"
        answers = f"{asked.resolve()}"
        rows = zip(keys, requests, strict=True)
        write_atomic(asked, lines_of({"key": key, "request": asdict(request)} for key, request in rows))
        pipeline = UnifiedPipeline(
            [FunctionOperator(self._answer, name="ask", version="1")],
            parallel_size=self._concurrency,
            retry=NO_RETRIES,
            max_quarantined=1.0,
            id_field="key",
            results_dir=self._folder,
            restart_from="input",  # every round is another input; answers stay, by their keys
        )
        pipeline.create(self._role, input_uri=f"jsonl://{asked}", output_uri=f"memory://{answers}")
        try:
            await pipeline.run_async(_Titled(self._progress, what))
        except ConfigError:
            raise self._final or ConfigError(pipeline.report["error"]) from None
        found = {row["key"]: row["answer"] for row in ROWS.pop(answers)}
        return [_completion(found[key]) if found.get(key) else None for key in keys]

    async def _answer(self, row: dict[str, Any], context: AsyncContext) -> dict[str, Any]:
        """One row's answer: from the journal, or asked for now."""
        request = CompletionRequest(**row["request"])
        fresh = False

        async def call() -> dict[str, Any]:
            nonlocal fresh
            fresh = True
            return await self._asked(request)

        try:
            answer = await context.once("complete", call)
        except BudgetSpent:
            self.out_of_budget = True
            return {"key": row["key"], "answer": None}
        except ProviderError as error:
            if error.retry == "never" or error.facts.get("too_long"):
                self._stop(error)
            self._lost.append(error)
            log.warning("gave up on a request error=%s", error.message)
            if len(self._lost) >= MAX_LOST and (error.retry == "again" or error.facts.get("unreadable")):
                self._stop(_down(self._lost))
            return {"key": row["key"], "answer": None}
        self._lost.clear()
        if not fresh:
            self._pool.budget.settle(0.0, 0, answer["cost"] or 0.0, sum(answer["tokens"]))
        return {"key": row["key"], "answer": answer}

    async def _asked(self, request: CompletionRequest) -> dict[str, Any]:
        """The pool's answer, or an unusable one that was paid for: the gates name its fault."""
        try:
            completion = await self._pool.complete(request)
        except (MalformedReply, Truncated, Rejected) as error:
            paid = error.facts.get("completion")
            if not isinstance(paid, Completion):
                if not isinstance(error, Rejected):
                    raise
                paid = Completion("", finish="blocked")
            completion = paid
        text = completion.text.encode("utf-8", "backslashreplace").decode()  # a lone surrogate cannot be written
        usage = completion.usage
        tokens = [usage.prompt_tokens, usage.output_tokens]
        return {"text": text, "finish": completion.finish, "tokens": tokens, "cost": completion.cost}

    def _stop(self, error: ProviderError) -> None:
        """End the round with this error; the pipeline waits for what is under way."""
        self._final = self._final or error
        raise ConfigError(error.message)


class _Titled:
    """Progress under another title than the pipeline's."""

    def __init__(self, progress: Progress, title: str) -> None:
        self._title, self.advance, self.finish = title, progress.advance, progress.finish
        self._start = progress.start

    def start(self, what: str, total: int) -> None:
        """Begin, under the title."""
        self._start(self._title, total)


def _completion(answer: Mapping[str, Any]) -> Completion:
    prompt, output = answer["tokens"]
    return Completion(answer["text"], Usage(prompt, output), cast(Finish, answer["finish"]), cost=answer["cost"])


def _down(lost: Sequence[ProviderError]) -> ProviderError:
    last = lost[-1]
    said = last.message.rstrip(".")
    return type(last)(
        f"{said}. {len(lost)} requests in a row had no answer however often they were tried. Check the network "
        "and the provider's settings; the replies until here are kept, and the same command goes on from there."
    )

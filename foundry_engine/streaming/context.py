"""What an operator's second parameter is: lineage, usage, cancelling, and paid calls that are never paid twice."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any, Protocol

from foundry_engine.errors import ConfigError, DataError
from foundry_engine.streaming import lineage
from foundry_engine.streaming.failpoints import reach
from foundry_engine.streaming.outcome import from_text, to_text
from foundry_engine.streaming.task import CallBegins, CallEnded, Task, Unit
from foundry_engine.streaming.usage import Usage


class Desk(Protocol):
    """What a context needs of the engine."""

    draining: bool

    def post(self, messages: list[Any]) -> None:
        """Hand messages to the journal's writer."""


class BaseContext:
    """What both kinds of context share; ``stage`` is the operator's name, ``lineage`` the row's, ``tries`` from 0."""

    def __init__(self, desk: Desk, task: Task, unit: Unit | None = None) -> None:
        self._desk, self._task = desk, task
        self._unit = task.units[0] if unit is None and not task.stage.batched else unit
        self.stage = self.node_id = task.stage.name
        self.tries = task.attempt
        self.usage = Usage()

    @property
    def lineage(self) -> str:
        """Where the row comes from, as ``_i`` says it."""
        return lineage.text(self._one().path)

    def report_usage(self, usage: Mapping[str, float]) -> None:
        """Count what was used: tokens, money, anything with a number; failed tries count too.

        Raises ``DataError`` for an amount that is no finite number below 2**63; within a paid call after its answer
        is kept.
        """
        self.usage.add(usage)

    def is_cancelled(self) -> bool:
        """Whether the run is coming to its end: a long piece of work may give up by raising."""
        return self._desk.draining

    def _one(self) -> Unit:
        if self._unit is None:
            raise ConfigError(
                f"operator '{self.stage}': in process_batch this belongs to one item; take context.item(n)"
            )
        return self._unit

    def _key(self, name: str) -> bytes:
        """Hash of stage, row, its content and the call's name; nothing of the operator's code."""
        unit = self._one()
        digest = hashlib.blake2b(digest_size=16)
        for part in (self.stage.encode(), unit.root + unit.path[lineage.ROOT :], unit.text.encode(), name.encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()

    def _answer_text(self, key: bytes, name: str, answer: object) -> str:
        try:
            return to_text(answer)
        except (TypeError, ValueError, RecursionError) as error:
            self._desk.post([CallEnded(key, self.stage, None, self.usage.take(), None)])
            raise DataError(f"once('{name}'): the answer is not JSON, so it cannot be kept: {error}") from error


class Context(BaseContext):
    """The context of a plain function."""

    def item(self, place: int) -> Context:
        """The context of one item of a batch."""
        one = Context(self._desk, self._task, self._task.units[place])
        one.usage = self.usage
        return one

    def once(self, name: str, call: Callable[[], Any]) -> Any:
        """The answer of ``call``, made once in the life of the run: it is journalled before it is given back.

        A later try, run or version of the operator gets the journalled answer. ``name`` tells the calls of one row
        apart, and must carry whatever the answer depends on beside the row: model, prompt, settings. The answer must be
        JSON. An exception of ``call`` passes through and nothing is kept.
        """
        key, waiting = self._key(name), _Box()
        self._desk.post([CallBegins(key, self.stage, name, waiting)])
        kept = waiting.take()
        if kept is not None:
            return from_text(kept)
        reach("call.begun")
        self.usage.calls += 1
        try:
            answer = call()
        except BaseException:
            self._desk.post([CallEnded(key, self.stage, None, self.usage.take(), None)])
            raise
        finally:
            self.usage.calls -= 1
        reach("call.received")
        text = self._answer_text(key, name, answer)
        self._desk.post([CallEnded(key, self.stage, text, self.usage.take(), waiting)])
        kept = waiting.take()
        reach("call.kept")
        self.usage.check()
        return from_text(kept or text)


class AsyncContext(BaseContext):
    """The context of an async function."""

    def item(self, place: int) -> AsyncContext:
        """The context of one item of a batch."""
        one = AsyncContext(self._desk, self._task, self._task.units[place])
        one.usage = self.usage
        return one

    async def once(self, name: str, call: Callable[[], Any]) -> Any:
        """As ``Context.once``; ``call`` may be async."""
        key = self._key(name)
        waiting = _Promise()
        self._desk.post([CallBegins(key, self.stage, name, waiting)])
        kept = await waiting.future
        if kept is not None:
            return from_text(kept)
        reach("call.begun")
        self.usage.calls += 1
        try:
            answer = call()
            if asyncio.iscoroutine(answer) or asyncio.isfuture(answer):
                answer = await answer
        except BaseException:
            self._desk.post([CallEnded(key, self.stage, None, self.usage.take(), None)])
            raise
        finally:
            self.usage.calls -= 1
        reach("call.received")
        text = self._answer_text(key, name, answer)
        waiting = _Promise()
        self._desk.post([CallEnded(key, self.stage, text, self.usage.take(), waiting)])
        kept = await asyncio.shield(waiting.future)
        reach("call.kept")
        self.usage.check()
        return from_text(kept or text)


class _Box:
    """A thread's place to wait."""

    def __init__(self) -> None:
        self._box: SimpleQueue[str | BaseException | None] = SimpleQueue()

    def give(self, value: str | BaseException | None) -> None:
        self._box.put(value)

    def take(self) -> str | None:
        value = self._box.get()
        if isinstance(value, BaseException):
            raise value
        return value


class _Promise:
    """A coroutine's place to wait."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[str | None] = self._loop.create_future()

    def give(self, value: str | BaseException | None) -> None:
        self._loop.call_soon_threadsafe(self._set, value)

    def _set(self, value: str | BaseException | None) -> None:
        if self.future.done():
            return
        if isinstance(value, BaseException):
            self.future.set_exception(value)
        else:
            self.future.set_result(value)

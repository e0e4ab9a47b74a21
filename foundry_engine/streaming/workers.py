"""Who calls the operators: a pool of threads for plain functions, one event loop for async ones."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from queue import SimpleQueue
from time import perf_counter
from typing import Any

from foundry_engine.errors import TimedOut
from foundry_engine.streaming.context import AsyncContext, Context, Desk
from foundry_engine.streaming.operators import Operator
from foundry_engine.streaming.stage import Stage
from foundry_engine.streaming.task import Done, Task

logger = logging.getLogger(__name__)

TOGETHER = 0.001
"""Seconds of work that are handed to a thread at once: for short tasks the way to the thread costs more than they."""


class Threads:
    """Threads for plain operators, as many as tasks are under way; they end with the process, whatever they do."""

    def __init__(self, desk: Desk, stages: Sequence[Stage]) -> None:
        self._desk = desk
        self._limit = sum(stage.concurrency for stage in stages if not stage.is_async)
        self._tasks: SimpleQueue[list[Task] | None] = SimpleQueue()
        self._count = 0

    def start(self, tasks: list[Task]) -> None:
        """Have tasks worked on; there is a thread for each, but tasks known to be short go to one thread together."""
        first = 0
        while first < len(tasks):
            stage = tasks[first].stage
            size = 1 if stage.timeout is not None else max(1, int(TOGETHER / stage.seconds))
            if self._count < self._limit:
                self.add()
            self._tasks.put(tasks[first : first + size])
            first += size

    def add(self) -> None:
        """One thread more, in the place of one that hangs."""
        self._count += 1
        threading.Thread(target=self._serve, name=f"foundry-worker-{self._count}", daemon=True).start()

    def stop(self) -> None:
        """Let threads end that are idle."""
        for _ in range(self._count):
            self._tasks.put(None)

    def _serve(self) -> None:
        while (tasks := self._tasks.get()) is not None:
            begun = posted = perf_counter()
            done = []
            for task in tasks:
                attempt = task.attempt
                done.append(self._done(task, attempt))
                if (now := perf_counter()) - posted > TOGETHER:
                    self._desk.post(done)
                    done, posted = [], now
            tasks[0].stage.took((perf_counter() - begun) / len(tasks))
            if done:
                self._desk.post(done)
            if task.given_up >= attempt:  # another thread is in this one's place
                return

    def _done(self, task: Task, attempt: int) -> Done:
        stage, context = task.stage, None
        try:
            if stage.takes_context:
                context = Context(self._desk, task)
                result = stage.call(task.argument(), context)
            else:
                result = stage.call(task.argument())
            outcomes, error = task.outcomes(result), None
        except BaseException as raised:
            outcomes, error = [], raised
        return Done(task, attempt, outcomes, error, context.usage.take() if context else None)


class Loop:
    """An event loop for async operators: the caller's, or one in a thread of its own."""

    def __init__(self, desk: Desk, loop: asyncio.AbstractEventLoop | None) -> None:
        self._desk = desk
        self._own = loop is None
        self._loop = loop or asyncio.new_event_loop()
        self._running: set[asyncio.Task[None]] = set()
        if self._own:
            self._thread = threading.Thread(target=self._loop.run_forever, name="foundry-loop", daemon=True)
            self._thread.start()

    def start(self, tasks: list[Task]) -> None:
        """Have tasks worked on, all at once."""
        self._loop.call_soon_threadsafe(self._start, tasks)

    def _start(self, tasks: list[Task]) -> None:
        for task in tasks:
            running = self._loop.create_task(self._serve(task))
            self._running.add(running)
            running.add_done_callback(self._running.discard)

    async def _serve(self, task: Task) -> None:
        stage, attempt, context = task.stage, task.attempt, AsyncContext(self._desk, task)
        outcomes: list[Any] = []
        error: BaseException | None = None
        try:
            outcomes = task.outcomes(await self._called(stage, task, context))
        except BaseException as raised:
            error = raised
        self._desk.post([Done(task, attempt, outcomes, error, context.usage.take())])

    @staticmethod
    async def _called(stage: Stage, task: Task, context: AsyncContext) -> Any:
        arguments = (task.argument(), context) if stage.takes_context else (task.argument(),)
        if stage.timeout is None:
            return await stage.call(*arguments)
        try:
            async with asyncio.timeout(stage.timeout) as limit:
                return await stage.call(*arguments)
        except TimeoutError as error:
            if limit.expired():
                raise TimedOut(f"no result within {stage.timeout:g} s") from error
            raise

    def run(self, coroutine: Any) -> None:
        """Wait for a coroutine on the loop; not from the loop's own thread."""
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stop(self, operators: Sequence[Operator]) -> None:
        """Cancel what still runs and close the operators; an own loop is closed too."""
        self.run(self._cancel(operators))
        if self._own:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _cancel(self, operators: Sequence[Operator]) -> None:
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for operator in operators:
            if asyncio.iscoroutinefunction(close := getattr(operator, "close", None)):
                try:
                    await close()
                except Exception as error:
                    logger.warning(
                        "an operator could not be closed operator=%s error=%r", type(operator).__name__, error
                    )
        if self._own:
            await self._loop.shutdown_asyncgens()
            await self._loop.shutdown_default_executor()

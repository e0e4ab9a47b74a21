"""The engine: one thread that feeds the stages, hears what became of every row, and writes the journal.

It is the only one that touches the journal. Each turn takes the messages that came in while the last group was being
committed (at most ``MOST``), commits them together, and only then hands rows on, frees their slots and lets paid
calls go on. So a group is one row when little happens and many when much does, and nothing waits for a timer.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from queue import Empty, SimpleQueue
from typing import Any

from foundry_engine.errors import DataError, FoundryError, TimedOut
from foundry_engine.log import Progress
from foundry_engine.streaming import lineage
from foundry_engine.streaming.backlog import Left, children
from foundry_engine.streaming.group import Group
from foundry_engine.streaming.retry import STOPS_THE_RUN, Spent
from foundry_engine.streaming.run_journal import RunJournal
from foundry_engine.streaming.run_settings import RunSettings
from foundry_engine.streaming.stage import Stage
from foundry_engine.streaming.task import CallBegins, CallEnded, Done, Task, Unit
from foundry_engine.streaming.waiting_rows import WaitingRows
from foundry_engine.streaming.workers import Loop, Threads

MOST = 200
"""Messages of a commit group at most."""
FEED = 64
"""Rows taken from the backlog between two looks at the later queues."""
LONGEST_WAIT = 0.2
"""Seconds of waiting for a message: a signal that comes in the instant before a wait does not wake it."""
MAX_HANGING = 500
"""Threads that may hang in operators beyond their time-out before the run is given up."""
MAX_MESSAGE = 2_000
"""Characters of an error's text that are kept."""


class Engine:
    """Works a backlog off; ``run`` returns when it is done, or when all under way is committed after ``drain``."""

    def __init__(
        self,
        journal: RunJournal,
        stages: Sequence[Stage],
        settings: RunSettings,
        total: int,
        progress: Progress,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._journal, self._stages, self._total, self._progress = journal, stages, total, progress
        self._retry, self._limit = settings.retry, settings.max_quarantined
        self._inbox: SimpleQueue[list[Any]] = SimpleQueue()
        self.post: Callable[[list[Any]], None] = self._inbox.put
        self._waiting = [WaitingRows(settings.queue_size, settings.queue_bytes) for _ in stages]
        self._under_way = [0] * len(stages)
        self._open: dict[bytes, int] = {}
        """Input row: how many of its units are not finished."""
        self._failed = journal.quarantined_rows()
        self._fed = self._through = 0
        """Input rows finished since progress was last told."""
        self._later: list[tuple[float, int, Task, int]] = []
        """Due, order, task, try: due retries, and (with a try) time-outs of threads."""
        self._order, self._crowded = count(), 1_000
        self._hanging = 0
        self._threads = Threads(self, stages)
        self._loop = Loop(self, loop) if any(stage.is_async for stage in stages) else None
        self.draining = False
        self.error: FoundryError | None = None
        self.complete = False
        """Whether nothing is left to do."""

    def drain(self, error: FoundryError | None = None) -> None:
        """Begin nothing more; from any thread or signal handler."""
        self.draining = True
        self.error = self.error or error
        self.post([])

    def run(self, backlog: Iterator[Left]) -> None:
        """Work it off; an error of the journal, or an interrupt, ends it at once."""
        backlog = iter(backlog)
        exhausted = False
        group: list[Any] = []
        self._check_quarantine()
        try:
            while True:
                if self.draining:
                    self._let_go()
                elif not exhausted:
                    exhausted = self._feed(backlog)
                self._dispatch(exhausted)
                if not any(self._under_way):
                    self.complete = exhausted and not self._open
                    if self.draining or self.complete:
                        break
                group = self._receive()
                self._commit(group)
                group = []
        finally:
            self._release(group)

    # rows in

    def _feed(self, backlog: Iterator[Left]) -> bool:
        """Fill the queues from the backlog while all have room; ``True`` when it is used up."""
        waiting, still_open = self._waiting, self._open
        if not waiting[0].is_low:
            return False
        while all(queue.has_room for queue in waiting):
            lefts = list(islice(backlog, FEED))
            for left in lefts:
                if left.units:
                    still_open[left.root] = len(left.units)
                    for stage, unit in left.units:
                        waiting[stage].add(unit)
                else:
                    self._through += 1
            self._fed += len(lefts)
            if len(lefts) < FEED:
                self._check_count()
                return True
        return False

    def _check_count(self) -> None:
        if self._fed != self._total:
            raise DataError(
                f"the input had {self._total:,} rows when it was checked and {self._fed:,} now: it changes while it is "
                "read. Nothing is written; run again when it is at rest."
            )

    def _dispatch(self, exhausted: bool) -> None:
        """Start what may start, the last stages first, so that rows leave before others come in."""
        starting: list[Task] = []
        while self._later and self._later[0][0] <= time.monotonic():
            self._due(*heapq.heappop(self._later)[2:], starting)
        for stage in reversed(self._stages):
            index, queue = stage.index, self._waiting[stage.index]
            after = self._waiting[index + 1] if index + 1 < len(self._stages) else None
            free = stage.concurrency - self._under_way[index]
            while free > 0 and len(queue) and (after is None or after.has_room):
                size = min(stage.batch_size, free)
                if len(queue) < size and free < stage.concurrency and self._more_comes(index, exhausted):
                    break
                if size == 1:
                    units = queue.take(free)
                    starting += [Task(stage, [unit]) for unit in units]
                else:
                    units = queue.take(size)
                    starting.append(Task(stage, units))
                free -= len(units)
            self._under_way[index] = stage.concurrency - free
        if starting:
            self._start(starting)

    def _more_comes(self, index: int, exhausted: bool) -> bool:
        """Whether rows before this stage may still fill up a batch."""
        return not exhausted or any(self._under_way[:index]) or any(map(len, self._waiting[:index]))

    def _start(self, tasks: list[Task]) -> None:
        for task in tasks:
            if task.stage.timeout is not None and not task.stage.is_async:
                self._at(task.stage.timeout, task, task.attempt)
        if self._loop is None:
            self._threads.start(tasks)
            return
        self._threads.start([task for task in tasks if not task.stage.is_async])
        self._loop.start([task for task in tasks if task.stage.is_async])

    def _at(self, seconds: float, task: Task, attempt: int) -> None:
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), task, attempt))
        if len(self._later) > self._crowded:  # most are time-outs of tries that came back in time
            self._later = [entry for entry in self._later if entry[3] < 0 or entry[2].attempt == entry[3]]
            heapq.heapify(self._later)
            self._crowded = 2 * len(self._later) + 1_000

    def _due(self, task: Task, attempt: int, starting: list[Task]) -> None:
        """A retry's time has come, or that of a thread's time-out."""
        if attempt < 0:
            starting.append(task)
        elif task.attempt == attempt and task.units:
            task.given_up, self._hanging = attempt, self._hanging + 1
            self._threads.add()
            said = f"no result within {task.stage.timeout:g} s; the thread was left behind"
            self.post([Done(task, attempt, [], TimedOut(said), None)])
            if self._hanging > MAX_HANGING:
                self.drain(TimedOut(f"operator '{task.stage.name}': {MAX_HANGING} calls hang beyond their time-out"))

    def _let_go(self) -> None:
        """Forget what has not begun, and retries that are not due: a later run finds all of it in the backlog."""
        for queue in self._waiting:
            queue.clear()
        for _, _, task, attempt in self._later:
            if attempt < 0:
                self._under_way[task.stage.index] -= len(task.units)
        self._later = [entry for entry in self._later if entry[3] >= 0]
        heapq.heapify(self._later)

    # messages in, groups out

    def _receive(self) -> list[Any]:
        """What has come in; waits for a first message, or until something is due."""
        inbox = self._inbox
        timeout = min(LONGEST_WAIT, max(0.0, self._later[0][0] - time.monotonic())) if self._later else LONGEST_WAIT
        try:
            messages: list[Any] = inbox.get(timeout=timeout)
            while len(messages) < MOST and not inbox.empty():
                messages += inbox.get_nowait()
        except Empty:
            return []
        return messages

    def _commit(self, messages: list[Any]) -> None:
        if not messages:
            return
        group = Group(len(self._stages))
        with self._journal.group():
            for message in messages:
                if type(message) is Done:
                    self._done(message, group)
                elif isinstance(message, CallBegins):
                    group.replies.append((message.reply, self._begins(message)))
                elif isinstance(message, CallEnded):
                    self._ended(message, group)
            for index, outcomes in enumerate(group.outcomes):
                if outcomes:
                    self._journal.add_outcomes(index, outcomes)
            for (kind, stage), amounts in group.tallies.items():
                self._journal.add_tally(kind, stage, amounts.items())
        for reply, value in group.replies:
            reply.give(value)
        self._hand_on(group)

    def _begins(self, message: CallBegins) -> str | None:
        kept = self._journal.result_of(message.key)
        if kept is None:
            self._journal.begin_call(message.key, message.stage, message.name)
        return kept

    def _ended(self, message: CallEnded, group: Group) -> None:
        self._journal.end_call(message.key, message.result, message.usage)
        group.tally("usage", message.stage, message.usage)
        if message.reply is not None:
            group.replies.append((message.reply, self._journal.result_of(message.key)))

    def _done(self, message: Done, group: Group) -> None:
        task, attempt, outcomes, error, usage = message
        stage = task.stage
        if usage:
            group.tally("usage", stage.name, usage)
        if task.attempt != attempt or not task.units:
            return
        task.attempt += 1
        if error is not None:
            self._failed_try(task, error, group)
            return
        rows = group.outcomes[stage.index]
        for unit, outcome in zip(task.units, outcomes, strict=True):
            if isinstance(outcome, Exception):
                self._put_aside(stage, unit, outcome, task.attempt, group)
            else:
                rows.append((unit.path, *outcome))
                group.finished.append((stage.index, unit, outcome))

    def _failed_try(self, task: Task, error: BaseException, group: Group) -> None:
        """Another try, now or later; else each row of a batch alone; else quarantine."""
        stage = task.stage
        if isinstance(error, STOPS_THE_RUN) or (self.draining and isinstance(error, asyncio.CancelledError)):
            if isinstance(error, FoundryError):
                self.drain(error)
            group.undone.append((stage.index, len(task.units)))
            task.units = []
            return
        task.spent = task.spent or Spent()
        delay = self._retry.delay(error, task.spent)
        if delay is not None and self.draining:
            group.undone.append((stage.index, len(task.units)))
            task.units = []
        elif delay is not None:
            group.tally("retries", stage.name, {type(error).__name__: 1})
            self._at(delay, task, -1)
        elif len(task.units) > 1:
            for unit in task.units:
                self._at(0.0, Task(stage, [unit]), -1)
        else:
            self._put_aside(stage, task.units[0], error, task.spent.tries, group)

    def _put_aside(self, stage: Stage, unit: Unit, error: BaseException, tries: int, group: Group) -> None:
        reason = {
            "stage": stage.name,
            "error": type(error).__name__,
            "message": _said(error)[:MAX_MESSAGE].encode("utf-8", "replace").decode(),
            "tries": tries,
            "item": json.loads(unit.text, parse_float=_finite),
        }
        self._journal.quarantine(stage.index, unit.path, json.dumps(reason, allow_nan=False))
        group.finished.append((stage.index, unit, None))

    def _hand_on(self, group: Group) -> None:
        """After the commit: slots are free, rows go to the next stage, rows that are through are counted."""
        last, waiting, under_way, still_open = len(self._stages) - 1, self._waiting, self._under_way, self._open
        for index, units in group.undone:
            under_way[index] -= units
        for index, unit, outcome in group.finished:
            under_way[index] -= 1
            root = unit.path[: lineage.ROOT]
            more = -1
            if outcome is None:
                self._failed.add(root)
            elif index < last:
                made = children(unit, *outcome)
                for one in made:
                    waiting[index + 1].add(one)
                more += len(made)
            still_open[root] += more
            if not still_open[root]:
                del still_open[root]
                self._through += 1
        if self._through:
            self._progress.advance(self._through)
            self._through = 0
        self._check_quarantine()

    def _check_quarantine(self) -> None:
        error = too_many_aside(len(self._failed), self._total, self._limit)
        if error and self.error is None:
            self.drain(error)

    # the end

    def _release(self, group: list[Any]) -> None:
        """Let workers go that wait for a journal that will not answer, and end them."""
        self.draining = True
        gone = FoundryError("the run was stopped before this could be journalled")

        def refuse(messages: Sequence[object]) -> None:
            for message in messages:
                reply = getattr(message, "reply", None)
                if reply is not None:
                    reply.give(gone)

        self.post = refuse
        while not self._inbox.empty():
            group += self._inbox.get()
        refuse(group)
        self._threads.stop()
        if self._loop:
            self._loop.stop([stage.operator for stage in self._stages])


def _finite(digits: str) -> float | str:
    """A number of an item; one too big for JSON, from a journal of an earlier version, stays a text."""
    number = float(digits)
    return number if math.isfinite(number) else digits


def _said(error: BaseException) -> str:
    """An error's text; its class where it has none to give."""
    try:
        return str(error)
    except Exception:
        return type(error).__name__


def too_many_aside(rows: int, total: int, limit: float) -> DataError | None:
    """The error of a run with more rows in quarantine than its limit allows."""
    if rows <= limit * total:
        return None
    return DataError(
        f"{rows:,} of {total:,} rows are in quarantine, more than {limit:.0%} allows. Their reasons are in the run's "
        "quarantine.jsonl: mend the cause and retry the failed rows, or raise max_quarantined.",
        rows=rows,
    )

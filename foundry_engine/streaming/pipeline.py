"""``UnifiedPipeline``: rows from a URI through operators to a URI, exactly once, whatever interrupts it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from foundry_engine.errors import ConfigError, FoundryError, InvalidSetting
from foundry_engine.folders import locked
from foundry_engine.log import Progress, Silent
from foundry_engine.streaming.atomic_file import atomic_file
from foundry_engine.streaming.backlog import left_to_do
from foundry_engine.streaming.engine import Engine, too_many_aside
from foundry_engine.streaming.exports import export, export_quarantine
from foundry_engine.streaming.failpoints import reach
from foundry_engine.streaming.registration import changed_input, input_fingerprint, register
from foundry_engine.streaming.run_journal import RunJournal
from foundry_engine.streaming.run_report import JOURNAL, QUARANTINE, REPORT, run_report
from foundry_engine.streaming.run_settings import RunSettings
from foundry_engine.streaming.signals import draining_on_signals
from foundry_engine.streaming.stage import stages_of
from foundry_engine.streaming.uris import Sink, open_sink, open_source


class UnifiedPipeline:
    """Operators between an input and an output; settings may be given here or to ``create``.

    Every accepted result is in the output exactly once, in input order, after any number of kills at any instant. See
    ``RunSettings`` for the settings and ``docs/streaming.md`` for the promise.
    """

    def __init__(self, operators: Sequence[Any], **settings: Any) -> None:
        self._operators = list(operators)
        self._defaults = RunSettings().having(settings)
        self._engine: Engine | None = None
        self._cancelled = False
        self._in_memory: RunJournal | None = None
        self._id = ""
        self.report: dict[str, Any] = {}
        """What the last run came to."""

    def create(self, pipeline_id: str, **settings: Any) -> UnifiedPipeline:
        """Begin a run, or take one up that has the same id, input and operators; gives the pipeline.

        The input is read whole and checked first. Raises ``MalformedRecord`` with ``file:line``, ``InvalidSetting``,
        ``Busy`` when another process has the run, ``ResumeError`` when input or operators are others than before.
        """
        if not pipeline_id or not all(c.isalnum() or c in "._-" for c in pipeline_id) or pipeline_id.startswith("."):
            raise InvalidSetting(f"pipeline_id {pipeline_id!r}: letters, digits, '-', '_' and '.', no dot first")
        self._settings = self._defaults.having(settings)
        self._stages = stages_of(self._operators, self._settings)
        self._source = open_source(self._settings.input_uri)
        self._sinks = self._opened_sinks()
        self._folder = Path(self._settings.results_dir) / pipeline_id
        self._in_memory = None
        if not self._source.resumable:
            self._in_memory = RunJournal(None)
        with self._journal() as journal:
            register(journal, self._source, self._stages, self._settings, pipeline_id)
        self._id = pipeline_id
        return self

    def _opened_sinks(self) -> list[tuple[int, str, Sink]]:
        """Stage, URI and sink of every output; none of them is the input or another one."""
        last = len(self._stages) - 1
        uris = [(stage.index, stage.output_uri) for stage in self._stages if stage.output_uri]
        taken = {Path(self._settings.input_uri.partition("://")[2].partition("?")[0]).resolve(): "the input"}
        sinks = []
        for index, uri in [*uris, (last, self._settings.output_uri)]:
            sink = open_sink(uri)
            place = sink.path.resolve() if sink.path else None
            if place in taken:
                raise InvalidSetting(f"{uri}: is {taken[place]} too; an output needs a file of its own")
            if place:
                taken[place] = f"the output of stage '{self._stages[index].name}'"
            sinks.append((index, uri, sink))
        return sinks

    @contextmanager
    def _journal(self) -> Iterator[RunJournal]:
        """The run's journal, held for this process alone."""
        if self._in_memory:
            yield self._in_memory
            return
        with locked(self._folder):
            journal = RunJournal(self._folder / JOURNAL, self._settings.durable)
            try:
                yield journal
            finally:
                journal.close()

    def run(self, progress: Progress | None = None) -> dict[str, Any]:
        """Work until all is done, write the outputs, give the report.

        The first Ctrl-C or SIGTERM lets what is under way come to its end, the second stops at once; both raise
        ``KeyboardInterrupt`` and the same call goes on from there. Raises ``DataError`` when too many rows are in
        quarantine, and what an operator raised that is true of every row (``ConfigError``, ``BudgetSpent``).
        """
        self._cancelled = False
        return self._run(progress or Silent(), None)

    async def run_async(self, progress: Progress | None = None) -> dict[str, Any]:
        """``run`` from async code: async operators run on this event loop, the engine in a thread."""
        self._cancelled = False
        loop = asyncio.get_running_loop()
        work = asyncio.ensure_future(asyncio.to_thread(self._run, progress or Silent(), loop))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self.cancel()
            await asyncio.wait([work])
            work.exception()  # the cancelling says it all
            raise

    def cancel(self) -> None:
        """Let a run come to its end early, from another thread: ``run`` gives a report with state ``interrupted``."""
        self._cancelled = True
        if engine := self._engine:
            engine.drain()

    def retry_failed(self, progress: Progress | None = None) -> dict[str, Any]:
        """Work on the rows in quarantine again, and on all that is undone."""
        self._created()
        with self._journal() as journal, journal.group():
            journal.clear_quarantine()
            journal.put("finished", False)
            reach("retry.cleared")
        return self.run(progress)

    def _created(self) -> None:
        if not self._id:
            raise ConfigError("call create(pipeline_id=…) before run()")

    def _run(self, progress: Progress, loop: asyncio.AbstractEventLoop | None) -> dict[str, Any]:
        self._created()
        begun = time.monotonic()
        with self._journal() as journal:
            self._check_input(journal)
            with journal.group():
                session = journal.begin_session(os.getpid(), _now())
            if journal.get("finished"):
                rows, limit = int(journal.get("input")["rows"]), self._settings.max_quarantined
                complete, interrupted = True, False
                error: FoundryError | None = too_many_aside(len(journal.quarantined_rows()), rows, limit)
            else:
                complete, interrupted, error = self._work(journal, progress, loop)
            if complete:
                self._check_input(journal)
                self._export(journal)
            with journal.group():
                journal.end_session(session, _now())
            self._conclude(journal, complete, error, time.monotonic() - begun)
        if error is not None:
            raise error
        if interrupted and not complete:
            raise KeyboardInterrupt
        return self.report

    def _work(
        self, journal: RunJournal, progress: Progress, loop: asyncio.AbstractEventLoop | None
    ) -> tuple[bool, bool, FoundryError | None]:
        """Let the engine work: whether nothing is left, whether a signal ended it, what error ended it."""
        rows = int(journal.get("input")["rows"])
        engine = self._engine = Engine(journal, self._stages, self._settings, rows, progress, loop)
        if self._cancelled:  # before there was an engine
            engine.drain()
        progress.start(self._id, rows)
        try:
            with draining_on_signals(engine.drain) as seen:
                engine.run(left_to_do(journal, len(self._stages), self._source.rows(), self._settings.id_field))
        finally:
            progress.finish()
            self._engine = None
        return engine.complete, bool(seen.count), engine.error

    def _check_input(self, journal: RunJournal) -> None:
        """The input is still the one of the run; else its rows would be taken for others."""
        known, now = journal.get("input")["fingerprint"], input_fingerprint(self._source, self._settings)
        if known != now:
            raise changed_input(self._id, known, now)

    def _export(self, journal: RunJournal) -> None:
        for stage, _, sink in self._sinks:
            export(journal, stage, sink, self._settings.lineage)
        reach("run.exported")
        with journal.group():
            journal.put("finished", True)
        reach("run.finished")

    def _conclude(self, journal: RunJournal, complete: bool, error: FoundryError | None, seconds: float) -> None:
        """Make the report; on the disk, beside the journal, with the quarantine."""
        state = "stopped" if error else "finished" if complete else "interrupted"
        on_disk = self._in_memory is None
        self.report = {
            "pipeline_id": self._id,
            "state": state,
            "error": error.message if error else None,
            "seconds": round(seconds, 3),
            "resumable": on_disk,
            "durable": self._settings.durable,
            "input": self._settings.input_uri,
            "outputs": [uri for _, uri, _ in self._sinks] if complete else [],
            **run_report(journal),
        }
        if on_disk:
            export_quarantine(journal, self._folder / QUARANTINE, self._settings.lineage)
            with atomic_file(self._folder / REPORT) as file:
                file.write(json.dumps(self.report, ensure_ascii=False, indent=1).encode("utf-8") + b"\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

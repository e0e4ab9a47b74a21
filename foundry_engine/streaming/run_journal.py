"""The journal of a run: what was asked, answered and accepted, in one SQLite file.

Write-ahead mode: a committed group survives ``kill -9`` at any instant, a torn one was never there. One writer, which
writes in groups: ``begin``, any number of changes, ``commit``. Tables:

- ``run(name, value)``: what the run is; ``input``, ``digests`` (of its rows), ``stages``, ``finished`` as JSON.
- ``session(id, pid, begun, ended)``: one row a process that worked on it; ``ended`` stays empty after a crash.
- ``stage_<n>(path, state, payload)``: outcomes of stage n, in input order; see ``outcome.py`` and ``lineage.py``.
- ``quarantine(stage, path, reason)``: rows that failed for good; ``reason`` is JSON.
- ``call(key, stage, name, begun, ended, result, usage)``: paid calls. ``begun`` counts how often one began, ``ended``
  how often its end was seen; the difference are calls a crash interrupted.
- ``tally(kind, stage, name, amount)``: sums of ``usage`` and ``retries``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foundry_engine.errors import FoundryError, ResumeError
from foundry_engine.streaming.failpoints import reach
from foundry_engine.streaming.lineage import ROOT

FORMAT = 1
APPLICATION_ID = 0x464E4452
MAX_CACHE_KIB = 4_000
CHECKPOINT_PAGES = 4_000

_TABLES = """
CREATE TABLE run (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE session (id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, begun TEXT NOT NULL, ended TEXT);
CREATE TABLE quarantine (stage INTEGER, path BLOB, reason TEXT NOT NULL, PRIMARY KEY (path, stage)) WITHOUT ROWID;
CREATE TABLE call (key BLOB PRIMARY KEY, stage TEXT NOT NULL, name TEXT NOT NULL, begun INTEGER NOT NULL,
    ended INTEGER NOT NULL, result TEXT, usage TEXT) WITHOUT ROWID;
CREATE TABLE tally (kind TEXT, stage TEXT, name TEXT, amount NOT NULL, PRIMARY KEY (kind, stage, name)) WITHOUT ROWID;
"""

Outcomes = list[tuple[bytes, int, str]]


class RunJournal:
    """The journal in a file, or with ``None`` in memory.

    Raises ``ResumeError`` for a file of another format, that is no journal or is damaged; ``FoundryError`` when it
    cannot be written, as on a full disk: then the open group is undone and what was committed stays.
    """

    def __init__(self, path: Path | None, durable: bool = False) -> None:
        self.path = path
        self._name = str(path) if path else "the journal in memory"
        with self._usable():
            if path:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
            try:
                self._prepare(durable)
            except BaseException:
                self._db.close()
                raise

    def _prepare(self, durable: bool) -> None:
        db = self._db
        db.execute("PRAGMA journal_mode = WAL")
        reach("journal.created")
        db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        db.execute(f"PRAGMA cache_size = -{MAX_CACHE_KIB}")
        db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        (version,), (owner,) = (db.execute(f"PRAGMA {name}").fetchone() for name in ("user_version", "application_id"))
        empty = not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if owner != APPLICATION_ID and not (empty and version == owner == 0):
            raise ResumeError(
                f"{self._name}: is not the journal of a streaming run. Move the file away to start again."
            )
        if version > FORMAT:
            raise ResumeError(
                f"{self._name}: journal format {version}, this foundry reads {FORMAT}. "
                "Use the foundry that wrote it, or move the file away to start again.",
                expected=FORMAT,
                got=version,
            )
        if empty:
            db.executescript(
                f"BEGIN; {_TABLES} PRAGMA user_version = {FORMAT}; PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
            )
            reach("journal.prepared")

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """SQLite's errors as ones that say what to do."""
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            raise FoundryError(
                f"{self._name}: the journal cannot be opened or written ({error}). Check the space on the disk and the "
                "file's permissions, then run the same again: what was accepted before is kept."
            ) from error
        except (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.DataError) as error:
            raise FoundryError(
                f"{self._name}: does not take what was to be written ({error}). The journal is sound and what was "
                "accepted before is kept: mend what the operator gives and run the same again."
            ) from error
        except sqlite3.DatabaseError as error:
            raise ResumeError(
                f"{self._name}: cannot be used as a journal ({error}). Move the file away to start again; "
                "what is in it will have to be made again."
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def group(self) -> Iterator[None]:
        """All changes of the block or none of them; on return they are committed."""
        with self._usable():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                reach("group.begun")
                yield
                reach("group.written")
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        reach("group.committed")

    # what the run is

    def get(self, name: str) -> Any:
        """A value of table ``run``, or ``None``."""
        with self._usable():
            row = self._db.execute("SELECT value FROM run WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, name: str, value: object) -> None:
        """Put a value into table ``run``."""
        self._db.execute("INSERT OR REPLACE INTO run VALUES (?, ?)", (name, json.dumps(value, ensure_ascii=False)))

    def begin_session(self, pid: int, now: str) -> int:
        """Note that a process works on the run; gives the session's number."""
        return int(self._db.execute("INSERT INTO session (pid, begun) VALUES (?, ?)", (pid, now)).lastrowid or 0)

    def end_session(self, number: int, now: str) -> None:
        """Note that it ended in order."""
        self._db.execute("UPDATE session SET ended = ? WHERE id = ?", (now, number))

    def sessions(self) -> tuple[int, int]:
        """How many processes worked on the run, and how many of those ended in order."""
        with self._usable():
            begun, ended = self._db.execute("SELECT count(*), count(ended) FROM session").fetchone()
        return begun, ended

    # outcomes

    def ensure_stages(self, count: int) -> None:
        """Make the tables of the first ``count`` stages."""
        for stage in range(count):
            self._db.execute(
                f"CREATE TABLE IF NOT EXISTS stage_{stage} "
                "(path BLOB PRIMARY KEY, state INTEGER NOT NULL, payload TEXT NOT NULL) WITHOUT ROWID"
            )

    def forget_from(self, stage: int) -> None:
        """Drop the outcomes and the quarantine of a stage and of all after it; answers of calls stay."""
        tables = self._db.execute("SELECT name FROM sqlite_schema WHERE name GLOB 'stage_*'").fetchall()
        for (name,) in tables:
            if int(name.removeprefix("stage_")) >= stage:
                self._db.execute(f"DROP TABLE {name}")
        self._db.execute("DELETE FROM quarantine WHERE stage >= ?", (stage,))

    def add_outcomes(self, stage: int, outcomes: Outcomes) -> None:
        """Keep outcomes of a stage."""
        self._db.executemany(f"INSERT OR IGNORE INTO stage_{stage} VALUES (?, ?, ?)", outcomes)

    def last_path(self, stage: int) -> bytes | None:
        """The last path with an outcome or in quarantine."""
        query = (
            f"SELECT max(path) FROM (SELECT max(path) AS path FROM stage_{stage} "
            "UNION ALL SELECT max(path) FROM quarantine WHERE stage = ?)"
        )
        with self._usable():
            row = self._db.execute(query, (stage,)).fetchone()
        return bytes(row[0]) if row[0] is not None else None

    def outcomes_between(self, stage: int, low: bytes, high: bytes, payloads: bool) -> dict[bytes, tuple[int, str]]:
        """Outcomes of the paths from ``low`` up to before ``high``."""
        column = "payload" if payloads else "''"
        query = f"SELECT path, state, {column} FROM stage_{stage} WHERE path >= ? AND path < ?"
        with self._usable():
            return {path: (state, payload) for path, state, payload in self._db.execute(query, (low, high))}

    def outcomes(self, stage: int) -> Iterator[tuple[bytes, int, str]]:
        """All outcomes of a stage in input order."""
        with self._usable():
            yield from self._db.execute(f"SELECT path, state, payload FROM stage_{stage} ORDER BY path")

    def counts(self, stage: int) -> tuple[int, int, int]:
        """Of a stage: rows with an outcome, rows it dropped, rows that came out."""
        query = f"SELECT count(*), sum(state = 0), sum(abs(state)) FROM stage_{stage}"
        with self._usable():
            done, dropped, out = self._db.execute(query).fetchone()
        return done, dropped or 0, out or 0

    # quarantine

    def quarantine(self, stage: int, path: bytes, reason: str) -> None:
        """Put a row aside."""
        self._db.execute("INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?)", (stage, path, reason))

    def quarantined_between(self, low: bytes, high: bytes) -> set[tuple[int, bytes]]:
        """Stage and path of the rows set aside, from ``low`` up to before ``high``."""
        query = "SELECT stage, path FROM quarantine WHERE path >= ? AND path < ?"
        with self._usable():
            return set(self._db.execute(query, (low, high)))

    def quarantined(self) -> Iterator[tuple[int, bytes, str]]:
        """All rows set aside with stage, path and reason, in input order."""
        with self._usable():
            yield from self._db.execute("SELECT stage, path, reason FROM quarantine ORDER BY path, stage")

    def quarantined_rows(self) -> set[bytes]:
        """Paths of the input rows of which anything was set aside."""
        with self._usable():
            return {row for (row,) in self._db.execute(f"SELECT DISTINCT substr(path, 1, {ROOT}) FROM quarantine")}

    def clear_quarantine(self) -> int:
        """Forget why rows failed, so that they are worked on again; gives how many."""
        return self._db.execute("DELETE FROM quarantine").rowcount

    # paid calls

    def result_of(self, key: bytes) -> str | None:
        """The kept answer to a call as JSON text."""
        row = self._db.execute("SELECT result FROM call WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def begin_call(self, key: bytes, stage: str, name: str) -> None:
        """Note that a call begins."""
        self._db.execute(
            "INSERT INTO call VALUES (?, ?, ?, 1, 0, NULL, NULL) ON CONFLICT DO UPDATE SET begun = begun + 1",
            (key, stage, name),
        )

    def end_call(self, key: bytes, result: str | None, usage: dict[str, float] | None) -> None:
        """Note that a call ended, with its answer or, after an error, ``None``; the first answer stays."""
        self._db.execute(
            "UPDATE call SET ended = ended + 1, usage = CASE WHEN result IS NULL THEN ? ELSE usage END, "
            "result = coalesce(result, ?) WHERE key = ?",
            (json.dumps(usage) if usage else None, result, key),
        )

    def calls(self) -> dict[str, int]:
        """Calls begun, answers kept, calls ended by an error, and calls whose end a crash took."""
        query = "SELECT sum(begun), count(result), sum(ended) - count(result), sum(begun - ended) FROM call"
        with self._usable():
            row = self._db.execute(query).fetchone()
        return dict(zip(("begun", "answered", "failed", "interrupted"), (int(n or 0) for n in row), strict=True))

    # sums

    def add_tally(self, kind: str, stage: str, amounts: Iterable[tuple[str, float]]) -> None:
        """Add to sums of ``usage`` or ``retries``."""
        self._db.executemany(
            "INSERT INTO tally VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
            [(kind, stage, name, amount) for name, amount in amounts],
        )

    def tallies(self, kind: str) -> dict[str, dict[str, float]]:
        """Sums of a kind: stage, name, amount."""
        sums: dict[str, dict[str, float]] = {}
        with self._usable():
            rows = self._db.execute("SELECT stage, name, amount FROM tally WHERE kind = ?", (kind,))
            for stage, name, amount in rows:
                sums.setdefault(stage, {})[name] = amount
        return sums

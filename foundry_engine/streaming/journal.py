"""The journal: every reply of a provider, on disk before it is used.

One SQLite file a task, in write-ahead mode: a committed reply survives ``kill -9`` at any instant, a torn one was never
there. A rerun finds the reply under the same key and pays for nothing twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from foundry_engine.errors import ResumeError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Reply:
    """A journalled reply: the raw text and what it cost."""

    text: str
    finish: str
    prompt_tokens: int
    output_tokens: int


class Journal:
    """Replies by request key; use as a context manager.

    Raises ``ResumeError`` when the file is of another format, is no journal, or turns out to be damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._usable():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version not in (0, FORMAT):
            raise ResumeError(
                f"{self._path}: journal format {version}, this foundry reads {FORMAT}. "
                "Use the foundry that wrote it, or move the file away to ask again.",
                expected=FORMAT,
                got=version,
            )
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS reply (key TEXT PRIMARY KEY, text TEXT NOT NULL, finish TEXT NOT NULL, "
            "prompt_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL) WITHOUT ROWID"
        )
        self._db.execute(f"PRAGMA user_version = {FORMAT}")

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """SQLite's errors as one that says what to do."""
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            raise ResumeError(
                f"{self._path}: the journal cannot be opened or written ({error}). "
                "Check its permissions, the space on the disk, and that no other program holds it."
            ) from error
        except sqlite3.DatabaseError as error:
            raise ResumeError(
                f"{self._path}: cannot be used as a journal ({error}). Move the file away to start again; "
                "replies in it will have to be asked again."
            ) from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def get(self, key: str) -> Reply | None:
        """The reply to a request, if it is here."""
        query = "SELECT text, finish, prompt_tokens, output_tokens FROM reply WHERE key = ?"
        with self._usable():
            row = self._db.execute(query, (key,)).fetchone()
        return Reply(*row) if row else None

    def put(self, key: str, reply: Reply) -> None:
        """Keep a reply; on return it is committed. A key that is here already keeps its first reply."""
        values = (key, reply.text, reply.finish, reply.prompt_tokens, reply.output_tokens)
        with self._usable():
            self._db.execute("INSERT OR IGNORE INTO reply VALUES (?, ?, ?, ?, ?)", values)

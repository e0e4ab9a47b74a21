"""``sqlite://file?table=rows``: a table of a SQLite database.

Read in the order of its rows. Written in one transaction that puts a new table in the place of the old one and leaves
other tables alone; objects and lists are written as JSON texts.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from foundry_engine.errors import DataError, FoundryError, MalformedRecord
from foundry_engine.registry import suggest
from foundry_engine.streaming.failpoints import reach
from foundry_engine.streaming.files import input_path
from foundry_engine.streaming.outcome import from_text, to_text
from foundry_engine.streaming.uris import Uri

TABLE = "rows"
"""The table, where the URI names none."""
BIGGEST = 2**63


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Source:
    """The rows of a table."""

    resumable = True

    def __init__(self, uri: Uri) -> None:
        uri.only("table")
        self._path = input_path(uri)
        self._table = uri.options.get("table", TABLE)

    def fingerprint(self) -> str:
        """Hash of the table's rows, whatever else is in the file."""
        digest = hashlib.sha256()
        for text in self.rows():
            digest.update(text.encode("utf-8") + b"\n")
        return digest.hexdigest()

    def check(self, accept: Callable[[dict[str, Any], str], None]) -> int:
        """Every value has to have a form in JSON."""
        count = 0
        for count, row in enumerate(self._records(), 1):
            accept(row, f"{self._path}:{count}")
        return count

    def rows(self) -> Iterator[str]:
        """The rows."""
        return map(to_text, self._records())

    def _records(self) -> Iterator[dict[str, Any]]:
        try:
            with closing(sqlite3.connect(f"file:{_escaped(self._path)}?mode=ro", uri=True)) as db:
                names = [
                    name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
                ]
                if self._table not in names:
                    raise DataError(f"{self._path}: no table '{self._table}'; {suggest(self._table, sorted(names))}")
                cursor = db.execute(f"SELECT * FROM {_quoted(self._table)}")
                columns = [column[0] for column in cursor.description]
                for number, values in enumerate(cursor, 1):
                    if any(isinstance(value, bytes) or value in (float("inf"), float("-inf")) for value in values):
                        raise MalformedRecord(
                            f"{self._path}:{number}: a value that has no form in JSON (bytes, infinity)"
                        )
                    yield dict(zip(columns, values, strict=True))
        except sqlite3.Error as error:
            raise DataError(f"{self._path}: table '{self._table}' cannot be read: {error}") from error


def _escaped(path: object) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


class Sink:
    """A table."""

    def __init__(self, uri: Uri) -> None:
        uri.only("table")
        self.path = uri.path
        self._table = uri.options.get("table", TABLE)

    def write(self, rows: Callable[[], Iterable[str]]) -> None:
        """Look for the columns, then put a new table in the old one's place."""
        columns: dict[str, None] = {}
        for text in rows():
            columns.update(dict.fromkeys(from_text(text)))
        table, names = _quoted(self._table), ", ".join(map(_quoted, columns or ["empty"]))
        with self._transaction() as db:
            db.execute(f"DROP TABLE IF EXISTS {table}")
            db.execute(f"CREATE TABLE {table} ({names})")
            insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})"
            for row in map(from_text, rows()):
                db.execute(insert, [_value(row.get(name)) for name in columns])
                reach("export.half")
            reach("export.written")
        reach("export.renamed")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
                reach("export.opened")
                db.execute("PRAGMA synchronous = FULL")
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise FoundryError(
                f"{self.path}: table '{self._table}' cannot be written: {error}. Nothing is lost and the old table "
                "is as it was: mend it and run the same again."
            ) from error


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
    if value is None or isinstance(value, float) or (isinstance(value, int) and -BIGGEST <= value < BIGGEST):
        return value
    return to_text(value)

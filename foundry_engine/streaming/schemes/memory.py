"""``memory://name``: rows in this process, put in and taken out by name; a run that reads them cannot be resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from foundry_engine.errors import DataError, MalformedRecord
from foundry_engine.registry import suggest
from foundry_engine.streaming.outcome import from_text, to_text
from foundry_engine.streaming.uris import Uri

ROWS: dict[str, list[dict[str, Any]]] = {}
"""Name: rows. Put a list of dicts here to read it; a run that writes replaces the list."""


class Source:
    """The rows under a name, as they were when the source was opened."""

    resumable = False

    def __init__(self, uri: Uri) -> None:
        uri.only()
        if uri.location not in ROWS:
            raise DataError(f"{uri.text}: nothing is under this name; {suggest(uri.location, sorted(ROWS))}")
        self._name = uri.text
        self._texts = [self._text(number, row) for number, row in enumerate(ROWS[uri.location])]

    def _text(self, number: int, row: object) -> str:
        try:
            if not isinstance(row, dict):
                raise TypeError(f"expected a dict, got {type(row).__name__}")
            return to_text(row)
        except (TypeError, ValueError, RecursionError) as error:
            raise MalformedRecord(f"{self._name}:{number}: {error}", line=number) from error

    def fingerprint(self) -> str:
        """Hash of the rows."""
        return hashlib.sha256("\n".join(self._texts).encode("utf-8")).hexdigest()

    def check(self, accept: Callable[[dict[str, Any], str], None]) -> int:
        """All are dicts already."""
        for number, text in enumerate(self._texts):
            accept(from_text(text), f"{self._name}:{number}")
        return len(self._texts)

    def rows(self) -> Iterator[str]:
        """The rows."""
        return iter(self._texts)


class Sink:
    """A list under a name."""

    path = None

    def __init__(self, uri: Uri) -> None:
        uri.only()
        self._name = uri.location

    def write(self, rows: Callable[[], Iterable[str]]) -> None:
        """Replace the list."""
        ROWS[self._name] = [from_text(text) for text in rows()]

"""``csv://file``: a header, then one row a record (RFC 4180, UTF-8); every value is a text.

Rows that are written get a column for every key any of them has, in the order in which keys first appear. Texts stand
as they are, ``None`` is empty, everything else is written as JSON.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from foundry_engine.errors import MalformedRecord
from foundry_engine.folders import sha256_of
from foundry_engine.records import MAX_LINE_BYTES
from foundry_engine.streaming.atomic_file import atomic_file
from foundry_engine.streaming.failpoints import reach
from foundry_engine.streaming.files import input_path, readable
from foundry_engine.streaming.outcome import from_text, to_text
from foundry_engine.streaming.uris import Uri


class Source:
    """The records of a file; each needs exactly the header's columns."""

    resumable = True

    def __init__(self, uri: Uri) -> None:
        uri.only()
        self._path = input_path(uri)

    def fingerprint(self) -> str:
        """Hash of the bytes."""
        with readable(self._path):
            return sha256_of(self._path)

    def check(self, accept: Callable[[dict[str, Any], str], None]) -> int:
        """Every record has to fit the header."""
        count = 0
        for number, row in self._records():
            accept(row, f"{self._path}:{number}")
            count += 1
        return count

    def rows(self) -> Iterator[str]:
        """The records."""
        return (to_text(row) for _, row in self._records())

    def _records(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Records with the number of the line each begins on."""
        csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES))
        with readable(self._path), self._path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header: list[str] | None = None
            begins = 1
            try:
                for record in reader:
                    if header is None:
                        header = self._checked_header(record)
                    elif record:
                        yield begins, self._row(header, record, begins)
                    begins = reader.line_num + 1
            except UnicodeDecodeError as error:
                raise self._wrong(
                    self._line_of_bad_byte(), f"not UTF-8 (byte 0x{error.object[error.start]:02X})"
                ) from error
            except csv.Error as error:
                raise self._wrong(begins, f"not CSV ({error})") from error

    def _checked_header(self, header: list[str]) -> list[str]:
        twice = next((name for i, name in enumerate(header) if name in header[:i]), None)
        if twice is not None:
            raise self._wrong(1, f"column '{twice}' twice in the header")
        return header

    def _row(self, header: list[str], record: list[str], number: int) -> dict[str, str]:
        if len(record) != len(header):
            raise self._wrong(
                number, f"{len(record)} columns; expected the header's {len(header)}: {', '.join(header)}"
            )
        if any("\0" in value for value in record):
            raise self._wrong(number, "a NUL byte")
        return dict(zip(header, record, strict=True))

    def _line_of_bad_byte(self) -> int:
        """The decoder reads ahead of the records, so the line is looked for by itself."""
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    return number
        return 1

    def _wrong(self, number: int, said: str) -> MalformedRecord:
        return MalformedRecord(f"{self._path}:{number}: {said}", line=number)


class Sink:
    """A file with a header."""

    def __init__(self, uri: Uri) -> None:
        uri.only()
        self.path = uri.path

    def write(self, rows: Callable[[], Iterable[str]]) -> None:
        """Look for the columns, then write."""
        columns: dict[str, None] = {}
        for text in rows():
            columns.update(dict.fromkeys(from_text(text)))
        with atomic_file(self.path) as file:
            writer = csv.writer(
                line := io.StringIO(newline=""), lineterminator="\r\n"
            )  # so that a lone \r is quoted too
            records = ([_cell(row.get(name)) for name in columns] for row in map(from_text, rows()))
            for record in ([list(columns)] if columns else []), records:
                for cells in record:
                    writer.writerow(cells)
                    file.write(line.getvalue().removesuffix("\r\n").encode("utf-8") + b"\n")
                    line.seek(0)
                    line.truncate()
                    reach("export.half")


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else to_text(value)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")

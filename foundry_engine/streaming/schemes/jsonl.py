"""``jsonl://file``: one JSON object a line, UTF-8."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

from foundry_engine.errors import MalformedRecord
from foundry_engine.folders import sha256_of
from foundry_engine.records import MAX_LINE_BYTES
from foundry_engine.streaming.atomic_file import atomic_file
from foundry_engine.streaming.failpoints import reach
from foundry_engine.streaming.files import input_path, readable
from foundry_engine.streaming.uris import Uri


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"the number {digits[:40]} is too big")
    return number


_decode = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite).decode


class Source:
    """The lines of a file; blank ones are no rows."""

    resumable = True

    def __init__(self, uri: Uri) -> None:
        uri.only()
        self._path = input_path(uri)

    def fingerprint(self) -> str:
        """Hash of the bytes."""
        with readable(self._path):
            return sha256_of(self._path)

    def check(self, accept: Callable[[dict[str, Any], str], None]) -> int:
        """Every line has to be an object of JSON; a last line that was cut off is named as such."""
        count = 0
        for number, line in self._lines():
            accept(self._object(number, line), f"{self._path}:{number}")
            count += 1
        return count

    def rows(self) -> Iterator[str]:
        """The lines; a byte that became wrong after the check makes another row, which the run will refuse."""
        for _, line in self._lines():
            yield line.decode("utf-8", "replace").strip()

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with readable(self._path), self._path.open("rb", buffering=1 << 18) as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if len(line) > MAX_LINE_BYTES:
                    raise MalformedRecord(f"{self._path}:{number}: a line of more than {MAX_LINE_BYTES:,} bytes")
                if not line.isspace() and line:
                    yield number, line

    def _object(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            value = _decode(line.decode("utf-8"))
            if isinstance(value, dict):
                return value
            said = f"expected a JSON object, got {type(value).__name__}"
        except (ValueError, RecursionError) as error:
            if b"\0" in line:
                said = f"a NUL byte at column {line.index(0) + 1}"
            elif not line.endswith(b"\n"):
                said = "the last line is torn: the file ends in the middle of a record. Complete the line or cut it off"
            elif isinstance(error, UnicodeDecodeError):
                said = f"not UTF-8 (byte 0x{line[error.start]:02X} at column {error.start + 1})"
            else:
                said = f"not JSON ({str(error)[:120]})"
        raise MalformedRecord(f"{self._path}:{number}: {said}", line=number)


class Sink:
    """A file of lines."""

    def __init__(self, uri: Uri) -> None:
        uri.only()
        self.path = uri.path

    def write(self, rows: Callable[[], Iterable[str]]) -> None:
        """One row a line."""
        with atomic_file(self.path) as file:
            for text in rows():
                file.write(text.encode("utf-8") + b"\n")
                reach("export.half")

"""The shapes of records and how they are read and written as JSON Lines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from foundry_engine.errors import DataError, MalformedRecord

MAX_LINE_BYTES = 4_000_000

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled text before refining.

    ``origin`` is how it came to be: ``corpus`` (real, from a named source), ``written`` (by hand for this blueprint),
    ``generated`` (by a provider) or ``imported``. ``mould`` and ``pair`` name what it was made from, so that
    relatives stay in one split.
    """

    id: str
    text: str
    label: str
    language: str
    origin: str
    source: str
    licence: str = ""
    cell: str = ""
    mould: str = ""
    pair: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """One accepted, labelled record of a dataset."""

    id: str
    text: str
    label: str
    language: str
    origin: str
    source: str
    family: str
    split: str
    weight: float


def record_id(task: str, label: str, text: str) -> str:
    """Stable identity of a record: 16 hexadecimal digits of a SHA-256."""
    return hashlib.sha256("\x1f".join((task, label, text)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def to_json(record: object) -> str:
    """One line of JSON; a dataclass or a mapping, Chinese as itself."""
    data = record if isinstance(record, Mapping) else {f.name: getattr(record, f.name) for f in fields(record)}  # type: ignore[arg-type]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines with their number from 1, split on LF only; blank lines are left out."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), start=1):
                if len(line) > MAX_LINE_BYTES:
                    raise MalformedRecord(f"{path}:{number}: a line of more than {MAX_LINE_BYTES:,} bytes", line=number)
                if line.strip():
                    yield number, line
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}. Check the path and its permissions.") from error


def read_objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """JSON objects of a JSON Lines file with their line numbers.

    Raises ``MalformedRecord`` (``file:line: …``) for a line that is not a JSON object.
    """
    for number, line in read_lines(path):
        try:
            data = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except (UnicodeDecodeError, ValueError, RecursionError) as error:
            raise MalformedRecord(f"{path}:{number}: not JSON ({_short(error)})", line=number) from error
        if not isinstance(data, dict):
            raise MalformedRecord(
                f"{path}:{number}: expected a JSON object, got {type(data).__name__}. Each line is one "
                '{"text": …, "label": …}.',
                line=number,
            )
        yield number, data


def read_records(path: Path, kind: type[Record]) -> list[Record]:
    """Records of a dataclass from a file the foundry wrote itself."""
    names = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    records = []
    for number, data in read_objects(path):
        try:
            records.append(kind(**{name: data[name] for name in names}))
        except KeyError as error:
            raise MalformedRecord(f"{path}:{number}: no field {error}. Run the step again with --force.") from error
    return records


def lines_of(records: Iterable[object]) -> bytes:
    """JSON Lines bytes, LF after every line."""
    return "".join(to_json(record) + "\n" for record in records).encode("utf-8")


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__

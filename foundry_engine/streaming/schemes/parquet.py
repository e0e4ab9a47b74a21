"""``parquet://file``: Apache Parquet; times, dates and decimals are read as texts."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from foundry_engine.errors import DataError, MalformedRecord, MissingDependency
from foundry_engine.folders import sha256_of
from foundry_engine.streaming.atomic_file import atomic_file
from foundry_engine.streaming.failpoints import reach
from foundry_engine.streaming.files import input_path, readable
from foundry_engine.streaming.outcome import from_text, to_text
from foundry_engine.streaming.uris import Uri

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    raise MissingDependency("parquet:// needs pyarrow: pip install pyarrow") from error

BATCH = 4_000
"""Rows in memory at a time."""


class Source:
    """The rows of a file."""

    resumable = True

    def __init__(self, uri: Uri) -> None:
        uri.only()
        self._path = input_path(uri)

    def fingerprint(self) -> str:
        """Hash of the bytes."""
        with readable(self._path):
            return sha256_of(self._path)

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
        number = 0
        try:
            with pq.ParquetFile(self._path) as file:
                for batch in file.iter_batches(BATCH):
                    for row in batch.to_pylist():
                        number += 1
                        yield {name: self._plain(value, name, number) for name, value in row.items()}
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{self._path}: cannot be read as Parquet: {str(error).splitlines()[0]}") from error

    def _plain(self, value: Any, name: str, number: int) -> Any:
        if isinstance(value, dict):
            return {key: self._plain(one, name, number) for key, one in value.items()}
        if isinstance(value, list):
            return [self._plain(one, name, number) for one in value]
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, decimal.Decimal):
            return str(value)
        if isinstance(value, float) and not math.isfinite(value):
            raise MalformedRecord(
                f"{self._path}:{number}: column '{name}' holds {value}; JSON has none: write null instead"
            )
        if value is None or isinstance(value, (str, int, float)):
            return value
        raise MalformedRecord(f"{self._path}:{number}: column '{name}': {type(value).__name__} has no form in JSON")


class Sink:
    """A file whose schema fits all rows."""

    def __init__(self, uri: Uri) -> None:
        uri.only()
        self.path = uri.path

    def write(self, rows: Callable[[], Iterable[str]]) -> None:
        """Look for the schema, then write."""
        try:
            tables = map(_table, _batches(rows()))
            schema = pa.schema([])
            for table in tables:
                schema = pa.unify_schemas([schema, table.schema], promote_options="permissive")
            with atomic_file(self.path) as file, pq.ParquetWriter(file, schema) as writer:
                for batch in _batches(rows()):
                    writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                    reach("export.half")
        except (pa.ArrowException, OverflowError) as error:
            raise DataError(
                f"{self.path}: the rows have no common schema ({str(error).splitlines()[0]}). Let the operators return "
                "one type a key, or write jsonl:// instead."
            ) from error


def _table(batch: list[dict[str, Any]]) -> Any:
    columns = dict.fromkeys(name for row in batch for name in row)
    return pa.table({name: [row.get(name) for row in batch] for name in columns})


def _batches(texts: Iterable[str]) -> Iterator[list[dict[str, Any]]]:
    texts = iter(texts)
    while batch := [from_text(text) for text in islice(texts, BATCH)]:
        yield batch

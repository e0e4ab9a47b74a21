"""Raw files as rows: each with its place; what cannot be a row is counted, with its place and the reason."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from foundry_engine.errors import DataError, MalformedRecord
from foundry_engine.features.normalizer import MAX_CODE_POINTS, normalize, text_problem
from foundry_engine.language.script import language_of
from foundry_engine.records import MAX_LINE_BYTES, record_id
from foundry_engine.refinery.encodings import encoding_of
from foundry_engine.refinery.job_file import AUTO, FORMATS, Input
from foundry_engine.registry import suggest

FIELDS = (
    "id",
    "text",
    "label",
    "language",
    "origin",
    "source",
    "licence",
    "mould",
    "pair",
    "task",
    "place",
    "reads_as",
)
"""Columns of a row; ``place`` is its file and line, ``reads_as`` the language its characters tell."""
MAX_FIELD = 4_000
"""Most code points of a label, source and the like."""

Row = dict[str, str]
Reject = Callable[[str, str, str], None]
"""Called with place, reason and detail; never with what the row holds."""


def rows_of(path: Path, given: Input, task: str, reject: Reject) -> Iterator[Row]:
    """The rows of one file.

    Raises ``DataError`` when the file as a whole cannot be read or lacks a column.
    """
    kind = given.format or FORMATS[path.suffix.lower()]
    reader = {"jsonl": _json_lines, "csv": _csv, "tsv": _csv, "parquet": _parquet}[kind]
    try:
        for number, raw in reader(path, given, reject):
            place = f"{path.name}:{number}"
            row = _row(raw, given, path, place, task, reject)
            if row is not None:
                yield row
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}. Check the path and its permissions.") from error


def _row(raw: Mapping[str, Any], given: Input, path: Path, place: str, task: str, reject: Reject) -> Row | None:
    names = given.columns
    text = raw.get(names.text)
    if text is None:
        reject(place, "no_text", f"no field '{names.text}'; {suggest(names.text, sorted(map(str, raw)))}")
        return None
    if "\0" in str(text):
        reject(place, "nul", f"U+0000 at position {str(text).index(chr(0))}: binary data, or another encoding")
        return None
    problem = text_problem(text)
    if problem:
        reject(place, _reason(text), problem)
        return None
    label = "" if names.label is None else raw.get(names.label)
    if label is None or (names.label is not None and label == ""):
        reject(place, "no_label", f"no field '{names.label}'; {suggest(str(names.label), sorted(map(str, raw)))}")
        return None
    row = {"text": text, "label": str(label), "origin": given.origin, "place": place}
    defaults = {"language": "", "source": given.source or path.stem, "licence": given.licence, "task": task}
    for name in ("language", "source", "licence", "task", "mould", "pair"):
        value = raw.get(getattr(names, name))
        row[name] = str(value) if value not in (None, "") else defaults.get(name, "")
    for name, value in row.items():
        if name != "text" and (len(value) > MAX_FIELD or "\0" in value or text_problem(value)):
            reject(place, "bad_field", f"{name}: not a text of at most {MAX_FIELD:,} code points")
            return None
    normalized = normalize(text)
    row["reads_as"] = language_of(text)
    row["language"] = row["language"] or row["reads_as"]
    row["id"] = record_id(row["task"], row["label"], normalized)
    return row


def _reason(text: object) -> str:
    if not isinstance(text, str):
        return "not_text"
    if len(text) > MAX_CODE_POINTS:
        return "too_long"
    return "not_utf8" if any("\udc80" <= char <= "\udcff" for char in text) else "not_unicode"


def _open(path: Path, given: Input, newline: str) -> IO[str]:
    encoding = encoding_of(path) if given.encoding == AUTO else given.encoding
    encoding = "utf-8-sig" if encoding in ("utf-8", "utf8") else encoding
    return path.open(encoding=encoding, errors="surrogateescape", newline=newline)


def _json_lines(path: Path, given: Input, reject: Reject) -> Iterator[tuple[int, dict[str, Any]]]:
    with _open(path, given, "\n") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES):
            number += 1
            place = f"{path.name}:{number}"
            if len(line) >= MAX_LINE_BYTES and not line.endswith("\n"):
                while (more := file.readline(MAX_LINE_BYTES)) and not more.endswith("\n"):
                    pass
                reject(place, "too_long", f"a line of more than {MAX_LINE_BYTES:,} characters")
                continue
            if not line.strip():
                continue
            try:
                data = json.loads(line)
            except (ValueError, RecursionError) as error:
                said = str(error).splitlines()[0][:120] if str(error) else "too deep"
                reject(place, "not_json", f"not JSON: {said}")
                continue
            if not isinstance(data, dict):
                reject(place, "not_json", f"expected a JSON object, got {type(data).__name__}")
                continue
            yield number, data


def _csv(path: Path, given: Input, reject: Reject) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows of a table with a header; a quoted field may run over lines."""
    delimiter = "\t" if (given.format or FORMATS[path.suffix.lower()]) == "tsv" else ","
    before = csv.field_size_limit(MAX_LINE_BYTES)
    try:
        with _open(path, given, "") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            try:
                header = next(reader, [])
                _require_columns(path, given, header)
                line = reader.line_num + 1
                for values in reader:
                    if len(values) > len(header):
                        detail = f"{len(values)} fields, the header has {len(header)}"
                        reject(f"{path.name}:{line}", "not_csv", detail)
                    elif values:
                        yield line, dict(zip(header, values, strict=False))
                    line = reader.line_num + 1
            except csv.Error as error:
                raise MalformedRecord(
                    f"{path}:{reader.line_num}: not CSV ({error}). A field with a quote or a line break in it stands "
                    "in quotes, and a quote in it is doubled; what follows cannot be told apart.",
                    line=reader.line_num,
                ) from error
    finally:
        csv.field_size_limit(before)


def _parquet(path: Path, given: Input, reject: Reject) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        _require_columns(path, given, names)
        wanted = [name for name in given.columns.model_dump().values() if name in names]
        number = 0
        for batch in file.iter_batches(batch_size=8_192, columns=wanted):
            columns = [_values(batch.column(name)) for name in batch.schema.names]
            for values in zip(*columns, strict=True):
                number += 1
                yield number, dict(zip(batch.schema.names, values, strict=True))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(f"{path}: not a Parquet file that can be read: {str(error).splitlines()[0][:200]}") from error


def _values(column: Any) -> list[Any]:
    """Python values; bytes that are not UTF-8 become lone surrogates, as in the other formats."""
    import pyarrow as pa

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        raw = column.cast(pa.large_binary()).to_pylist()
        return [None if value is None else value.decode("utf-8", "surrogateescape") for value in raw]
    return list(column.to_pylist())


def _require_columns(path: Path, given: Input, header: list[str]) -> None:
    names = given.columns
    needed = {"text", *names.declared()} | ({"label"} if names.label is not None else set())
    missing = [str(getattr(names, field)) for field in sorted(needed) if getattr(names, field) not in {None, *header}]
    if missing:
        hints = "; ".join(f"'{name}': {suggest(name, header)}" for name in missing)
        raise DataError(
            f"{path}: no column {' and '.join(repr(name) for name in missing)}. {hints}. Name the columns under "
            "`columns`; texts without labels have `label: null`."
        )

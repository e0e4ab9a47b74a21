"""Rows people bring: a blueprint's corpus, and one's own labelled JSON Lines or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foundry_engine.errors import DataError, MalformedRecord
from foundry_engine.features.normalizer import text_problem
from foundry_engine.language.script import language_of
from foundry_engine.records import read_objects
from foundry_engine.registry import suggest

OPTIONAL = ("language", "source", "licence", "origin")


def read_rows(path: Path, labels: list[str], languages: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with their line number: ``text`` and ``label`` and, where given, language, source, licence and origin.

    A missing language is told from the text's script. Raises ``MalformedRecord`` for a row without a text or with a
    label the constitution does not declare: ``file:line``, and the nearest label.
    """
    for line, row in raw_rows(path):
        text, label = row.get("text"), row.get("label")
        if not isinstance(text, str):
            raise MalformedRecord(f"{path}:{line}: no text: a row needs the fields text and label", line=line)
        if label not in labels:
            hint = suggest(str(label), labels)
            raise MalformedRecord(f"{path}:{line}: label '{label}' is not declared; {hint}", line=line)
        known = {name: str(row[name]) for name in OPTIONAL if row.get(name)}
        for name, value in known.items():
            problem = text_problem(value)
            if problem:
                raise MalformedRecord(f"{path}:{line}: {name}: {problem}", line=line)
        kept = {"text": text, "label": str(label), **known}
        if "language" not in kept:
            found = language_of(text)
            kept["language"] = found if found in languages else languages[0]
        elif kept["language"] not in languages:
            hint = suggest(kept["language"], languages)
            raise MalformedRecord(
                f"{path}:{line}: language '{kept['language']}' is not in the blueprint; {hint}", line=line
            )
        yield line, kept


def raw_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows of a ``.csv`` or JSON Lines file with their line numbers, whatever fields they have."""
    return _csv_rows(path) if path.suffix.lower() == ".csv" else read_objects(path)


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV file with a header, UTF-8 with or without a byte-order mark."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}. Check the path and its permissions.") from error
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise MalformedRecord(
            f"{path}:{line}: not UTF-8 (byte 0x{raw[error.start]:02X}). Save the file as UTF-8.", line=line
        ) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = {"text", "label"} - set(reader.fieldnames or [])
        if missing:
            raise MalformedRecord(f"{path}:1: no column {' and '.join(sorted(missing))} in the header", line=1)
        for row in reader:
            if None in row:
                raise MalformedRecord(
                    f"{path}:{reader.line_num}: more fields than the header has", line=reader.line_num
                )
            yield reader.line_num, row
    except csv.Error as error:
        line = reader.line_num + 1  # it counts to the end of the last row that could be read
        raise MalformedRecord(f"{path}:{line}: not CSV ({error})", line=line) from error

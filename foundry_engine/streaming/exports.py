"""Outputs of a run: the journal's rows in input order, written into their place all at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from foundry_engine.streaming import lineage
from foundry_engine.streaming.atomic_file import atomic_file
from foundry_engine.streaming.outcome import DROPPED, ONE, to_text
from foundry_engine.streaming.run_journal import RunJournal
from foundry_engine.streaming.uris import Sink


def export(journal: RunJournal, stage: int, sink: Sink, field: str | None) -> None:
    """Write the rows that came out of a stage, each with its lineage under ``field``."""
    sink.write(lambda: exported_rows(journal, stage, field))


def exported_rows(journal: RunJournal, stage: int, field: str | None) -> Iterator[str]:
    """The rows that came out of a stage, in input order."""
    head = "{" + to_text(field) + ":" if field is not None else ""
    for path, state, payload in journal.outcomes(stage):
        if state == DROPPED:
            continue
        if state == ONE:
            yield _with(head, path, payload) if head else payload
        else:
            for ordinal, text in enumerate(payload.split("\n")):
                yield _with(head, lineage.child(path, ordinal), text) if head else text


def _with(head: str, path: bytes, text: str) -> str:
    return f'{head}"{lineage.text(path)}"' + ("}" if text == "{}" else "," + text[1:])


def export_quarantine(journal: RunJournal, path: Path, field: str | None) -> None:
    """One line a row set aside: lineage, stage, error, message, tries, item; no file when there is none."""
    rows = journal.quarantined()
    first = next(rows, None)
    if first is None:
        path.unlink(missing_ok=True)
        return
    with atomic_file(path) as file:
        for row in chain((first,), rows):
            file.write(_quarantine_line(row, field))


def _quarantine_line(row: tuple[int, bytes, str], field: str | None) -> bytes:
    _, path, reason = row
    return (to_text({field or "_i": lineage.text(path), **json.loads(reason)}) + "\n").encode("utf-8")

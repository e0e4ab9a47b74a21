"""What a run is: its input and its operators, written down when it begins and compared when it is taken up again."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from foundry_engine.errors import MalformedRecord, ResumeError, UnknownComponent
from foundry_engine.folders import fingerprint_of
from foundry_engine.registry import suggest
from foundry_engine.streaming.failpoints import reach
from foundry_engine.streaming.input_digests import input_digests
from foundry_engine.streaming.run_journal import RunJournal
from foundry_engine.streaming.run_settings import RunSettings
from foundry_engine.streaming.stage import INPUT, Stage
from foundry_engine.streaming.uris import Source

Accept = Callable[[dict[str, Any], str], None]


def register(journal: RunJournal, source: Source, stages: Sequence[Stage], settings: RunSettings, name: str) -> None:
    """Write a new run down, or see that it is the one that was written down.

    Raises ``ResumeError`` with both fingerprints when it is another one, unless ``restart_from`` says from where on the
    results are to be made anew; answers of paid calls stay in any case.
    """
    given = input_fingerprint(source, settings)
    wanted = [[stage.name, stage.identity] for stage in stages]
    _check_restart(settings.restart_from, [stage.name for stage in stages])
    known, before = journal.get("input"), journal.get("stages")
    if known is not None:
        keep = _kept(known["fingerprint"], given, before, wanted, settings.restart_from, name)
        if keep is None and journal.get("digests") is not None:
            return
        keep = len(stages) if keep is None else keep
        rows = known["rows"] if keep >= 0 else source.check(_acceptor(settings))
    else:
        keep, rows = -1, source.check(_acceptor(settings))
    digests = input_digests(source.rows())
    if (now := input_fingerprint(source, settings)) != given:
        raise changed_input(name, given, now)
    with journal.group():
        journal.forget_from(max(keep, 0))
        journal.ensure_stages(len(stages))
        journal.put("input", {"fingerprint": given, "rows": rows})
        journal.put("digests", digests.hex())
        journal.put("stages", wanted)
        journal.put("finished", False)
        reach("restart.cleared")
    reach("run.registered")


def input_fingerprint(source: Source, settings: RunSettings) -> str:
    """Hash of the input's content and of the settings that say how its rows are known."""
    named = {"id_field": settings.id_field, "lineage": settings.lineage}
    return fingerprint_of({"content": source.fingerprint(), **named})


def changed_input(name: str, old: str, new: str) -> ResumeError:
    """The error for an input that is not the run's."""
    return ResumeError(
        f"run '{name}': the input is another one than before: expected fingerprint {old[:16]}, got {new[:16]}. Put the "
        "old input back, choose another pipeline_id, or go on deliberately with restart_from='input'.",
        expected=old,
        got=new,
    )


def _check_restart(restart_from: str | None, names: list[str]) -> None:
    if restart_from is not None and restart_from not in (INPUT, *names):
        raise UnknownComponent(f"restart_from: no stage '{restart_from}'; {suggest(restart_from, [INPUT, *names])}")


def _kept(
    old: str, new: str, before: list[list[str]], wanted: list[list[str]], restart_from: str | None, name: str
) -> int | None:
    """How many stages' results stay (-1: the input is another one); ``None``: all, nothing has changed."""
    names = [stage for stage, _ in wanted]
    if restart_from == INPUT:
        return -1
    if old != new:
        raise changed_input(name, old, new)
    same = next((i for i, pair in enumerate(zip(before, wanted, strict=False)) if pair[0] != pair[1]), None)
    if same is None and len(before) != len(wanted):
        same = min(len(before), len(wanted))
    if restart_from is not None and (same is None or names.index(restart_from) <= same):
        return names.index(restart_from)
    if same is None:
        return None
    was, now = (" ".join(ones[same]) if same < len(ones) else "none" for ones in (before, wanted))
    first = names[same] if same < len(names) else names[-1]
    raise ResumeError(
        f"run '{name}': stage {same + 1} is another one than before: expected {was}, got {now}. Put the old operator "
        f"back, choose another pipeline_id, or go on deliberately with restart_from='{first}'.",
        expected=fingerprint_of({"stages": before}),
        got=fingerprint_of({"stages": wanted}),
    )


def _acceptor(settings: RunSettings) -> Accept:
    """What refuses an input row that is well-formed but cannot be taken."""
    lineage, id_field = settings.lineage, settings.id_field
    unique = _Unique(id_field) if id_field is not None else None

    def accept(row: dict[str, Any], place: str) -> None:
        if lineage is not None and lineage in row:
            raise MalformedRecord(
                f"{place}: has a key {lineage!r}, under which operators are told where a row comes from. Rename it, or "
                "choose another key with lineage='…' (None: no such key)."
            )
        if unique is not None:
            unique.add(row, place)

    return accept


class _Unique:
    """Refuses a second row of the same id; on disk, so that memory does not grow with the rows."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._seen = sqlite3.connect("")
        self._seen.execute("CREATE TABLE seen (id BLOB PRIMARY KEY, place TEXT) WITHOUT ROWID")

    def add(self, row: dict[str, Any], place: str) -> None:
        value = row.get(self._field)
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            raise MalformedRecord(
                f"{place}: id_field '{self._field}': expected a text or whole number, got {value!r:.60}"
            )
        key = hashlib.blake2b(str(value).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        try:
            self._seen.execute("INSERT INTO seen VALUES (?, ?)", (key, place))
        except sqlite3.IntegrityError:
            (first,) = self._seen.execute("SELECT place FROM seen WHERE id = ?", (key,)).fetchone()
            raise MalformedRecord(f"{place}: {self._field} {str(value)[:60]!r} again (first at {first})") from None

"""The report of a run: counted in the journal, so that it tells of all its processes together."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from foundry_engine.errors import FoundryError
from foundry_engine.streaming.run_journal import RunJournal

JOURNAL, QUARANTINE, REPORT = "journal.sqlite", "quarantine.jsonl", "report.json"
"""Files of a run's folder."""


def run_report(journal: RunJournal) -> dict[str, Any]:
    """What became of the rows, and what it took; see ``docs/streaming.md`` for every name.

    ``calls.repeated_at_most`` counts paid calls a crash interrupted; each of them may have been paid a second time.
    """
    usage, retries = journal.tallies("usage"), journal.tallies("retries")
    sessions, ended = journal.sessions()
    quarantined = Counter(stage for stage, _, _ in journal.quarantined())
    rows, aside = int(journal.get("input")["rows"]), len(journal.quarantined_rows())
    calls = journal.calls()
    stages = [
        {
            "stage": name,
            "identity": identity,
            **dict(zip(("done", "dropped", "out"), journal.counts(index), strict=True)),
            "quarantined": quarantined[index],
            "retries": retries.get(name, {}),
            "usage": usage.get(name, {}),
        }
        for index, (name, identity) in enumerate(journal.get("stages"))
    ]
    return {
        "rows": rows,
        "rows_out": stages[-1]["out"],
        "rows_quarantined": aside,
        "quarantined_share": round(aside / rows, 6) if rows else 0.0,
        "stages": stages,
        "usage": _sum(usage),
        "calls": {
            "begun": calls["begun"],
            "answered": calls["answered"],
            "failed": calls["failed"],
            "repeated_at_most": calls["interrupted"],
        },
        "sessions": {"begun": sessions, "ended_in_order": ended},
    }


def _sum(usage: dict[str, dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for amounts in usage.values():
        for name, amount in amounts.items():
            total[name] = total.get(name, 0) + amount
    return total


def live_report(folder: Path) -> dict[str, Any]:
    """The report of a run's folder as it stands now, also while a process works on it."""
    if not (folder / JOURNAL).is_file():
        raise FoundryError(f"{folder}: no run has begun here. Run it first.")
    journal = RunJournal(folder / JOURNAL)
    try:
        if journal.get("input") is None:
            raise FoundryError(f"{folder}: the run has not begun. Run it first.")
        state = "finished" if journal.get("finished") else "unfinished"
        return {"pipeline_id": folder.name, "state": state, "outputs": [], **run_report(journal)}
    finally:
        journal.close()

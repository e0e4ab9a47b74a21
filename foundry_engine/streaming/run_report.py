"""The report of a run: counted in the journal, so that it tells of all its processes together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from foundry_engine.streaming.run_journal import RunJournal
from foundry_engine.streaming.stage import Stage


def run_report(journal: RunJournal, stages: Sequence[Stage]) -> dict[str, Any]:
    """What became of the rows, and what it took; see ``docs/streaming.md`` for every name.

    ``calls.repeated_at_most`` counts paid calls a crash interrupted; each of them may have been paid a second time.
    """
    usage, retries = journal.tallies("usage"), journal.tallies("retries")
    sessions, ended = journal.sessions()
    quarantined = Counter(stage for stage, _, _ in journal.quarantined())
    rows, aside = int(journal.get("input")["rows"]), len(journal.quarantined_rows())
    calls = journal.calls()
    return {
        "rows": rows,
        "rows_out": journal.counts(len(stages) - 1)[2],
        "rows_quarantined": aside,
        "quarantined_share": round(aside / rows, 6) if rows else 0.0,
        "stages": [
            {
                "stage": stage.name,
                "identity": stage.identity,
                **dict(zip(("done", "dropped", "out"), journal.counts(stage.index), strict=True)),
                "quarantined": quarantined[stage.index],
                "retries": retries.get(stage.name, {}),
                "usage": usage.get(stage.name, {}),
            }
            for stage in stages
        ],
        "usage": dict(sum((Counter(amounts) for amounts in usage.values()), Counter[str]())),
        "calls": {
            "begun": calls["begun"],
            "answered": calls["answered"],
            "failed": calls["failed"],
            "repeated_at_most": calls["interrupted"],
        },
        "sessions": {"begun": sessions, "ended_in_order": ended},
    }

"""Named instants at which a process can be made to kill itself, for rehearsing crashes.

``FOUNDRY_CRASH_AT=journal.committed:3`` sends SIGKILL to the process when it comes to that point for the third time.
Without the variable a point costs one comparison.
"""

from __future__ import annotations

import os
import signal

POINTS: dict[str, str] = {
    "journal.created": "the journal's file exists, nothing is in it",
    "journal.prepared": "its tables are there, the run is not written down yet",
    "run.registered": "the run's fingerprints are committed",
    "group.begun": "a commit group is open, nothing of it written",
    "group.written": "all of a group is written, not committed",
    "group.committed": "a group is committed, nothing of it handed on",
    "call.begun": "the beginning of a paid call is committed, the call has not begun",
    "call.received": "an answer came in, it is not committed",
    "call.kept": "an answer is committed, not given to the operator",
    "restart.cleared": "a restart has forgotten the later stages, not committed",
    "retry.cleared": "the quarantine is emptied for a retry, not committed",
    "export.opened": "the file beside an output is open, empty",
    "export.half": "a row of an output is written",
    "export.written": "an output is written, not synced",
    "export.synced": "an output is synced, not renamed",
    "export.renamed": "an output is renamed, its folder not synced",
    "run.exported": "all outputs are in place, the run is not marked finished",
    "run.finished": "the run is marked finished, its report not written",
}
"""Every point and where it lies."""

VARIABLE = "FOUNDRY_CRASH_AT"

_name, _, _count = os.environ.get(VARIABLE, "").partition(":")
_left = int(_count or 1)


def reach(point: str) -> None:
    """Die here, if this is the point and its turn."""
    global _left
    if point == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

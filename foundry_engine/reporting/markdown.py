"""Tables in Markdown whose cells are text and nothing more."""

from __future__ import annotations

from collections.abc import Sequence

from foundry_engine.reporting.page import shown


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    r"""The lines of a table; numbers and shares as people read them.

    >>> table(("a",), [["x|y"], [0.5]])
    ['| a |', '|---|', '| x\\|y |', '| 50.0% |']
    """
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(_cell(shown(value)) for value in row) + " |" for row in rows]


def _cell(text: str) -> str:
    """A cell's text, so that neither Markdown nor the HTML it may hold is taken for more than text."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")

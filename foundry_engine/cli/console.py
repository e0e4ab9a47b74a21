"""How commands talk: results on stdout, everything else on stderr, bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

PLAIN_EVERY = 5.0
"""Seconds between two plain progress lines."""

errors = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
"""Without emoji names: rich would turn ``file.yaml:100:5`` into a picture."""


def set_up() -> None:
    """Let no character a stream cannot show end a command: it is shown as its number; a closed stream is empty."""
    nothing = Path(os.devnull)
    sys.stdin = sys.stdin or nothing.open(encoding="utf-8")
    sys.stdout = sys.stdout or nothing.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or nothing.open("w", encoding="utf-8")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def say(message: str) -> None:
    """A line for people, on stderr."""
    errors.print(message, markup=False)


def complain(message: str) -> None:
    """An error for people, on stderr."""
    errors.print(f"error: {message}", markup=False, style="red" if errors.is_terminal else None)


def result(data: object) -> None:
    """A result for programs: one JSON object on stdout."""
    unicode = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    sys.stdout.write(json.dumps(data, ensure_ascii=not unicode) + "\n")
    sys.stdout.flush()


def text(lines: Sequence[str]) -> None:
    """A result for people, on stdout."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def columns(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A table in aligned columns, two for a wide character; numbers stand right."""
    cells = [[str(value) for value in row] for row in rows]
    wide = [max(cell_len(row[i]) for row in [list(head), *cells]) for i in range(len(head))]
    right = [all(_is_number(row[i]) for row in cells) and bool(cells) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        parts = []
        for i, value in enumerate(row):
            gap = " " * (wide[i] - cell_len(value))
            parts.append(gap + value if right[i] else value + gap)
        return "  ".join(parts).rstrip()

    return [line(list(head)), "  ".join("-" * w for w in wide), *(line(row) for row in cells)]


def _is_number(cell: str) -> bool:
    return cell.rstrip("%").replace(",", "").replace(".", "", 1).lstrip("-").isdigit() or cell in ("–", "")


class Rate(ProgressColumn):
    """How many units a second."""

    def render(self, task: Task) -> Text:
        """Nothing before it is known."""
        return Text(f"{task.speed:,.4g}/s" if task.speed else "")


class Bar:
    """A rich progress bar on a terminal."""

    def __init__(self) -> None:
        parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeElapsedColumn())
        self._progress = Progress(*parts, TextColumn("left"), TimeRemainingColumn(), console=errors, transient=True)
        self._task: Any = None

    def start(self, what: str, total: int) -> None:
        """Begin a piece of work."""
        self._progress.start()
        self._task = self._progress.add_task(what, total=total)

    def advance(self, count: int = 1) -> None:
        """Move on."""
        if self._task is not None:
            self._progress.advance(self._task, count)

    def finish(self) -> None:
        """Take the bar away."""
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None
        self._progress.stop()


class Lines:
    """Progress as plain lines, at most one in ``PLAIN_EVERY`` seconds."""

    def __init__(self) -> None:
        self._what, self._total, self._done, self._begun, self._said = "", 0, 0, 0.0, 0.0

    def start(self, what: str, total: int) -> None:
        """Begin a piece of work."""
        self._what, self._total, self._done = what, total, 0
        self._begun = self._said = time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Move on, and say so now and then."""
        self._done += count
        now = time.monotonic()
        if now - self._said >= PLAIN_EVERY and self._done < self._total:
            self._said = now
            rate = self._done / max(1e-9, now - self._begun)
            left = (self._total - self._done) / max(1e-9, rate)
            say(f"{self._what} {self._done}/{self._total}, {rate:,.4g} a second, about {left:.0f} s left")

    def finish(self) -> None:
        """Nothing to take away."""


def progress() -> Bar | Lines:
    """What fits stderr."""
    return Bar() if errors.is_terminal else Lines()


def percent(value: object) -> str:
    """A share as people read it."""
    return "–" if value is None else f"{float(str(value)):.1%}"


def schema(data: Mapping[str, object]) -> dict[str, object]:
    """A result object with its schema version in front."""
    return {"schema_version": 1, **data}

"""Rows that wait before a stage: a queue bounded by count and bytes."""

from __future__ import annotations

from collections import deque

from foundry_engine.streaming.task import Unit


class WaitingRows:
    """First in, first out. The bound is for those who ask ``has_room`` before they add; a fan-out may pass it."""

    def __init__(self, max_rows: int, max_bytes: int) -> None:
        self._rows: deque[Unit] = deque()
        self._max_rows, self._max_bytes, self._bytes = max_rows, max_bytes, 0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def has_room(self) -> bool:
        """Whether more may come."""
        return len(self._rows) < self._max_rows and self._bytes < self._max_bytes

    @property
    def is_low(self) -> bool:
        """Whether it is worth filling up."""
        return 2 * len(self._rows) <= self._max_rows and 2 * self._bytes <= self._max_bytes

    def add(self, unit: Unit) -> None:
        """One more waits."""
        self._rows.append(unit)
        self._bytes += len(unit.text)

    def take(self, count: int) -> list[Unit]:
        """The first ones, at most ``count``."""
        rows = self._rows
        taken = [rows.popleft() for _ in range(min(count, len(rows)))]
        for unit in taken:
            self._bytes -= len(unit.text)
        return taken

    def clear(self) -> None:
        """Nobody waits any more."""
        self._rows.clear()
        self._bytes = 0

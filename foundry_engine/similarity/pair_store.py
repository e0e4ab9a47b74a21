"""Pairs of rows as they are found, in memory or, when they are many, in a temporary file; then as lists by row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from foundry_engine.errors import InvalidSetting
from foundry_engine.similarity.shingle_table import Ints

Floats = npt.NDArray[np.float64]

PAIR = np.dtype([("i", "<i8"), ("j", "<i8"), ("similarity", "<f8")])
PART = 1 << 20
"""Pairs handled at a time."""
MOST = 2**30 - 1
"""Arrow's lists count their elements in 31 bits, and each pair is in two lists."""


class PairStore:
    """Symmetric pairs of rows with a similarity; ``memory`` is what they may take, in bytes, before they go to disk."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._waiting: list[npt.NDArray[Any]] = []
        self._file: IO[bytes] | None = None
        self._written = 0

    def __len__(self) -> int:
        return self._written + sum(map(len, self._waiting))

    def add(self, i: Ints, j: Ints, similarity: Floats | float) -> None:
        """Keep these pairs; raises ``InvalidSetting`` when there are more than can be listed."""
        pairs = np.empty(len(i), dtype=PAIR)
        pairs["i"], pairs["j"], pairs["similarity"] = i, j, similarity
        self._waiting.append(pairs)
        if len(self) > MOST:
            raise InvalidSetting(
                f"near duplicates: more than {MOST:,} pairs of similar texts, at most that many can be listed. The "
                "texts are made from few moulds: cap what a mould may make, refine in parts, or raise "
                "refine.settings.near_duplicates.threshold."
            )
        # when listed, a pair stands twice, and once more while the lists are sorted
        if (len(self) - self._written) * PAIR.itemsize * 3 > self._memory:
            self._spill()

    def lists(self, rows: int) -> tuple[Ints, Ints, Floats]:
        """``(starts, others, similarity)``: row r is in a pair with ``others[starts[r]:starts[r + 1]]``, ascending.

        The store is empty afterwards.
        """
        degree = np.zeros(rows, dtype=np.int64)
        for part in self._parts():
            degree += np.bincount(part["i"], minlength=rows) + np.bincount(part["j"], minlength=rows)
        starts = np.concatenate(([0], np.cumsum(degree)))
        others: Ints = self._array(int(starts[-1]), np.int64)
        similarity: Floats = self._array(int(starts[-1]), np.float64)
        free = starts[:-1].copy()
        for part in self._parts():
            for mine, other in (("i", "j"), ("j", "i")):
                ordered = part[np.argsort(part[mine], kind="stable")]
                row = ordered[mine]
                first = np.searchsorted(row, row)
                place = free[row] + np.arange(len(row)) - first
                others[place], similarity[place] = ordered[other], ordered["similarity"]
                free += np.bincount(row, minlength=rows)
        _sort_each(starts, others, similarity)
        self._forget()
        return starts, others, similarity

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the store
        for pairs in self._waiting:
            self._file.write(pairs.tobytes())
        self._written, self._waiting = len(self), []

    def _forget(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._waiting, self._written = None, [], 0

    def _parts(self) -> Iterator[npt.NDArray[Any]]:
        if self._file is not None:
            self._file.seek(0)
            while data := self._file.read(PART * PAIR.itemsize):
                yield np.frombuffer(data, dtype=PAIR)
        if self._waiting:
            self._waiting = [np.concatenate(self._waiting)]
            for start in range(0, len(self._waiting[0]), PART):
                yield self._waiting[0][start : start + PART]

    def _array(self, size: int, kind: type[np.int64 | np.float64]) -> Any:
        """Room for so many numbers, on disk if the pairs are; the file goes when nobody looks at the array any more."""
        if self._file is None or not size:
            return np.empty(size, dtype=kind)
        with tempfile.TemporaryFile() as file:
            return np.memmap(file, dtype=kind, mode="w+", shape=(size,))


def _sort_each(starts: Ints, others: Ints, similarity: Floats) -> None:
    """Sort the runs between ``starts`` by ``others``, in place, many short runs at a time."""
    rows, row = len(starts) - 1, 0
    while row < rows:
        stop = max(row + 1, int(np.searchsorted(starts, starts[row] + PART, "right")) - 1)
        first, last = int(starts[row]), int(starts[stop])
        owner = np.repeat(np.arange(stop - row), np.diff(starts[row : stop + 1]))
        order = np.lexsort((others[first:last], owner))
        others[first:last], similarity[first:last] = others[first:last][order], similarity[first:last][order]
        row = stop

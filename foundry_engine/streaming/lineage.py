"""Where a row comes from: input row 12, its first child, that one's fourth: ``12_0_3``.

A path is bytes that sort as the input does: five bytes for the input row, four more for every fan-out below it. A row
that comes out as one row keeps its path. The paths of one stage's rows are prefix-free, so that no two are equal.
"""

from __future__ import annotations

ROOT = 5
"""Bytes of a path that name the input row."""

_LEVEL = 4


def root(row: int) -> bytes:
    """The path of an input row, counted from 0.

    >>> text(root(12))
    '12'
    """
    return row.to_bytes(ROOT, "big")


def child(path: bytes, ordinal: int) -> bytes:
    """The path of one of the rows that a row was fanned out into.

    >>> text(child(child(root(12), 0), 3))
    '12_0_3'
    """
    return path + ordinal.to_bytes(_LEVEL, "big")


def text(path: bytes) -> str:
    """A path as people read it, the value of ``_i``."""
    row = str(int.from_bytes(path[:ROOT], "big"))
    if len(path) == ROOT:
        return row
    levels = range(ROOT, len(path), _LEVEL)
    return "_".join([row, *(str(int.from_bytes(path[i : i + _LEVEL], "big")) for i in levels)])

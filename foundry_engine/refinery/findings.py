"""Findings of the scanner as an Arrow column: kind, span, rule and keyed hash, never the value."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict

import pyarrow as pa

from foundry_engine.registry import suggest
from foundry_engine.scanning import evidence, scan

FINDING = pa.struct(
    [("kind", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("rule", pa.string()), ("hash", pa.string())]
)


def findings_column(texts: Iterable[str], kinds: Collection[str], salt: bytes) -> pa.Array:
    """For each text the findings of these kinds; positions are code points of the text."""
    wanted = frozenset(kinds)
    rows = []
    for text in texts:
        found = scan(text, wanted)
        rows.append([asdict(item) for item in evidence(text, found, salt)] if found else [])
    return pa.array(rows, pa.list_(FINDING))


def known_kinds(kinds: list[str], known: tuple[str, ...]) -> list[str]:
    """The kinds, when all of them are known; for validators."""
    for kind in kinds:
        if kind not in known:
            raise ValueError(f"no kind '{kind}'; {suggest(kind, list(known))}")
    return kinds

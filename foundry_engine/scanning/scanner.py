"""The scanner: all detectors over one text, overlaps resolved."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator

from foundry_engine.scanning.detectors import (
    accounts,
    addresses,
    assignments,
    identities,
    keys,
    phones,
    plates,
    private_keys,
    url_credentials,
)
from foundry_engine.scanning.findings import RANK, Finding, Match
from foundry_engine.scanning.folding import fold

DETECTORS = (
    private_keys.find,
    url_credentials.find,
    keys.find,
    assignments.find,
    identities.find,
    accounts.find,
    phones.find,
    plates.find,
    addresses.find,
)
PROMISING = re.compile(r"[0-9@]|[A-Za-z0-9_-]{20}")
"""Every value of every kind contains this; most texts of most datasets do not."""


def scan(text: str, kinds: Collection[str] | None = None) -> list[Finding]:
    """Findings in order of position, none overlapping; ``kinds`` limits what is reported, not what is looked for.

    Linear in the length of the text, whatever is in it.

    >>> scan("卡号6222 0212 3456 7894，不是订单号6222021234567894")
    [Finding(kind='bank_card', start=2, end=21, rule='luhn+prefix')]
    """
    folded = fold(text)
    if not PROMISING.search(folded.text):
        return []
    found = []
    for match in _without_overlaps(folded.text):
        if not match.reserved and (kinds is None or match.kind in kinds):
            found.append(Finding(match.kind, *folded.original(match.start, match.end), match.rule))
    return found


def _without_overlaps(text: str) -> list[Match]:
    """Matches in order of position; of those that overlap the one of the stronger kind stays."""
    kept: list[Match] = []
    for match in sorted(_matches(text), key=lambda match: (RANK[match.kind], match.start, -match.end)):
        place = bisect_left(kept, match.start, key=lambda other: other.end - 1)
        if place == len(kept) or kept[place].start >= match.end:
            kept.insert(place, match)
    return kept


def _matches(text: str) -> Iterator[Match]:
    for find in DETECTORS:
        yield from find(text)

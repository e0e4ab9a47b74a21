"""How far the blind second pass agrees with the wanted labels: shares, and Cohen's kappa."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Pair = tuple[str, str]
"""The wanted label and the reader's verdict."""


def kappa(pairs: Sequence[Pair]) -> float | None:
    """Agreement beyond chance, 1 at best; ``None`` where chance alone would agree always, or nothing was read.

    Cohen, "A Coefficient of Agreement for Nominal Scales", Educational and Psychological Measurement 20(1), 1960.

    >>> kappa([("A", "A"), ("A", "B"), ("B", "B"), ("B", "B")])
    0.5
    """
    total = len(pairs)
    if not total:
        return None
    wanted, given = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(wanted[name] * given[name] for name in wanted) / total**2
    return None if chance == 1 else (share(pairs) - chance) / (1 - chance)


def share(pairs: Sequence[Pair]) -> float:
    """Share of pairs that agree; 0 without any.

    >>> share([("A", "A"), ("A", "B")])
    0.5
    """
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else 0.0


def by_label(pairs: Sequence[Pair]) -> dict[str, dict[str, float | int | None]]:
    """For each wanted label: texts read, share agreed, and kappa of this label against all others."""
    table: dict[str, dict[str, float | int | None]] = {}
    for label in dict.fromkeys(a for a, _ in pairs):
        own = [pair for pair in pairs if pair[0] == label]
        versus = [("1" if a == label else "0", "1" if b == label else "0") for a, b in pairs]
        table[label] = {"read": len(own), "agreement": round(share(own), 4), "kappa": rounded(kappa(versus))}
    return table


def rounded(value: float | None) -> float | None:
    """Four decimals, or nothing."""
    return None if value is None else round(value, 4)

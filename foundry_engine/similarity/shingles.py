"""Texts as sets of shingles, for Jaccard similarity of short texts in Chinese and English."""

from __future__ import annotations

from foundry_engine.features.ngrams import BEGIN, END
from foundry_engine.features.patterns import core_span
from foundry_engine.features.unicode_tables import CLASS, SPACELESS


def shingles(normalized: str, length: int | None = None) -> frozenset[str]:
    """Character bigrams where most letters are of a script without spaces, else trigrams; with end marks.

    ``length`` sets one length for all scripts. Outer punctuation is left out, so a final question mark makes no
    difference.

    >>> sorted(s.replace(BEGIN, "^").replace(END, "$") for s in shingles("好的吗?"))
    ['^好', '吗$', '好的', '的吗']
    """
    first, last = core_span(normalized)
    core = normalized[first:last] or normalized
    spaceless = sum(1 for char in core if CLASS[ord(char)] == SPACELESS)
    n = length or (2 if 2 * spaceless >= len(core.replace(" ", "")) else 3)
    marked = BEGIN + core + END
    return frozenset(marked[i : i + n] for i in range(max(1, len(marked) - n + 1)))


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Size of the intersection over size of the union; 1.0 for two empty sets.

    >>> jaccard(frozenset("abc"), frozenset("bcd"))
    0.5
    """
    union = len(a | b)
    return len(a & b) / union if union else 1.0

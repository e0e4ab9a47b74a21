"""How varied a set of texts is: distinct n-grams, compression, repetition of long n-grams.

Terms are words where words are spaced, else characters, so that Chinese and English are measured alike; figures of one
language are to be compared with figures of the same language and about the same number of texts.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

from foundry_engine.features.ngrams import words
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.unicode_tables import CLASS, SPACELESS

LONG = 4
"""Length of the n-grams whose repetition is counted."""


def terms(text: str) -> list[str]:
    """Characters of a text in a script without spaces, else its words.

    >>> terms("今天好吗"), terms("How are you?")
    (['今', '天', '好', '吗'], ['how', 'are', 'you'])
    """
    normalized = normalize(text)
    spaceless = [char for char in normalized if CLASS[ord(char)] == SPACELESS]
    spaced = list(words(normalized))
    return spaceless if len(spaceless) > len(spaced) else spaced


def distinct(texts: Sequence[str], n: int) -> float | None:
    """Different n-grams over all n-grams (Li et al., NAACL 2016); ``None`` without any.

    >>> distinct(["a b a", "a b c"], 2)
    0.75
    """
    seen, total = set(), 0
    for text in texts:
        for ngram in _ngrams(terms(text), n):
            seen.add(ngram)
            total += 1
    return len(seen) / total if total else None


def compression_ratio(texts: Sequence[str]) -> float | None:
    """Size of all texts over their size when deflated: higher is more repetitive.

    Shaib et al., "Standardizing the Measurement of Text Diversity", arXiv 2403.00553.
    """
    data = "\n".join(texts).encode("utf-8", "surrogatepass")
    return len(data) / len(zlib.compress(data, 9)) if data else None


def self_repetition(texts: Sequence[str]) -> float | None:
    """Share of texts with a run of four terms that another text has, too (after Salkar et al., ACL 2022).

    >>> self_repetition(["i would like to pay", "i would like to go", "see you"])
    0.6666666666666666
    """
    runs = [set(_ngrams(terms(text), LONG)) for text in texts]
    counts = Counter(run for its in runs for run in its)
    return sum(any(counts[run] > 1 for run in its) for its in runs) / len(texts) if texts else None


def _ngrams(found: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    return (tuple(found[i : i + n]) for i in range(len(found) - n + 1))

"""Normalized text to n-grams: characters over the whole text, words for scripts with spaces.

Specified in ``proto/README.md``, section "N-grams". No regular expressions and no segmenter: both differ between
languages and versions.
"""

from __future__ import annotations

from dataclasses import dataclass

from foundry_engine.features.unicode_tables import CLASS, WORD

BEGIN, END = "\x02", "\x03"
"""Marks put around every text; the normalizer deletes these characters, so no text contains them."""
WORD_MARK = "\x01"
"""First character of every word n-gram, which keeps it apart from the character n-gram of equal letters."""


@dataclass(frozen=True, slots=True)
class NGramSettings:
    """Lengths of the n-grams, inclusive. ``word_max = 0`` means no word n-grams.

    Character n-grams of length ``char_min`` to ``char_max`` count code points, the marks included; a mark alone is
    never an n-gram. Word n-grams join ``word_min`` to ``word_max`` words or marks, marks alone excluded.
    """

    char_min: int = 1
    char_max: int = 4
    word_min: int = 1
    word_max: int = 3


def char_ngrams(normalized: str, settings: NGramSettings) -> list[str]:
    """Character n-grams, shortest first, from left to right.

    >>> [g.replace(BEGIN, "^").replace(END, "$") for g in char_ngrams("ab", NGramSettings(1, 2))]
    ['a', 'b', '^a', 'ab', 'b$']
    """
    marked = BEGIN + normalized + END
    size = len(marked)
    grams: list[str] = []
    for n in range(settings.char_min, settings.char_max + 1):
        if n == 1:
            grams += normalized
        else:
            grams += [marked[i : i + n] for i in range(size - n + 1)]
    return grams


def words(normalized: str) -> list[str]:
    """Maximal runs of word characters of scripts that put spaces between words.

    >>> words("turn on 空调 now, it's 30°")
    ['turn', 'on', 'now', 'it', 's', '30']
    """
    found: list[str] = []
    start = -1
    for i, char in enumerate(normalized):
        if CLASS[ord(char)] == WORD:
            if start < 0:
                start = i
        elif start >= 0:
            found.append(normalized[start:i])
            start = -1
    if start >= 0:
        found.append(normalized[start:])
    return found


def word_ngrams(normalized: str, settings: NGramSettings) -> list[str]:
    """Word n-grams, shortest first, from left to right; none where there is no word.

    >>> [g[1:].replace(BEGIN, "^").replace(END, "$") for g in word_ngrams("what time", NGramSettings(1, 1, 1, 2))]
    ['what', 'time', '^ what', 'what time', 'time $']
    """
    found = words(normalized) if settings.word_max else []
    if not found:
        return []
    marked = [BEGIN, *found, END]
    grams: list[str] = []
    for n in range(settings.word_min, settings.word_max + 1):
        if n == 1:
            grams += [WORD_MARK + word for word in found]
        else:
            grams += [WORD_MARK + " ".join(marked[i : i + n]) for i in range(len(marked) - n + 1)]
    return grams


def ngrams(normalized: str, settings: NGramSettings) -> list[str]:
    """All n-grams of a text: characters, then words."""
    return char_ngrams(normalized, settings) + word_ngrams(normalized, settings)

"""Which language a short text is in, by the scripts of its characters alone."""

from __future__ import annotations

from foundry_engine.features.ngrams import words
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.unicode_tables import CLASS, SPACELESS

MAX_FOREIGN_WORDS = 3
"""A Chinese text may consist of this many Latin words (``OK``, ``no thanks``, a title)."""


def language_of(text: str) -> str:
    """``zh`` when most of the text is in a script without spaces, ``en`` when most is words, else ``none``.

    A Chinese character weighs as much as a word.

    >>> language_of("打开 wifi"), language_of("play 晴天 by Jay Chou"), language_of("123 ?!")
    ('zh', 'en', 'none')
    """
    normalized = normalize(text)
    spaceless = sum(1 for char in normalized if CLASS[ord(char)] == SPACELESS)
    latin = sum(1 for word in words(normalized) if any(c.isalpha() for c in word))
    if not spaceless and not latin:
        return "none"
    return "zh" if spaceless >= latin else "en"


def may_be(text: str, language: str) -> bool:
    """Whether a text declared to be in this language can be: numbers and a few loan words fit every language.

    >>> may_be("ok", "zh"), may_be("please turn the lights off", "zh"), may_be("把灯关掉", "en")
    (True, False, False)
    """
    found = language_of(text)
    if found in ("none", language):
        return True
    return language == "zh" and len(words(normalize(text))) <= MAX_FOREIGN_WORDS

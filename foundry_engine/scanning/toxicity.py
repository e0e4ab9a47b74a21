"""Insults from a lexicon, through the usual disguises: width, signs between the characters, halves, leet, repeats.

A hit is a reason to look, not a verdict: quoting an insult hits, and contempt in plain words does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from foundry_engine.scanning.folding import fold
from foundry_engine.scanning.toxic_lexicon import CHINESE, HALVES, LATIN, LEET, MASKED, MIXED, PHRASES, SPELLINGS


@dataclass(frozen=True, slots=True)
class ToxicTerm:
    """A term of the lexicon, and where a spelling of it stands in the text."""

    term: str
    start: int
    end: int


def _variants() -> dict[str, str]:
    """Every Chinese spelling with its term."""
    found = {term: term for term in CHINESE}
    for term in CHINESE:
        for whole, halves in HALVES.items():
            if whole in term:
                found.setdefault(term.replace(whole, halves), term)
    for term, spellings in MIXED.items():
        found.update(dict.fromkeys(spellings, term))
    return found


BETWEEN = r"[\s*.·_~/|^\-…+]{0,3}"
"""What people put between the characters of a word that is filtered."""
VARIANTS = _variants()
FIRST = re.compile(f"[{''.join(sorted({spelling[0] for spelling in VARIANTS}))}]")
TERMS = {
    first: re.compile(
        "|".join(
            BETWEEN.join(map(re.escape, spelling))
            for spelling in sorted(VARIANTS, key=lambda spelling: (-len(spelling), spelling))
            if spelling[0] == first
        )
    )
    for first in sorted({spelling[0] for spelling in VARIANTS})
}
"""First character: the spellings that begin with it, longest first."""
PHRASE = re.compile(rf"(?:{'|'.join(PHRASES)})(?![a-z])".replace(" ", r"\s{1,3}"))
WORDS = {**{word: word for word in LATIN}, **MASKED}
TOKEN = re.compile(r"(?<![a-z0-9@$*])[a-z0-9@$!|*]{3,40}")
SPACED = re.compile(r"(?<![a-z])[a-z](?:[ .*_-][a-z]){2,11}(?![a-z])")
LONG_RUN = re.compile(r"(.)\1{2,}")
SPELLED = str.maketrans(SPELLINGS)
NOT_LETTERS = re.compile(r"[^a-z\u4e00-\u9fff*]")


def toxic_terms(text: str) -> list[ToxicTerm]:
    """Terms in order of position; linear in the text.

    >>> [found.term for found in toxic_terms("你这个傻-逼，FUUUCK off")]
    ['傻逼', 'fuck']
    """
    folded = fold(text)
    plain = folded.text.translate(SPELLED)
    lowered = plain.lower() if len(plain.lower()) == len(plain) else plain
    found = [ToxicTerm(term, *folded.original(start, end)) for term, start, end in _spans(lowered)]
    return sorted(found, key=lambda term: (term.start, term.end))


def _spans(text: str) -> Iterator[tuple[str, int, int]]:
    if not text.isascii():
        yield from _chinese(text)
    for match in PHRASE.finditer(text):
        if not "a" <= text[match.start() - 1 : match.start()] <= "z":
            yield " ".join(match[0].split()), match.start(), match.end()
    for match in TOKEN.finditer(text):
        word = _word(match[0])
        if word:
            yield word, match.start(), match.end()
    for match in SPACED.finditer(text):
        word = WORDS.get(NOT_LETTERS.sub("", match[0].replace("*", "")))
        if word:
            yield word, match.start(), match.end()


def _chinese(text: str) -> Iterator[tuple[str, int, int]]:
    last = 0
    for first in FIRST.finditer(text):
        match = TERMS[first[0]].match(text, first.start()) if first.start() >= last else None
        if match:
            last = match.end()
            yield _term(match[0]), match.start(), last


def _term(spelled: str) -> str:
    """The term a spelling stands for; signs between its characters are dropped unless they are part of it."""
    return VARIANTS.get(spelled) or VARIANTS[re.sub(BETWEEN, "", spelled)]


def _word(token: str) -> str | None:
    """The word of the lexicon that a token spells, if any."""
    if token in WORDS:
        return WORDS[token]
    if token.isdecimal() or (token.isalpha() and not LONG_RUN.search(token)):
        return None
    bare = token.strip("!|*@$")
    for candidate in (token, bare, bare.translate(LEET), token.rstrip("!|").translate(LEET)):
        for word in (candidate, LONG_RUN.sub(r"\1", candidate), LONG_RUN.sub(r"\1\1", candidate)):
            if word in WORDS:
                return WORDS[word]
    return None

"""Patterns: named groups of anchored literals, matched in normalized text.

One small matcher serves both uses: a *cue* group is one feature whose weight is learned; a *reflex* group answers
before the model. Specified in ``proto/README.md``, section "Patterns".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from foundry_engine.features.normalizer import normalize
from foundry_engine.features.unicode_tables import CLASS, WORD

START, END, WHOLE_WORD, ANYWHERE = 1, 2, 3, 4
"""Anchors; ``ANCHORS`` has the names that constitutions and the fields of ``PatternGroup`` have."""
ANCHORS: Mapping[str, int] = {"start": START, "end": END, "word": WHOLE_WORD, "anywhere": ANYWHERE}
MAX_LITERAL_BYTES = 255
"""Longer literals (UTF-8, normalized) do not fit an artifact; it is also the limit of a term."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One literal of a group; ``literal`` is normalized text, never empty."""

    group: int
    anchor: int
    literal: str


Entry = tuple[str, bool, int]
"""Literal, whether it must be a whole word, group."""

KEY = 4
"""Literals are looked up by their first (or last) four characters, shorter ones as a whole."""


class PatternMatcher:
    """Which groups have a literal in a text.

    >>> matcher = PatternMatcher([Pattern(0, START, "what"), Pattern(1, END, "吗"), Pattern(2, ANYWHERE, "多少")])
    >>> matcher.groups_in("what is it"), matcher.groups_in("whatever"), matcher.groups_in("好吗?")
    ([0], [], [1])
    """

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._starts: dict[str, list[Entry]] = {}
        self._ends: dict[str, list[Entry]] = {}
        self._inner: dict[str, list[Entry]] = {}
        for pattern in patterns:
            literal = pattern.literal
            if not literal or literal != normalize(literal):
                raise ValueError(f"pattern literal is not normalized text: {literal!r}")
            entry = (literal, pattern.anchor == WHOLE_WORD, pattern.group)
            if pattern.anchor == START:
                self._starts.setdefault(literal[:KEY], []).append(entry)
            elif pattern.anchor == END:
                self._ends.setdefault(literal[-KEY:], []).append(entry)
            else:
                self._inner.setdefault(literal[:KEY], []).append(entry)
        self._start_sizes = sorted({len(key) for key in self._starts})
        self._end_sizes = sorted({len(key) for key in self._ends})
        self._inner_sizes = sorted({len(key) for key in self._inner})

    def groups_in(self, normalized: str, windows: Iterable[str] | None = None) -> list[int]:
        """Ascending numbers of the groups that match.

        ``windows`` saves time where the caller has them: all substrings of one to ``KEY`` characters, among others.
        """
        text, size = normalized, len(normalized)
        if not size:
            return []
        found: set[int] = set()
        first, last = core_span(text)
        for at in (0, first) if first else (0,):
            for n in self._start_sizes:
                for literal, _, group in self._starts.get(text[at : at + n], ()):
                    if text.startswith(literal, at) and _is_boundary(text, at + len(literal)):
                        found.add(group)
        for end in (size, last) if 0 < last < size else (size,):
            for n in self._end_sizes:
                for literal, _, group in self._ends.get(text[max(0, end - n) : end], ()):
                    if text.endswith(literal, 0, end) and _is_boundary(text, end - len(literal)):
                        found.add(group)
        if windows is None:
            windows = [text[i : i + n] for n in self._inner_sizes for i in range(size - n + 1)]
        inner = self._inner
        for key in {window for window in windows if window in inner}:
            for literal, whole, group in inner[key]:
                if group not in found and literal in text and (not whole or _has_word(text, literal)):
                    found.add(group)
        return sorted(found)


def core_span(normalized: str) -> tuple[int, int]:
    """First and last + 1 position of the text without outer non-word characters; ``(0, 0)`` when none is left.

    >>> core_span('"really?!"')
    (1, 7)
    """
    start, stop = 0, len(normalized)
    while start < stop and not CLASS[ord(normalized[start])]:
        start += 1
    while stop > start and not CLASS[ord(normalized[stop - 1])]:
        stop -= 1
    return (start, stop) if start < stop else (0, 0)


def _has_word(text: str, literal: str) -> bool:
    at = text.find(literal)
    while at >= 0:
        if _is_boundary(text, at) and _is_boundary(text, at + len(literal)):
            return True
        at = text.find(literal, at + 1)
    return False


def _is_boundary(text: str, at: int) -> bool:
    """True unless a word of a script with spaces goes on across this position."""
    if at == 0 or at == len(text):
        return True
    return CLASS[ord(text[at - 1])] != WORD or CLASS[ord(text[at])] != WORD


def patterns_of(groups: Sequence[Mapping[str, Sequence[str]]]) -> list[Pattern]:
    """Patterns of groups written as ``{anchor name: [literal, ...]}``, in the order of the groups.

    >>> patterns_of([{"start": ["What  IS"]}])
    [Pattern(group=0, anchor=1, literal='what is')]
    """
    return [
        Pattern(number, ANCHORS[anchor], normalize(literal))
        for number, group in enumerate(groups)
        for anchor in ANCHORS
        for literal in group.get(anchor, ())
    ]

"""The gates every text passes before it becomes a sample, in plan order; a rejected text keeps its reason."""

from __future__ import annotations

from collections.abc import Sequence

from foundry_engine.blueprint import Generate
from foundry_engine.constitution import Constitution
from foundry_engine.features.normalizer import normalize, text_problem
from foundry_engine.generation.prompt import leakage_phrases
from foundry_engine.language.script import may_be
from foundry_engine.similarity.guards import guard_key
from foundry_engine.similarity.online_index import OnlineIndex
from foundry_engine.similarity.shingles import shingles


class Gates:
    """Remembers what was accepted; ``check`` says why a text is not, or accepts it.

    Two equal texts with different labels are both let through: refining puts them into the conflicts file. A near
    duplicate is rejected only when its numbers, negations and label agree with the accepted one's.
    """

    def __init__(self, constitution: Constitution, settings: Generate) -> None:
        self._labels = set(constitution.label_names)
        self._settings = settings
        self._negations = [normalize(text) for text in constitution.negations]
        self._leaks = [normalize(phrase) for phrase in leakage_phrases(constitution)]
        self._exact: set[tuple[str, str]] = set()
        self._index = OnlineIndex(settings.near_duplicate)
        self._accepted: list[tuple[str, object]] = []

    def check(self, text: object, label: object, language: str, near_duplicates: bool = True) -> str:
        """The reason for rejecting (``schema``, ``label``, ``text``, ``length``, ``language``, ``leak``, ``duplicate``,
        ``near_duplicate``), or an empty string: accepted.
        """
        if not isinstance(text, str):
            return "schema"
        if not isinstance(label, str) or label not in self._labels:
            return "label"
        if text_problem(text):
            return "text"
        normalized = normalize(text)
        reason = self._form(normalized, language)
        if reason:
            return reason
        if (label, normalized) in self._exact:
            return "duplicate"
        shingle_set = shingles(normalized)
        mine = (label, guard_key(normalized, self._negations))
        if near_duplicates and any(self._accepted[n] == mine for n in self._index.near(shingle_set)):
            return "near_duplicate"
        self._exact.add((label, normalized))
        self._index.add(shingle_set)
        self._accepted.append(mine)
        return ""

    def _form(self, normalized: str, language: str) -> str:
        if not self._settings.min_length <= len(normalized) <= self._settings.max_length:
            return "length"
        if not may_be(normalized, language):
            return "language"
        if any(phrase in normalized for phrase in self._leaks):
            return "leak"
        return ""


def reasons_in_order(counts: dict[str, int]) -> Sequence[tuple[str, int]]:
    """Reasons with their counts, most frequent first, ties by name."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

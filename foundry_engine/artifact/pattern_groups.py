"""A constitution's patterns as they stand in an artifact. Not needed to answer, only to forge."""

from __future__ import annotations

from foundry_engine.artifact.preprocessor import Group
from foundry_engine.constitution import Constitution
from foundry_engine.features.patterns import Pattern


def cue_groups(constitution: Constitution) -> tuple[Group, ...]:
    """The cues, in the order of their feature indices."""
    patterns = constitution.patterns
    return _groups(list(patterns.cues), patterns.cue_patterns(), [0] * len(patterns.cues))


def reflex_groups(constitution: Constitution) -> tuple[Group, ...]:
    """The reflexes, in the order they are asked."""
    patterns = constitution.patterns
    answers = [constitution.label_names.index(reflex.label) for reflex in patterns.reflexes.values()]
    return _groups(list(patterns.reflexes), patterns.reflex_patterns(), answers)


def _groups(names: list[str], patterns: list[Pattern], labels: list[int]) -> tuple[Group, ...]:
    return tuple(
        Group(name, tuple(p for p in patterns if p.group == number), labels[number])
        for number, name in enumerate(names)
    )

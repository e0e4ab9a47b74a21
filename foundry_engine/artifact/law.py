"""A constitution's patterns as they stand in an artifact. Not needed to answer, only to forge."""

from __future__ import annotations

from foundry_engine.artifact.preprocessor import Group
from foundry_engine.constitution import Constitution
from foundry_engine.features.patterns import Pattern


def cue_groups(law: Constitution) -> tuple[Group, ...]:
    """The cues, in the order of their feature indices."""
    return _groups(list(law.patterns.cues), law.patterns.cue_patterns(), [0] * len(law.patterns.cues))


def reflex_groups(law: Constitution) -> tuple[Group, ...]:
    """The reflexes, in the order they are asked."""
    answers = [law.label_names.index(reflex.label) for reflex in law.patterns.reflexes.values()]
    return _groups(list(law.patterns.reflexes), law.patterns.reflex_patterns(), answers)


def _groups(names: list[str], patterns: list[Pattern], labels: list[int]) -> tuple[Group, ...]:
    return tuple(
        Group(name, tuple(p for p in patterns if p.group == number), labels[number])
        for number, name in enumerate(names)
    )

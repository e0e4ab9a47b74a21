"""A constitution for rows that come without one: the labels that occur, and no rules."""

from __future__ import annotations

from collections.abc import Iterable

from foundry_engine.constitution import Constitution, Label, LocalText, Prompt


def bare_law(task: str, labels: Iterable[str]) -> Constitution:
    """The least law operators can work with; labels may have any name and number, so nothing of it is checked."""
    title = LocalText(en=task, zh=task)
    declared = [Label.model_construct(name=name, definition=title) for name in sorted(labels)]
    prompt = Prompt(system=task, user=task)
    return Constitution.model_construct(task=task, title=title, labels=declared, prompt=prompt)

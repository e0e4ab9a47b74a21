"""A commit group: what is written together, and what is done once it is committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from foundry_engine.streaming.outcome import Outcome
from foundry_engine.streaming.run_journal import Outcomes
from foundry_engine.streaming.task import Reply, Unit


class Group:
    """Collects what messages ask for."""

    def __init__(self, stages: int) -> None:
        self.outcomes: list[Outcomes] = [[] for _ in range(stages)]
        self.tallies: dict[tuple[str, str], Counter[str]] = {}
        self.replies: list[tuple[Reply, str | None]] = []
        self.finished: list[tuple[int, Unit, Outcome | None]] = []
        """Stage, unit and outcome; ``None``: put aside."""
        self.undone: list[tuple[int, int]] = []
        """Stage and number of units that end without an outcome; a later run finds them."""

    def tally(self, kind: str, stage: str, amounts: Mapping[str, float] | None) -> None:
        """Add to sums."""
        for name, amount in (amounts or {}).items():
            self.tallies.setdefault((kind, stage), Counter())[name] += amount  # type: ignore[assignment]

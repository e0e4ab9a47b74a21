"""What the fake has seen: requests, faults and tokens, by key and model, and the most there were at once."""

from __future__ import annotations

from collections import Counter
from typing import Any


class Counters:
    """Counts; keys are shown by their last four characters only."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Back to nothing; what is in flight stays in flight."""
        self.total, self.most_in_flight = 0, self.in_flight
        self.by: dict[str, Counter[str]] = {n: Counter() for n in ("keys", "models", "faults", "statuses", "tokens")}

    def begin(self, key: str, model: str) -> None:
        """A request came."""
        self.total += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.by["keys"][f"…{key[-4:]}" if key else "none"] += 1
        self.by["models"][model] += 1

    def end(self, status: int, fault: str | None, prompt_tokens: int, output_tokens: int) -> None:
        """A request is over; ``fault`` is what was done to it."""
        self.in_flight -= 1
        self.by["statuses"][str(status)] += 1
        if fault:
            self.by["faults"][fault] += 1
        self.by["tokens"].update(prompt=prompt_tokens, output=output_tokens)

    def shown(self) -> dict[str, Any]:
        """All counts as an object."""
        head = {"total": self.total, "in_flight": self.in_flight, "most_in_flight": self.most_in_flight}
        return {**head, **{name: dict(sorted(counts.items())) for name, counts in self.by.items()}}

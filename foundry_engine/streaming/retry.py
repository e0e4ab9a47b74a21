"""What is tried again, how often and when: decided by the class of the error alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from foundry_engine.errors import BudgetSpent, ConfigError, MissingDependency, ProviderError

STOPS_THE_RUN = (BudgetSpent, ConfigError, MissingDependency)
"""No row's fault, and true of every row to come: rows stay undone and the run ends with the error."""


@dataclass
class Spent:
    """What one row has used of its chances."""

    again: int = 0
    reask: int = 0
    waited: float = 0.0
    tries: int = 0


@dataclass(frozen=True)
class RetryPolicy:
    """Chances of a row, by ``ProviderError.retry``; any other exception is the row's fault and has none.

    ``wait`` (rate limits) obeys ``retry_after``, and is bounded by ``wait_seconds`` in sum; ``again`` (faults of the
    service) is tried ``again`` times more; ``reask`` (unusable answers) ``reask`` times more, at once. Delays grow
    from ``first_delay`` by doubling up to ``longest_delay`` seconds, each drawn from the upper half.
    """

    again: int = 4
    reask: int = 2
    wait_seconds: float = 600.0
    first_delay: float = 0.5
    longest_delay: float = 60.0
    random: Random = field(default_factory=lambda: Random(0), compare=False, repr=False)

    def delay(self, error: BaseException, spent: Spent) -> float | None:
        """Seconds until the next try, or ``None``: there is none; what it takes is booked on ``spent``."""
        spent.tries += 1
        kind = error.retry if isinstance(error, ProviderError) else "never"
        if kind == "again" and spent.again < self.again:
            spent.again += 1
            return self._growing(spent.again)
        if kind == "reask" and spent.reask < self.reask:
            spent.reask += 1
            return 0.0
        if kind == "wait":
            told = getattr(error, "retry_after", None)
            seconds = float(told) if isinstance(told, (int, float)) and told >= 0 else self._growing(spent.tries)
            if spent.waited + seconds <= self.wait_seconds:
                spent.waited += seconds
                return seconds
        return None

    def _growing(self, count: int) -> float:
        return min(self.longest_delay, self.first_delay * 2.0 ** min(count - 1, 30)) * self.random.uniform(0.5, 1.0)

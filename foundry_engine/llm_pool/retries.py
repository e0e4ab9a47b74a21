"""What may be tried again, how often and after how long, by the class of the error."""

from __future__ import annotations

from random import Random

from foundry_engine.errors import ProviderError, RateLimited

AGAIN = 8
"""Tries when the service fails or says nothing."""
REASK = 4
"""Further questions when an answer is not of the asked form: fresh, and with what was wrong with it, in turn."""
EMPTY = 4
"""Further questions, all fresh, when an answer is empty."""
RAISES = 2
"""Times the cap on the answer's length is doubled when it was cut."""
WAITS = 30
"""HTTP 429 to one request in a row, while nobody else was answered and there is no deadline: the quota is spent."""
FIRST_WAIT, LONGEST_WAIT = 0.25, 60.0
"""Seconds before the second try; doubled with each. Drawn anew between 0 and that (full jitter)."""
PAUSE = 1.0
"""Seconds after a 429 that names no time; how long the whole scope rests is learned (``adaptive.py``)."""
MAX_CAP = 65_536


class Retries:
    """The budgets of one request."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._answers = -1
        self.again = self.waits = self.reasks = self.empties = self.raises = 0

    def wait(self, error: ProviderError, has_deadline: bool, answers: int) -> float | None:
        """Seconds until the next try after an error of class wait or again; ``None`` when the budget is spent.

        ``answers`` is how many the scope has given so far: while it gives any, a limit is no reason to end.
        """
        asked = error.facts.get("retry_after")
        named = float(asked) if isinstance(asked, (int, float)) else None
        if isinstance(error, RateLimited):
            self.waits = self.waits + 1 if answers == self._answers else 1
            self._answers = answers
            if self.waits >= WAITS and not has_deadline:
                return None
            return named if named is not None else PAUSE
        self.again += 1
        if self.again >= AGAIN:
            return None
        jittered = self._random.uniform(0.0, min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (self.again - 1)))
        return max(named or 0.0, jittered)

    def reask(self, empty: bool) -> bool:
        """Whether an answer that is empty, or of the wrong form, may be asked for once more."""
        if empty:
            self.empties += 1
            return self.empties <= EMPTY
        self.reasks += 1
        return self.reasks <= REASK

    @property
    def asked_anew(self) -> int:
        """How often another answer was asked for."""
        return self.reasks + self.empties

    @property
    def with_note(self) -> bool:
        """Whether the question now says what was wrong."""
        return self.reasks > 0 and self.reasks % 2 == 0

    def raised(self, cap: int) -> int | None:
        """The next cap on the answer's length, or ``None``."""
        self.raises += 1
        return min(MAX_CAP, 2 * cap) if self.raises <= RAISES and cap < MAX_CAP else None

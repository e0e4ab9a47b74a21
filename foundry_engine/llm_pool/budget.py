"""Hard caps on money and tokens: set aside before a call, settled after it, failed tries included."""

from __future__ import annotations

import math

from foundry_engine.errors import BudgetSpent, InvalidSetting


class Budget:
    """``money`` in US dollars, ``tokens`` of prompts and answers; ``None`` is no cap.

    A call that would go over the cap is not made. What a call really uses can exceed what was set aside for it, so the
    caps are overshot by at most the difference of the calls under way.
    """

    def __init__(self, money: float | None = None, tokens: int | None = None) -> None:
        for what, cap in (("money", money), ("tokens", tokens)):
            if cap is not None and not 0 <= cap < math.inf:
                raise InvalidSetting(f"the budget in {what} is {cap}: give a number of 0 or more, or none for no cap")
        self.money, self.tokens = money, tokens
        self.spent_money, self.spent_tokens = 0.0, 0
        self._aside_money, self._aside_tokens, self._under_way = 0.0, 0, 0

    def fits(self, money: float, tokens: int) -> bool:
        """Whether a call may be made now."""
        if self.money is not None and self.spent_money + self._aside_money + money > self.money:
            return False
        return self.tokens is None or self.spent_tokens + self._aside_tokens + tokens <= self.tokens

    def may_fit_later(self) -> bool:
        """Whether calls under way may turn out smaller than what was set aside for them."""
        return self._under_way > 0

    def set_aside(self, money: float, tokens: int) -> None:
        """A call starts."""
        self._under_way += 1
        self._aside_money += money
        self._aside_tokens += tokens

    def settle(self, aside_money: float, aside_tokens: int, money: float, tokens: int) -> None:
        """A call is over."""
        self._under_way -= 1
        self._aside_money = self._aside_money - aside_money if self._under_way else 0.0
        self._aside_tokens -= aside_tokens
        self.spent_money += money
        self.spent_tokens += tokens

    def spent(self) -> BudgetSpent:
        """The error that says so."""
        money = f"{self.spent_money:.4f} of {self.money:g} US dollars" if self.money is not None else ""
        tokens = f"{self.spent_tokens:,} of {self.tokens:,} tokens" if self.tokens is not None else ""
        return BudgetSpent(
            f"the budget is spent: {' and '.join(part for part in (money, tokens) if part)}, and the next call would "
            "go over it. Raise the budget to go on; what was answered is kept.",
            money=self.spent_money,
            tokens=self.spent_tokens,
        )

"""Levenshtein distance with a bound."""

from __future__ import annotations


def within(a: str, b: str, limit: int) -> bool:
    """Whether ``a`` becomes ``b`` with at most ``limit`` insertions, deletions and substitutions.

    Ukkonen's band: time is proportional to ``limit`` times the length.

    >>> within("我确认订单", "我不确认订单", 1), within("kitten", "sitting", 2)
    (True, False)
    """
    if a == b:
        return True
    if abs(len(a) - len(b)) > limit:
        return False
    far = limit + 1
    row = [min(j, far) for j in range(len(b) + 1)]
    for i, char in enumerate(a, start=1):
        previous, row = row, [far] * (len(b) + 1)
        low, high = max(1, i - limit), min(len(b), i + limit)
        if low == 1:
            row[0] = min(i, far)
        for j in range(low, high + 1):
            cost = previous[j - 1] + (char != b[j - 1])
            row[j] = min(cost, previous[j] + 1, row[j - 1] + 1, far)
        if min(row[low - 1 : high + 1]) > limit:
            return False
    return row[len(b)] <= limit

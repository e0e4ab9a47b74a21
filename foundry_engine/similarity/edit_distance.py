"""Levenshtein distance with a bound."""

from __future__ import annotations


def within(a: str, b: str, limit: int) -> bool:
    """Whether ``a`` becomes ``b`` with at most ``limit`` insertions, deletions and substitutions.

    Ukkonen's diagonals: for each number of edits, how far each diagonal of the table is reached. Time grows with the
    square of ``limit``, hardly with the length.

    >>> within("我确认订单", "我不确认订单", 1), within("kitten", "sitting", 2)
    (True, False)
    """
    if a == b:
        return True
    final = len(b) - len(a)
    if abs(final) > limit:
        return False
    reached = {0: _run(a, b, 0, 0)}
    for edits in range(1, limit + 1):
        before, reached = reached, {}
        far = -1 - edits
        for diagonal in range(-edits, edits + 1):
            at = max(
                before.get(diagonal, far) + 1,
                before.get(diagonal + 1, far) + 1,
                before.get(diagonal - 1, far),
            )
            at = min(at, len(a), len(b) - diagonal)
            if at >= max(0, -diagonal):
                reached[diagonal] = at + _run(a, b, at, at + diagonal)
        if reached.get(final, -1) >= len(a):
            return True
    return False


def _run(a: str, b: str, i: int, j: int) -> int:
    """How many characters from ``a[i]`` and ``b[j]`` on are equal; steps double, then halve."""
    most, step, at = min(len(a) - i, len(b) - j), 8, 0
    while at < most and a[i + at : i + at + step] == b[j + at : j + at + step]:
        at += step
        step *= 2
    if at >= most:
        return most
    while step > 1:
        step //= 2
        if a[i + at : i + at + step] == b[j + at : j + at + step]:
            at += step
    return min(at, most)

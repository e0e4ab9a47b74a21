"""How an operator is known."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from foundry_engine.streaming import FilterOperator, FunctionOperator, Operator
from foundry_engine.streaming.identity import identity


def one(item: dict[str, Any]) -> dict[str, Any]:
    return item


def two(item: dict[str, Any]) -> dict[str, Any]:
    return {**item}


def closed_over(value: int) -> Any:
    def work(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "v": value}

    return work


class Base(Operator):
    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        return item


class Derived(Base):
    pass


class Callable_:
    def __call__(self, item: dict[str, Any]) -> dict[str, Any]:
        return item


def typed_at_a_prompt(text: str) -> Any:
    space: dict[str, Any] = {"__name__": "prompt"}
    exec(f"def f(item):\n    return {text}", space)
    return space["f"]


F = FunctionOperator


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (F(one), F(one), True),
        (F(one), F(two), False),
        (F(closed_over(1)), F(closed_over(2)), True),
        (F(functools.partial(one)), F(one), True),
        (F(one, version="1"), F(two, version="1"), True),
        (F(one, version="1"), F(one, version="2"), False),
        (F(typed_at_a_prompt("item")), F(typed_at_a_prompt("item")), True),
        (F(typed_at_a_prompt("item")), F(typed_at_a_prompt("[item]")), False),
        (F(len), F(len), True),
        (F(len), F(dict), False),
        (F(Callable_()), F(Callable_()), True),
        (FilterOperator(one), FilterOperator(two), False),
        (Base(), Base(), True),
        (Base(), Derived(), False),
    ],
)
def test_same_and_not(a: Operator, b: Operator, same: bool) -> None:
    assert (identity(a) == identity(b)) is same
    assert identity(a).partition(":")[0] in ("source", "version")

"""Steering: which cells go on, which stop, what becomes of what they lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from foundry_engine.generation.plan import make_plan
from foundry_engine.generation.prompt import Order
from foundry_engine.generation.steering import Steering
from tests import courtesy


def steering(steers: bool = True, **settings: object) -> Steering:
    declared = courtesy.reading(**{"max_rounds": 8, "samples_per_cell": 4, "near_share": 0.1, **settings})
    plan = make_plan(declared, courtesy.TASK)
    law = declared.constitutions[courtesy.TASK]
    return Steering(plan, law, declared.declaration.generate, courtesy.TASK, 7, steers)


def close(made: Steering, orders: Sequence[Order], kept: dict[str, int], silent: frozenset[str] = frozenset()) -> None:
    for order in orders:
        if kept.get(order.cell.id):
            made.keep_text(order.cell, "a text")
    answered = {order.cell.id for order in orders} - silent
    offered = Counter({order.cell.id: order.count for order in orders if order.cell.id in answered})
    made.close(orders, offered, Counter(kept), answered)


def all_of(orders: Sequence[Order]) -> dict[str, int]:
    return {order.cell.id: order.cell.samples for order in orders}


def test_full_cells_are_left_alone_and_the_second_half_of_a_pair_comes_after_the_first() -> None:
    made = steering()
    first = made.orders(0)
    assert {o.cell.kind for o in first} == {"axes", "trap", "pair", "near"}
    assert {o.cell.label for o in first if o.cell.kind == "pair"} == {"Polite"}
    close(made, first, all_of(first))
    second = made.orders(1)
    assert {(o.cell.kind, o.cell.label, o.twin) for o in second} == {("pair", "Rude", "a text")}
    close(made, second, all_of(second))
    assert made.orders(2) == [] and {c.state for c in made.courses.values()} == {"full"}


def test_a_thin_cell_gets_other_attribute_values_and_is_asked_for_more() -> None:
    made = steering()
    first = made.orders(0)
    thin = next(o for o in first if o.cell.kind == "axes")
    close(made, first, {**all_of(first), thin.cell.id: 2})
    again = next(o for o in made.orders(1) if o.cell.id == thin.cell.id)
    assert again.attributes != thin.attributes
    assert again.count == 4, "two are missing, and of four asked for two were kept"


def test_a_cell_that_stays_dull_is_saturated_and_feeds_new_ones() -> None:
    made = steering(patience=2)
    barren = next(o.cell for o in made.orders(0) if o.cell.kind == "axes")
    for round_ in range(2):
        orders = made.orders(round_)
        close(made, orders, {**all_of(orders), barren.id: 0})
        made.feed(round_)
    course = made.courses[barren.id]
    assert (course.state, course.dull, course.missing) == ("saturated", 2, 4)
    (new,) = [o for o in made.orders(2) if o.cell.id not in {c.id for c in make_plan_ids()}]
    assert (new.cell.group, new.cell.kind, new.cell.samples) == (barren.group, "axes", 4)
    assert barren.id not in {o.cell.id for o in made.orders(2)}
    made.feed(2)
    assert len(made.cells) == len(make_plan_ids()) + 1, "what is lacking is given once"


def make_plan_ids() -> list[object]:
    return list(make_plan(courtesy.reading(samples_per_cell=4, near_share=0.1), courtesy.TASK))


def test_nothing_is_added_when_no_rounds_are_left_or_nothing_comes_at_all() -> None:
    for settings, kept in (({"max_rounds": 4}, 4), ({}, 0)):
        made = steering(**settings)
        before = len(made.cells)
        for round_ in range(2):
            orders = made.orders(round_)
            close(made, orders, dict.fromkeys([o.cell.id for o in orders if o.cell.kind == "trap"], kept))
            made.feed(round_)
        assert any(c.state == "saturated" for c in made.courses.values())
        assert len(made.cells) == before


def test_silence_is_no_saturation() -> None:
    made = steering(patience=1)
    orders = made.orders(0)
    quiet = orders[0].cell.id
    close(made, orders, {}, silent=frozenset([quiet]))
    states = {cell: course.state for cell, course in made.courses.items()}
    assert states[quiet] == "open" and states[orders[1].cell.id] == "saturated"


def test_a_pair_whose_first_half_gives_nothing_is_saturated_with_it() -> None:
    made = steering(patience=1)
    close(made, made.orders(0), {})
    assert {c.state for c in made.courses.values()} == {"saturated"}


def test_a_provider_without_prompts_is_asked_for_every_open_cell_as_it_is() -> None:
    made = steering(steers=False)
    orders = made.orders(0)
    assert [o.cell.id for o in orders] == list(made.courses)
    for round_ in range(4):
        orders = made.orders(round_)
        close(made, orders, {})
        made.feed(round_)
        assert [(o.count, o.attributes) for o in made.orders(round_ + 1)] == [
            (o.cell.samples, o.cell.attributes) for o in orders
        ]
    made.finish()
    assert {c.state for c in made.courses.values()} == {"saturated"}

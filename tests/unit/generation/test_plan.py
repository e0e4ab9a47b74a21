"""The coverage plan: the same for the same seed, pairs of values first, ids that outlive other settings."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from random import Random

import pytest

from foundry_engine.generation.plan import Cell, covering_rows, make_plan, summary
from tests import courtesy


def plan(seed: int = 7, **generate: object) -> list[Cell]:
    declared = courtesy.declared(**generate)
    declaration = declared.declaration.model_copy(update={"seed": seed})
    return make_plan(declared.model_copy(update={"declaration": declaration}), courtesy.TASK)


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan() == plan()
    assert {c.id for c in plan()}.isdisjoint(c.id for c in plan(seed=8))


def test_ids_are_unique_and_stable() -> None:
    cells = plan()
    assert len({c.id for c in cells}) == len(cells)
    assert all(len(c.id) == 12 for c in cells)
    # a cell is what it wishes for, not its place: a longer plan keeps the cells of kinds that draw nothing
    longer = {c.id for c in plan(cells_per_label=20) if c.kind == "pair"}
    assert {c.id for c in cells if c.kind == "pair"} < longer
    assert {c.id for c in plan(samples_per_cell=5)} == {c.id for c in cells}, "how many texts is not part of the wish"


def test_shares_of_traps_and_pairs() -> None:
    for label, language in (("Polite", "zh"), ("Rude", "en")):
        kinds = Counter(c.kind for c in plan() if (c.label, c.language) == (label, language))
        assert kinds == {"axes": 6, "trap": 2, "pair": 2}


def test_traps_are_asked_under_the_labels_they_occur_with() -> None:
    assert {(c.label, c.trap) for c in plan() if c.trap} == {("Polite", "blunt"), ("Rude", "sarcasm")}


def test_both_halves_of_a_pair_share_their_fillings() -> None:
    halves = Counter((c.language, c.pair, c.wish()["pair_seed"]) for c in plan() if c.kind == "pair")
    assert halves == {
        ("zh", "bring_zh", "0"): 2,
        ("zh", "bring_zh", "1"): 2,
        ("en", "bring_en", "0"): 2,
        ("en", "bring_en", "1"): 2,
    }
    assert {c.samples for c in plan() if c.kind == "pair"} == {1}


def test_a_value_without_weight_never_occurs() -> None:
    values = {value for c in plan(cells_per_label=200) for value in dict(c.attributes).values()}
    assert values == {"clean", "sloppy", "shop", "home"}


EDGES = [
    ({"cells_per_label": 0}, 0),
    ({"cells_per_label": 1}, 4),
    ({"trap_share": 0.0, "pair_share": 0.0}, 40),
    ({"trap_share": 1.0, "pair_share": 0.0}, 40),
    ({"trap_share": 1.0, "pair_share": 1.0}, 80),
]


@pytest.mark.parametrize(("generate", "count"), EDGES)
def test_edges_of_the_settings(generate: dict[str, object], count: int) -> None:
    assert len(plan(**generate)) == count


def test_pairs_of_values_are_covered_before_anything_repeats() -> None:
    axes = {axis: {f"{axis}{i}": 1.0 for i in range(4)} for axis in "abc"}
    rows = covering_rows(axes, 40, Random(1))
    pairs = {pair for row in rows for pair in combinations(row.items(), 2)}
    assert len(pairs) == 3 * 16, "every pair of values"
    drawn = {
        pair
        for row in [{a: f"{a}{Random(f'{a}{n}').randrange(4)}" for a in axes} for n in range(40)]
        for pair in combinations(row.items(), 2)
    }
    assert len(drawn) < 48, "which drawing alone does not reach"


def test_weights_are_followed_once_pairs_are_covered() -> None:
    rows = covering_rows({"a": {"often": 9.0, "rare": 1.0}}, 1000, Random(1))
    assert 30 < sum(row["a"] == "rare" for row in rows) < 200
    assert covering_rows({}, 3, Random(1)) == [{}, {}, {}]
    assert covering_rows({"a": {"never": 0.0}}, 2, Random(1)) == [{}, {}]


def test_the_summary_adds_up() -> None:
    rows = list(summary(plan()))
    assert sum(cells for *_, cells, _ in rows) == len(plan())
    assert sum(texts for *_, texts in rows) == sum(c.samples for c in plan())

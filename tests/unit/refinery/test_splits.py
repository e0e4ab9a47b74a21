"""Whole families to train, calibration and test: the rules at their edges."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest

from foundry_engine.blueprint import Split
from foundry_engine.refinery import decide, splits
from foundry_engine.refinery.operators.near_duplicates import NEIGHBOUR
from foundry_engine.refinery.preference import ranks

Row = tuple[str, str, bool]
"""Family, origin, withheld."""


def table(rows: list[Row], neighbours: dict[tuple[int, int], float] | None = None) -> pa.Table:
    near: list[list[dict[str, float]]] = [[] for _ in rows]
    for (i, j), similarity in (neighbours or {}).items():
        near[i].append({"row": j, "similarity": similarity})
        near[j].append({"row": i, "similarity": similarity})
    families, origins, withheld = zip(*rows, strict=True)
    return pa.table(
        {
            "id": [f"{n:02d}" for n in range(len(rows))],
            "family": families,
            "origin": origins,
            "withheld": withheld,
            "language": ["en"] * len(rows),
            "label": ["Polite"] * len(rows),
            "neighbours": pa.array(near, pa.list_(NEIGHBOUR)),
        }
    )


def assigned(rows: list[Row], near: dict[tuple[int, int], float] | None = None, **split: float) -> list[str]:
    return splits.assign(table(rows, near), [""] * len(rows), Split.model_validate(split), 3)[0]


def test_one_family_stays_in_training() -> None:
    assert assigned([("a", "corpus", False)] * 9) == ["train"] * 9


def test_families_too_large_for_their_share_give_the_smallest() -> None:
    rows = [(name, "corpus", False) for name, size in (("a", 10), ("b", 6), ("c", 8)) for _ in range(size)]
    found = assigned(rows, calibration=0.1, test=0.1)
    assert found == ["train"] * 10 + ["calibration"] * 6 + ["test"] * 8


def test_real_rows_are_tested_on_where_there_are_some() -> None:
    rows = [(f"g{n}", "generated", False) for n in range(40)] + [(f"r{n}", "corpus", False) for n in range(40)]
    found = assigned(rows)
    assert set(found[:40]) == {"train"}
    assert Counter(found[40:]) == {"train": 28, "calibration": 8, "test": 4}
    assert {"calibration", "test"} < set(assigned(rows[:40])), "generated ones where there is nothing else"


def test_the_seed_decides_which_and_not_how_many() -> None:
    rows = table([(f"r{n}", "corpus", False) for n in range(60)])
    one, again, other = (splits.assign(rows, [""] * 60, Split(), seed)[0] for seed in (1, 1, 2))
    assert one == again != other
    assert Counter(one) == Counter(other)


def test_removed_rows_are_in_no_split_and_keep_their_reason() -> None:
    rows = table([(f"r{n}", "corpus", False) for n in range(10)])
    before = ["duplicate", *[""] * 8, "conflict"]
    found, reasons = splits.assign(rows, before, Split(), 1)
    assert (found[0], found[9], reasons) == ("", "", before)


def test_calibration_rows_near_training_rows_go_where_families_were_capped() -> None:
    rows = [(f"r{n}", "corpus", False) for n in range(40)]
    plain = assigned(rows)
    learned, held = plain.index("train"), plain.index("calibration")
    ends = tuple(sorted((learned, held)))
    found, reasons = splits.assign(table(rows, {ends: 0.7}), [""] * 40, Split(), 3)  # type: ignore[dict-item]
    assert (found[held], reasons[held], found[learned]) == ("", "near_training", "train")
    assert reasons.count("near_training") == 1


NEAR = [
    (0.6, 0.6, True),
    (0.59, 0.6, False),
    (0.95, 0.6, True),
    (0.85, 0.9, False),
]


@pytest.mark.parametrize(("similarity", "distance", "dropped"), NEAR)
def test_a_withheld_row_near_a_training_row_is_dropped(similarity: float, distance: float, dropped: bool) -> None:
    rows = [("a", "corpus", False), ("b", "corpus", True), ("c", "corpus", True)]
    found = assigned(rows, {(0, 1): similarity, (1, 2): 0.99}, test_distance=distance)
    assert found == ["train", "" if dropped else "withheld", "withheld"]


TAGS = pa.table(
    {
        "id": list("abcde"),
        "text": list("ABCDE"),
        "label": ["Polite"] * 5,
        "language": ["en"] * 5,
        "source": ["mine"] * 5,
        "duplicate_of": [None, "x", "x", "x", None],
        "twin_of": [None, None, None, "y", "y"],
        "conflict": [False, True, False, False, False],
        "boundary_of": [None, None, "case", None, None],
    }
)


def test_the_first_reason_decides_and_brings_its_evidence() -> None:
    reasons = decide.removal_reasons(TAGS)
    assert reasons == ["", "conflict", "boundary", "duplicate", "typo_twin"]
    removed = {
        row["id"]: (row["reason"], row["evidence"]) for row in decide.removed_rows(TAGS, [*reasons[:4], "other"])
    }
    assert removed == {
        "b": ("conflict", True),
        "c": ("boundary", "case"),
        "d": ("duplicate", "x"),
        "e": ("other", None),
    }


def test_without_tags_nothing_is_removed() -> None:
    assert decide.removal_reasons(TAGS.select(["id", "text"])) == [""] * 5


def test_ranks_put_real_rows_first_and_withheld_ones_last() -> None:
    origins = ["generated", "corpus", "unheard of", "written", "imported", "corpus"]
    rows = table([("f", origin, n == 5) for n, origin in enumerate(origins)])
    order = sorted(range(6), key=ranks(rows).__getitem__)
    assert [origins[n] for n in order] == ["corpus", "imported", "written", "generated", "unheard of", "corpus"]

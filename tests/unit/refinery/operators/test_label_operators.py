"""The operators that judge labels, score rows and balance them."""

from __future__ import annotations

import sys
from random import Random

import pyarrow as pa
import pytest

from foundry_engine.errors import MissingDependency
from foundry_engine.refinery.bare_law import bare_law
from tests.tables import Rows, apply, tags, up_to

WORDS = {"Polite": ["kindly", "please", "grateful", "thanks"], "Rude": ["idiot", "lousy", "stupid", "rubbish"]}


def sentences(count: int, wrong: int, told: bool = True) -> Rows:
    """``count`` sentences of each label, ``wrong`` of them under the other one; untold, words say nothing."""
    random, rows = Random(5), Rows()
    for label, words in WORDS.items():
        other = "Rude" if label == "Polite" else "Polite"
        for n in range(count):
            stuff = " ".join(
                "".join(random.choice("bcdfgklmnprst") + random.choice("aeiou") for _ in "abc") for _ in "ab"
            )
            word = " ".join(random.sample(words if told else [w for v in WORDS.values() for w in v], 2))
            rows.add(f"{stuff} {word} {n}", other if n < wrong else label, source="wrong" if n < wrong else "right")
    return rows


def judged(rows: Rows, **settings: object) -> pa.Table:
    return up_to("label_errors", rows.table(), **settings)


def test_wrong_labels_are_found_and_go_when_that_helps() -> None:
    table = judged(sentences(120, 12))
    rows = table.to_pylist()
    found = [row for row in rows if row["label_error"]]
    assert sum(row["source"] == "wrong" for row in found) >= 20 and sum(r["source"] == "right" for r in found) <= 4
    assert all(row["label_error"] == row["label_suspect"]["suggested"] != row["label"] for row in found)
    evidence = found[0]["label_suspect"]["evidence"]
    assert evidence["macro_f1_without_suspects"] >= evidence["macro_f1"]


def test_without_pruning_suspects_are_listed_and_stay() -> None:
    table = judged(sentences(120, 12), prune=False)
    assert table["label_suspect"].null_count < table.num_rows
    assert table["label_error"].null_count == table.num_rows


def test_what_cannot_be_learned_is_not_pruned() -> None:
    table = judged(sentences(120, 0, told=False))
    assert table["label_suspect"].null_count < table.num_rows, "chance makes suspects"
    assert table["label_error"].null_count == table.num_rows


@pytest.mark.parametrize("rows", [sentences(5, 1), Rows().add("a").add("b"), Rows()])
def test_too_few_rows_are_not_judged(rows: Rows) -> None:
    assert judged(rows)["label_suspect"].null_count == len(rows.samples)


def test_withheld_rows_are_not_judged() -> None:
    rows = sentences(120, 12)
    table = up_to("label_errors", rows.table(("wrong",)))
    assert {row["source"] for row in table.to_pylist() if row["label_suspect"]} <= {"right"}


def test_a_missing_library_says_which_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(MissingDependency, match=r"micro-model-foundry\[clean\]"):
        judged(sentences(60, 5))


def test_twins_under_two_labels_are_both_tagged() -> None:
    rows = Rows().add("could you pass the salt please").add("could you pass the slat pleas", "Rude")
    rows.add("would you bring me the salt please").add("would you bring me the sal please", "Rude")
    rows.add("turn the light on please").add("turn the light off please", "Rude")
    found = tags(up_to("twin_conflicts", rows.table()), "conflict_with")
    ids = [sample.id for sample in rows.samples]
    assert list(found.values()) == [None, None, ids[3], ids[2], None, None]


def test_a_twin_of_one_of_several_rows_with_equal_shingles_is_a_twin_of_all() -> None:
    rows = Rows().add("would you bring me the salt please").add("would you bring me the salt please?")
    rows.add("would you bring me the sal please", "Rude").add("would you bring me the sal please?", "Rude")
    found = tags(up_to("twin_conflicts", rows.table()), "conflict_with")
    ids = [sample.id for sample in rows.samples]
    assert list(found.values()) == [ids[2], ids[2], ids[0], ids[0]]


def test_the_score_of_a_row_is_zero_where_a_part_is() -> None:
    rows = Rows().add("kind words").add("KIND words!").add("same thing").add("same thing", "Rude")
    table = apply("quality_score", up_to("boundary_twins", rows.table()))
    quality = table["quality"].to_pylist()
    assert [row["uniqueness"] for row in quality] == [1.0, 0.0, 1.0, 1.0]
    assert [row["label_health"] for row in quality] == [1.0, 1.0, 0.0, 0.0]
    assert quality[0]["validity"] is None, "no operator told"
    assert table["quality_score"].to_pylist() == [1.0, 0.0, 0.0, 0.0]
    lenient = apply("quality_score", up_to("boundary_twins", rows.table()), weights={"label_health": 0})
    assert lenient["quality_score"].to_pylist() == [1.0, 0.0, 1.0, 1.0]


def uneven() -> Rows:
    rows = Rows()
    for n in range(12):
        rows.add(f"wholly other words {n * 7919}", "Polite" if n < 9 else "Rude", language="en")
    return rows


def test_oversampling_repeats_rare_labels_and_weighs_the_rest() -> None:
    table = up_to("balance", uneven().table(), oversample=1.0, strength=1.0)
    drawn: dict[str, float] = {}
    for row in table.to_pylist():
        drawn[row["label"]] = drawn.get(row["label"], 0) + row["repeat"] * row["weight"]
    assert table["repeat"].to_pylist() == [1] * 9 + [3] * 3
    assert drawn["Polite"] == pytest.approx(drawn["Rude"])
    assert "repeat" not in up_to("balance", uneven().table()).column_names


def test_a_cap_keeps_the_best_rows_of_a_label() -> None:
    rows = uneven()
    rows.add("a real sentence of some length", origin="corpus", language="en")
    table = up_to("balance", rows.table(), cap=4)
    over = table.to_pylist()
    assert sum(not row["over_cap"] for row in over if row["label"] == "Polite") == 4
    assert not over[-1]["over_cap"], "real rows before generated ones"
    assert not any(row["over_cap"] for row in over if row["label"] == "Rude")


def test_a_bare_law_has_any_labels() -> None:
    law = bare_law("t", ["退款", "a b", ""])
    assert law.label_names == ["", "a b", "退款"] and not law.boundary_cases and not law.negations

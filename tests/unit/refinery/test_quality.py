"""The quality report on a handful of rows whose figures are known."""

from __future__ import annotations

import pytest

from foundry_engine.refinery import quality
from tests.tables import Rows, up_to

ROWS = Rows().add("请坐").add("请坐下").add("滚", "Rude").add("thank you").add("thank you very much").add("go", "Rude")
SPLITS = ["train", "train", "train", "train", "", "test"]
REASONS = ["", "", "", "", "duplicate", ""]


@pytest.fixture(scope="module")
def report() -> dict[str, object]:
    return quality.report(up_to("balance", ROWS.table()), SPLITS, REASONS)


def test_counts(report: dict[str, object]) -> None:
    assert (report["rows_in"], report["rows_kept"], report["uniqueness"]) == (6, 5, 0.8333)
    assert report["removed"] == {"duplicate": 1}
    assert report["counts"] == [
        {"split": "test", "language": "en", "label": "Rude", "rows": 1},
        {"split": "train", "language": "en", "label": "Polite", "rows": 1},
        {"split": "train", "language": "zh", "label": "Polite", "rows": 2},
        {"split": "train", "language": "zh", "label": "Rude", "rows": 1},
    ]


def test_lengths_are_of_normalized_texts(report: dict[str, object]) -> None:
    lengths = report["length"]["zh"]  # type: ignore[index]
    assert (lengths["min"], lengths["mean"], lengths["median"], lengths["max"]) == (1, 2.0, 2, 3)
    assert lengths["histogram"] == [0, 0, 1, 0, 0, 1, 0, 1, 0, 0]


def test_diversity_counts_pairs_of_characters_and_words(report: dict[str, object]) -> None:
    assert report["diversity"]["zh"]["distinct_2"] == 0.6667  # type: ignore[index]
    assert report["diversity"]["en"]["distinct_2"] == 1.0  # type: ignore[index]


def test_a_language_without_rows_is_empty_and_not_a_mistake() -> None:
    table = up_to("balance", Rows().add("请坐").add("go").table())
    found = quality.report(table, ["train", ""], ["", "conflict"])
    assert found["length"]["en"] == {} and found["diversity"]["en"]["distinct_2"] == 0.0  # type: ignore[index]
    assert "length en: \n" in quality.as_text(found)


def test_the_generation_order_is_what_each_group_lacks() -> None:
    assert quality.generation_order(ROWS.table(), SPLITS) == [
        {"language": "zh", "label": "Rude", "rows": 1, "missing": 1, "avoid": []}
    ]
    assert quality.generation_order(ROWS.table(), [""] * 6) == []

"""Shares and kappa."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from foundry_engine.generation.agreement import by_label, kappa, share

PAIRS = st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("ABC?")), min_size=1, max_size=40)


@given(PAIRS)
def test_kappa_is_the_one_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    ours = kappa(pairs)
    if ours is None:
        assert len({name for pair in pairs for name in pair}) == 1
    else:
        assert ours == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)), abs=1e-12)


def test_nothing_read_is_no_agreement() -> None:
    assert (kappa([]), share([]), by_label([])) == (None, 0.0, {})


def test_each_label_has_its_own_figures() -> None:
    table = by_label([("A", "A"), ("A", "B"), ("B", "B"), ("B", "B")])
    assert table["A"] == {"read": 2, "agreement": 0.5, "kappa": 0.5}
    assert table["B"] == {"read": 2, "agreement": 1.0, "kappa": 0.5}

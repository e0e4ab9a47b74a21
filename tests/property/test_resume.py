"""An interrupted generation, resumed, gives the bytes of an unbroken one, whatever arrived first."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from foundry_engine import data_generator
from foundry_engine.errors import Refused
from foundry_engine.folders import RunFolder
from tests import courtesy
from tests.courtesy.watched import Watched


def generated(
    place: Path, shuffle: int, fail_after: int | None, concurrency: int
) -> tuple[dict[str, bytes], list[str]]:
    """The stage's files (none when it was interrupted) and what was answered."""
    with pytest.MonkeyPatch.context() as patch:
        watched = Watched(shuffle, fail_after).install(patch)
        # one filling of each bank: texts collide often, so which one is first makes a difference
        declared = courtesy.declared(cells_per_label=14, concurrency=concurrency, near_duplicate=0.5)
        try:
            data_generator.run(declared, courtesy.TASK, RunFolder(place))
        except Refused:
            return {}, watched.answered
        names = ("samples.jsonl", "rejected.jsonl", "plan.jsonl")
        return {name: (place / "1_samples" / name).read_bytes() for name in names}, watched.answered


@cache
def unbroken() -> tuple[dict[str, bytes], list[str]]:
    with tempfile.TemporaryDirectory() as place:
        return generated(Path(place), 0, None, 1)


def test_the_example_has_what_makes_the_order_matter() -> None:
    files, asked = unbroken()
    assert files["rejected.jsonl"].count(b"duplicate") > 10
    assert len(asked) > 60 and len(set(asked)) == len(asked)


@settings(max_examples=12, deadline=None, phases=(Phase.reuse, Phase.generate))  # shrinking would take minutes
@given(st.integers(0, 10**6), st.lists(st.integers(0, 70), max_size=3), st.sampled_from([1, 3, 16]))
def test_resumed_equals_unbroken(shuffle: int, stops: list[int], concurrency: int) -> None:
    files, asked = unbroken()
    with tempfile.TemporaryDirectory() as place:
        paid: list[str] = []
        for n, stop in enumerate([*stops, None]):
            found, answered = generated(Path(place), shuffle + n, stop, concurrency)
            paid += answered
        assert found == files
        assert sorted(paid) == sorted(asked), "nothing is asked twice, and nothing more than without the stops"

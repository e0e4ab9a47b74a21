"""Refining gives the same dataset whatever the order of its input rows, and keeps its promises on any rows."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from pathlib import Path
from random import Random

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from foundry_engine import data_refiner
from foundry_engine.errors import EmptyDataset
from foundry_engine.folders import RunFolder, run_stage, write_atomic
from foundry_engine.records import Sample, lines_of, record_id
from tests import courtesy

WORDS = ["请", "坐", "滚", "盐", "pass", "salt", "me", "the", "7", "8", "不", "not", "please", "麻烦", "？", "!"]
rows_of = st.lists(
    st.tuples(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=7).map("".join),
        st.sampled_from(["Polite", "Rude"]),
        st.sampled_from(["zh", "en"]),
        st.sampled_from([("corpus", "mine"), ("corpus", "letters"), ("written", "own"), ("generated", "offline")]),
        st.sampled_from(["", "", "m1", "m2"]),
    ),
    min_size=8,
    max_size=60,
    unique_by=lambda row: (row[0], row[1]),
)


def samples_of(rows: list[tuple[str, str, str, tuple[str, str], str]]) -> list[Sample]:
    return [
        Sample(record_id("tone", label, text), text, label, language, origin, source, mould=mould)
        for text, label, language, (origin, source), mould in rows
    ]


def refined(samples: list[Sample]) -> dict[str, list[dict[str, object]]]:
    """The dataset's rows by file, sorted by id; neighbours and order of rows aside, nothing may depend on the order."""
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder(Path(place))

        def work(fresh: Path) -> dict[str, object]:
            write_atomic(fresh / "samples.jsonl", lines_of(samples))
            return {}

        run_stage(folder.samples, {}, work)
        try:
            data_refiner.run(courtesy.declared(), courtesy.TASK, folder)
        except EmptyDataset:
            return {}
        files = sorted(folder.dataset.glob("*.jsonl"))
        found = {f.name: [json.loads(line) for line in f.read_text("utf-8").splitlines()] for f in files}
        report = json.loads((folder.dataset / "quality.json").read_text("utf-8"))
        for language in report["diversity"].values():
            del language["compression"]  # of the texts in their order
        return {**{k: sorted(v, key=lambda row: row["id"]) for k, v in found.items()}, "quality": [report]}


@settings(max_examples=25, deadline=None, phases=(Phase.reuse, Phase.generate))
@given(rows_of, st.integers(0, 10**6))
def test_the_order_of_rows_makes_no_difference(rows: list, seed: int) -> None:  # type: ignore[type-arg]
    samples = samples_of(rows)
    shuffled = samples[:]
    Random(seed).shuffle(shuffled)
    assert refined(samples) == refined(shuffled)


@settings(max_examples=25, deadline=None, phases=(Phase.reuse, Phase.generate))
@given(rows_of)
def test_promises_on_any_rows(rows: list) -> None:  # type: ignore[type-arg]
    samples = samples_of(rows)
    found = refined(samples)
    if not found:
        return
    splits, families = defaultdict(set), defaultdict(set)
    for example in found["examples.jsonl"]:
        splits[example["source"]].add(example["split"])
        if example["split"] != "withheld":
            families[example["family"]].add(example["split"])
        assert float(str(example["weight"])) > 0
    assert all(len(s) == 1 for s in families.values())
    assert splits["letters"] <= {"withheld"} and not any("withheld" in s for k, s in splits.items() if k != "letters")
    kept, removed = ({row["id"] for row in found[name]} for name in ("examples.jsonl", "removed.jsonl"))
    assert kept | removed == {s.id for s in samples} and not kept & removed

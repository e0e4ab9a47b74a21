"""The front door of the joins: blocks, stars, bad input, and the twin of the benchmark."""

from __future__ import annotations

import sys
from itertools import combinations

import numpy as np
import pytest

from foundry_engine.errors import InvalidSetting
from foundry_engine.similarity import pair_store
from foundry_engine.similarity import similar_pairs as door
from foundry_engine.similarity.pair_store import PairStore
from foundry_engine.similarity.shingles import jaccard, shingles
from foundry_engine.similarity.similar_pairs import Join, similar_pairs
from tests.conftest import ROOT

Edges = dict[tuple[int, int], float]


def edges(store: PairStore, rows: int) -> Edges:
    starts, others, similarity = (part.tolist() for part in store.lists(rows))
    found = {}
    for row in range(rows):
        run = slice(starts[row], starts[row + 1])
        assert others[run] == sorted(set(others[run])), "ascending, each once"
        found.update({(row, o): s for o, s in zip(others[run], similarity[run], strict=True)})
    assert all(found[j, i] == s for (i, j), s in found.items()), "in both directions"
    return {(i, j): s for (i, j), s in found.items() if i < j}


SENTENCES = [
    "今天天气怎么样", "今天的天气怎么样", "明天天气怎么样", "turn on the light", "turn on the lights",
    "turn off the light", "?", "", "ok", "好", "打开wifi", "打开wifi吧", "打开 tv吗",
]  # fmt: skip


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.85])
@pytest.mark.parametrize("join", ["auto", "exact"])
def test_both_languages_together_are_as_every_pair_counted(threshold: float, join: Join) -> None:
    sets = [shingles(text) for text in SENTENCES]
    every = ((i, j, jaccard(sets[i], sets[j])) for i, j in combinations(range(len(sets)), 2))
    expected = {(i, j): similarity for i, j, similarity in every if similarity >= threshold}
    assert edges(similar_pairs(SENTENCES, threshold, join=join), len(SENTENCES)) == expected


def test_equal_texts_are_a_star_around_the_first_by_name() -> None:
    texts = ["turn on the lights", "turn on the light", "turn on the light", "turn on the light"]
    likeness = jaccard(shingles(texts[0]), shingles(texts[1]))
    assert edges(similar_pairs(texts, 0.6), 4) == {(0, 1): likeness, (1, 2): 1.0, (1, 3): 1.0}
    named = similar_pairs(texts, 0.6, names=["d", "c", "a", "b"])
    assert edges(named, 4) == {(0, 2): likeness, (1, 2): 1.0, (2, 3): 1.0}


@pytest.mark.parametrize("texts", [[], ["one row"], [""], ["", ""], ["\0"], ["a\0b", "a\0b"], ["\ud800", "\udfff"]])
@pytest.mark.parametrize("join", ["auto", "exact", "bands", "datasketch"])
def test_next_to_nothing(texts: list[str], join: Join) -> None:
    equal = len(texts) == 2 and texts[0] == texts[1]
    assert edges(similar_pairs(texts, 0.6, join=join), len(texts)) == ({(0, 1): 1.0} if equal else {})


@pytest.mark.parametrize("join", ["exact", "bands"])
def test_many_copies_are_as_many_pairs(join: Join) -> None:
    found = similar_pairs(["turn on the light"] * 50_000 + ["turn on the lights"], 0.6, join=join)
    assert len(found) == 50_000


@pytest.mark.parametrize("join", ["exact", "bands"])
def test_very_long_rows(join: Join) -> None:
    words = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(300_000))
    texts = [words, words[:290_000], words[::-1], "短"]
    found = edges(similar_pairs(texts, 0.85, join=join), 4)
    assert list(found) == [(0, 1)]


def test_a_large_block_is_joined_by_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"turn on the light number {n}" for n in range(40)]
    exact = edges(similar_pairs(texts, 0.6, join="exact"), 40)
    monkeypatch.setattr(door, "EXACT_SETS", 10)
    monkeypatch.setattr("foundry_engine.similarity.exact_join.candidates", None)
    found = edges(similar_pairs(texts, 0.6), 40)
    assert found.items() <= exact.items() and len(found) >= 0.99 * len(exact)


def test_datasketch_proposes_and_is_counted_too() -> None:
    texts = [f"turn on the light number {n}" for n in range(40)]
    exact, found = (edges(similar_pairs(texts, 0.85, join=join), 40) for join in ("exact", "datasketch"))
    assert found and found.items() <= exact.items()


def test_too_much_for_the_memory_is_refused_with_advice() -> None:
    with pytest.raises(InvalidSetting, match=r"2 texts of 200,000 characters.*raise refine\.settings.*memory_mib"):
        similar_pairs(["a" * 100_000, "b" * 100_000], 0.6, memory=1 << 20)


def test_pairs_on_disk_are_the_pairs_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    pairs = np.unique(np.sort(random.integers(0, 60, (400, 2)), axis=1), axis=0)
    pairs = random.permutation(pairs[pairs[:, 0] < pairs[:, 1]])
    similarity = random.random(len(pairs))
    lists = []
    for memory in (1 << 30, 500):
        store = PairStore(memory)
        for some in np.array_split(np.arange(len(pairs)), 9):
            store.add(pairs[some, 0], pairs[some, 1], similarity[some])
        monkeypatch.setattr(pair_store, "PART", 1 << 20 if memory > 500 else 7)
        assert len(store) == len(pairs)
        lists.append(store.lists(60))
        assert len(store) == 0
    (starts, others, near), on_disk = lists
    assert not isinstance(others, np.memmap) and isinstance(on_disk[1], np.memmap)
    assert all((here == there).all() for here, there in zip(lists[0], on_disk, strict=True))
    rows = np.repeat(np.arange(60), np.diff(starts))
    found = dict(zip(zip(rows.tolist(), others.tolist(), strict=True), near.tolist(), strict=True))
    both = {(i, j): s for i, j, s in zip(*pairs.T.tolist(), similarity.tolist(), strict=True)}
    assert found == both | {(j, i): s for (i, j), s in both.items()}


def test_more_pairs_than_can_be_listed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_store, "MOST", 5)
    with pytest.raises(InvalidSetting, match=r"more than 5 pairs.*cap what a mould may make"):
        similar_pairs(["same"] * 7, 0.6)


def test_the_benchmark_in_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactness on its corpus and the shares of planted rows, as ``make bench-refinery`` requires them."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import bench_refinery

    for join in ("exact", "bands"):
        found = bench_refinery.exactness(4_000, join)
        assert found["recall"] >= 0.999 and found["precision"] == 1 and found["pairs"] > 200
    shares = bench_refinery.planted_rows(800)
    assert shares["removed same"] >= 0.99 and shares["removed other"] <= 0.01
    for name in ("bench_refinery", "planted_corpus", "planted_requests"):
        sys.modules.pop(name)

"""Near duplicates: joining is exact, knows no order, and once they are removed there are none left."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import core_span
from foundry_engine.similarity.edit_distance import within
from foundry_engine.similarity.guards import guard_key
from foundry_engine.similarity.online_index import OnlineIndex
from foundry_engine.similarity.shingles import jaccard, shingles
from foundry_engine.similarity.similar_pairs import similar_pairs

sentences = st.lists(st.text("ab 不好吗?", max_size=9), max_size=14)
thresholds = st.sampled_from([0.3, 0.5, 0.6, 2 / 3, 0.85, 1.0])


def cores_of(texts: list[str]) -> list[str]:
    normal = [normalize(text) for text in texts]
    spans = [core_span(text) for text in normal]
    return [text[first:last] or text for text, (first, last) in zip(normal, spans, strict=True)]


def sets_of(texts: list[str]) -> list[frozenset[str]]:
    return [shingles(core) for core in cores_of(texts)]


def pairs(cores: list[str], threshold: float) -> set[tuple[int, int]]:
    """All pairs, those of copies of the centre of a star too."""
    starts, others, similarity = (part.tolist() for part in similar_pairs(cores, threshold).lists(len(cores)))
    direct = {
        (i, j): s
        for i in range(len(cores))
        for j, s in zip(others[starts[i] : starts[i + 1]], similarity[starts[i] : starts[i + 1]], strict=True)
    }
    centre = {j: i for (i, j), s in direct.items() if s == 1 and i < j}
    of = [centre.get(row, row) for row in range(len(cores))]
    return {(i, j) for i, j in combinations(range(len(cores)), 2) if of[i] == of[j] or (of[i], of[j]) in direct}


def without_later_twins(cores: list[str], threshold: float) -> list[str]:
    kept: list[int] = []
    found = pairs(cores, threshold)
    for row in range(len(cores)):
        if not any((other, row) in found for other in kept):
            kept.append(row)
    return [cores[row] for row in kept]


@settings(max_examples=150, deadline=None)
@given(sentences, thresholds)
def test_the_join_counts_every_pair(texts: list[str], threshold: float) -> None:
    sets = sets_of(texts)
    every = combinations(range(len(sets)), 2)
    assert pairs(cores_of(texts), threshold) == {(i, j) for i, j in every if jaccard(sets[i], sets[j]) >= threshold}


@settings(max_examples=100, deadline=None)
@given(sentences, thresholds)
def test_removing_near_duplicates_twice_is_removing_them_once(texts: list[str], threshold: float) -> None:
    once = without_later_twins(cores_of(texts), threshold)
    assert pairs(once, threshold) == set()
    assert without_later_twins(once, threshold) == once


@settings(max_examples=100, deadline=None)
@given(sentences, thresholds, st.randoms(use_true_random=False))
def test_order_makes_no_difference(texts: list[str], threshold: float, random: object) -> None:
    cores = cores_of(texts)
    order = list(range(len(cores)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = pairs([cores[row] for row in order], threshold)
    assert {tuple(sorted((order[i], order[j]))) for i, j in shuffled} == pairs(cores, threshold)


@settings(max_examples=40)
@given(sentences)
def test_the_online_index_lets_nothing_in_that_it_would_name(texts: list[str]) -> None:
    index = OnlineIndex(0.85)
    accepted = []
    for shingle_set in sets_of(texts):
        if not index.near(shingle_set):
            index.add(shingle_set)
            accepted.append(shingle_set)
    assert all(index.near(shingle_set) == [number] for number, shingle_set in enumerate(accepted))
    assert len(set(accepted)) == len(accepted)


words = st.text("ab不", max_size=8)


@settings(max_examples=300)
@given(words, words, words, st.integers(0, 4), st.integers(0, 4))
def test_edit_distance_is_a_distance(a: str, b: str, c: str, first: int, second: int) -> None:
    assert within(a, a, 0) and within(a, b, first) == within(b, a, first)
    if within(a, b, first):
        assert within(a, b, first + 1)
        if within(b, c, second):
            assert within(a, c, first + second)


@settings(max_examples=200)
@given(st.text("不没3四五a not", max_size=12))
def test_a_guard_key_keeps_every_digit(text: str) -> None:
    assert len(guard_key(text)[0]) == sum(char in "3四五" for char in text)

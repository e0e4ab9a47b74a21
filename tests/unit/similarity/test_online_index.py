"""The online index: what it answers is exact, it finds nearly all, and order of asking changes nothing."""

from __future__ import annotations

from random import Random

import pytest

from foundry_engine.features.normalizer import normalize
from foundry_engine.similarity.online_index import BULK, OnlineIndex
from foundry_engine.similarity.shingles import jaccard, shingles


def sentences(count: int) -> list[frozenset[str]]:
    random = Random(5)
    words = ["please", "turn", "set", "play", "the", "a", "light", "lamp", "music", "timer", "kitchen"]
    words += ["打开", "关闭", "客厅", "空调", "音乐", "明天", "天气", "怎么样"]
    made: list[str] = []
    for _ in range(count):
        if made and random.random() < 0.5:
            parts = random.choice(made).split(" ")
            parts[random.randrange(len(parts))] = random.choice(words)
        else:
            parts = random.choices(words, k=random.randint(3, 9))
        made.append(" ".join(parts))
    return [shingles(normalize(text)) for text in made]


@pytest.mark.parametrize(("threshold", "missable"), [(0.6, 0.08), (0.85, 0.01), (0.95, 0.0)])
def test_every_answer_is_a_near_duplicate_and_few_are_missed(threshold: float, missable: float) -> None:
    sets = sentences(300)
    index = OnlineIndex(threshold)
    for s in sets:
        index.add(s)
    found = missed = 0
    for question in sets:
        true = [n for n, s in enumerate(sets) if jaccard(s, question) >= threshold]
        got = index.near(question)
        assert got == sorted(set(got)) and set(got) <= set(true)
        found, missed = found + len(got), missed + len(true) - len(got)
    assert found >= 300 and missed / (found + missed) <= missable


def test_a_text_that_was_added_is_always_found() -> None:
    index = OnlineIndex(0.85)
    for number, s in enumerate(sentences(40)):
        assert index.add(s) == number
        assert number in index.near(s)


def test_nothing_is_near_in_an_empty_index() -> None:
    assert OnlineIndex(0.85).near(frozenset({"abc"})) == []


def test_adding_one_by_one_answers_as_adding_in_bulk() -> None:
    sets = sentences(3 * BULK)
    bulk, single = OnlineIndex(0.6), OnlineIndex(0.6)
    for s in sets:
        bulk.add(s)
    for s in sets:
        single.near(s)  # signs what was added so far, in the slow way
        single.add(s)
    assert [bulk.near(s) for s in sets] == [single.near(s) for s in sets]


def test_lone_surrogates_are_signed_like_any_character() -> None:
    index = OnlineIndex(0.85)
    index.add(shingles("a\ud800b"))
    assert index.near(shingles("a\ud800b")) == [0] and index.near(shingles("a\udfffb")) == []

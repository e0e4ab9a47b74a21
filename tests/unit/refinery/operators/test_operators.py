"""Each operator's own table: what it tags, and what it leaves alone."""

from __future__ import annotations

import pytest

from foundry_engine.refinery.decide import removal_reasons
from tests import courtesy
from tests.tables import Rows, apply, tags, up_to


def test_normalise_shows_what_the_model_sees() -> None:
    table = apply("normalise", Rows().add("  Ｐass　me\u200b THAT？！ ").add("？！").add("请坐。").table())
    assert table["normalized"].to_pylist() == ["pass me that?!", "?!", "请坐."]
    assert table["core"].to_pylist() == ["pass me that", "?!", "请坐"]


# first text, its label, second text, its label: is the second a duplicate of the first?
DUPLICATES = [
    ("pass me that", "Polite", "PASS  me that.", "Polite", True),
    ("pass me that", "Polite", "pass me that!!", "Polite", True),
    ("pass me that", "Polite", "pass me that?", "Polite", False),  # a question mark is part of the text
    ("pass me that?", "Polite", "pass me that？", "Polite", True),
    ("pass me that", "Polite", "pass me that", "Rude", False),
    ("pass me that", "Polite", "pass me thatt", "Polite", False),
    ("请坐", "Polite", "请坐。", "Polite", True),
    ("请坐", "Polite", "请 坐", "Polite", False),
]


@pytest.mark.parametrize(("first", "label", "second", "other", "is_one"), DUPLICATES)
def test_exact_duplicates(first: str, label: str, second: str, other: str, is_one: bool) -> None:
    table = up_to("exact_duplicates", Rows().add(first, label).add(second, other).table())
    assert table["duplicate_of"].to_pylist() == [None, "0" * 16 if is_one else None]


PREFERENCES = [
    ({"origin": "generated"}, {"origin": "corpus"}),
    ({"origin": "generated"}, {"origin": "written"}),
    ({"origin": "written"}, {"origin": "imported"}),
    ({"origin": "imported"}, {"origin": "corpus"}),
    ({"origin": "from elsewhere"}, {"origin": "generated"}),
    ({"origin": "corpus", "source": "letters"}, {"origin": "generated"}),  # withheld rows are the last to stay
    ({"origin": "corpus", "id": "b"}, {"origin": "corpus", "id": "a"}),
]


@pytest.mark.parametrize(("worse", "better"), PREFERENCES)
@pytest.mark.parametrize("order", [1, -1])
def test_of_equal_rows_the_better_one_stays(worse: dict[str, str], better: dict[str, str], order: int) -> None:
    rows = Rows()
    for more in [worse, better][::order]:
        rows.add("请坐", **more)
    gone = up_to("exact_duplicates", rows.table(("letters",)))["duplicate_of"].to_pylist()
    assert [tag is None for tag in gone] == [False, True][::order]


def test_conflicts_are_all_rows_of_a_text_with_two_labels() -> None:
    rows = (
        Rows()
        .add("请坐")
        .add("请坐", "Rude")
        .add("请坐", "Polite")
        .add("请坐!")
        .add("请坐?")
        .add("请坐好")
        .add("请坐好")
    )
    found = apply("conflicts", apply("normalise", rows.table()))["conflict"].to_pylist()
    assert found == [True, True, True, True, False, False, False], "as exact duplicates: end marks aside, but for '?'"


def test_near_duplicates_are_the_verified_neighbours_in_both_directions() -> None:
    rows = Rows().add("could you pass the salt").add("something else").add("could you pass the salts").add("?")
    table = up_to("near_duplicates", rows.table())
    neighbours = table["neighbours"].to_pylist()
    assert [[n["row"] for n in found] for found in neighbours] == [[2], [], [0], []]
    assert neighbours[0][0]["similarity"] == neighbours[2][0]["similarity"] == pytest.approx(22 / 25)
    rows.add("could you find the pepper")
    assert up_to("near_duplicates", rows.table())["neighbours"].to_pylist() == [*neighbours, []]
    assert up_to("near_duplicates", rows.table(), threshold=0.2)["neighbours"].to_pylist()[4] != []


def test_copies_are_a_star_around_the_smallest_id() -> None:
    rows = Rows().add("please pass the salt", id="c").add("Please pass the salt!", id="a")
    rows.add("please pass the salts", id="b").add("please pass the salt?", id="d")
    neighbours = up_to("near_duplicates", rows.table())["neighbours"].to_pylist()
    assert [[n["row"] for n in found] for found in neighbours] == [[1], [0, 2, 3], [1], [1]]


@pytest.mark.parametrize("join", ["exact", "bands", "datasketch"])
@pytest.mark.parametrize(("shingles", "near"), [("by_script", True), ("bigrams", True), ("trigrams", False)])
def test_one_may_choose_the_join_and_the_shingles(join: str, shingles: str, near: bool) -> None:
    table = up_to("exact_duplicates", Rows().add("请把那盐递给我").add("请把那盐递给他").table())
    tagged = apply("near_duplicates", table, join=join, shingles=shingles)["neighbours"].to_pylist()
    assert bool(tagged[0]) is near or join == "datasketch"


def test_splitting_relies_on_neighbours_at_six_tenths() -> None:
    with pytest.raises(ValueError, match=r"less than or equal to 0\.6"):
        up_to("near_duplicates", Rows().add("x").table(), threshold=0.7)


# two texts of one label: is the second a slip of the finger of the first?
TWINS = [
    ("could you pass the salt", "could you pasd the salt", True),
    ("could you pass the salt", "could you pass the salt please", False),  # more than one edit in twenty
    ("wake me at 7 tomorrow", "wake me at 8 tomorrow", False),  # digits
    ("明天早上三点钟来叫醒我", "明天早上四点钟来叫醒我", False),
    ("you can open the window", "you can't open the window", False),  # negation
    ("我今天下午要去那里吃饭", "我今天下午不去那里吃饭", False),
    ("turn the lights on now", "turn the lights in now", False),
    ("i would ever say such a thing", "i would never say such a thing", False),  # the law's own negation
    ("我今天下午要去那里吃饭", "我今天下午要去那里吃范", True),
    ("could you pass the salt", "COULD you pass the salt", False),  # an exact duplicate already
]


@pytest.mark.parametrize(("first", "second", "is_one"), TWINS)
def test_typo_twins(first: str, second: str, is_one: bool) -> None:
    table = up_to("typo_twins", Rows().add(first).add(second).table())
    assert table["twin_of"].to_pylist() == [None, "0" * 16 if is_one else None]
    other = up_to("typo_twins", Rows().add(first).add(second, "Rude").table())
    assert other["twin_of"].to_pylist() == [None, None], "never across labels"


def test_texts_that_differ_in_meant_words_are_no_twins() -> None:
    """A word that stands in three texts is meant, unless it is far rarer than what stands in its place."""
    rows = Rows().add("打开客厅的电灯吧").add("打开餐厅的电灯吧").add("打开客厅的电打吧")
    for n in range(3):
        rows.add(f"客厅里有什么{'甲乙丙'[n]}").add(f"餐厅吃什么饭{'甲乙丙'[n]}").add(f"他说打开餐车了{'甲乙丙'[n]}")
        rows.add(f"没有打开客{'甲乙丙'[n]}")
    for n in range(2):
        rows.add(f"再打开餐{'甲乙'[n]}")
    twins = tags(up_to("typo_twins", rows.table()), "twin_of")
    assert twins["打开餐厅的电灯吧"] is None and twins["打开客厅的电打吧"] == "0" * 16
    off = tags(up_to("typo_twins", rows.table(), attested=0), "twin_of")
    assert off["打开餐厅的电灯吧"] == off["打开客厅的电打吧"] == "0" * 16
    for n in range(90):
        rows.add(f"打开客厅{n}")
    assert tags(up_to("typo_twins", rows.table()), "twin_of")["打开餐厅的电灯吧"] == "0" * 16


def test_twins_are_found_among_texts_of_the_same_shingles_too() -> None:
    rows = Rows().add("哈哈哈哈哈").add("哈哈哈哈哈哈").add("哈哈哈哈哈哈?", id="z")
    assert up_to("typo_twins", rows.table())["twin_of"].to_pylist() == [None, "0" * 16, "0" * 16]


def test_twins_are_stars_and_never_chains() -> None:
    rows = Rows()
    for text in ("could you pass the salt", "could you pass the sald", "could you pass the solds"):
        rows.add(text)
    assert up_to("typo_twins", rows.table())["twin_of"].to_pylist() == [None, "0" * 16, None]


# a row beside the boundary cases of the law
BOUNDARY = [
    ("salt please", "salt please"),
    ("SALT please!!", "salt please"),
    ("sal please", "salt please"),
    ("salt, please", "salt please"),
    ("the salt please", None),
    ("pepper please", None),
    ("麻烦借过一下。", "麻烦借过一下"),
    ("麻烦借过下", "麻烦借过一下"),
    ("麻烦让一下", None),
    ("麻烦借借一下", "麻烦借过一下"),
    ("well thank you so very much genious", "well thank you so very much genius"),
    ("thank you", None),
    ("", None),
    ("!", None),
]


@pytest.mark.parametrize(("text", "case"), BOUNDARY)
@pytest.mark.parametrize("label", ["Polite", "Rude"])
def test_boundary_twins_whatever_their_label(text: str, case: str | None, label: str) -> None:
    assert up_to("boundary_twins", Rows().add(text, label).table())["boundary_of"].to_pylist() == [case]


def test_without_boundary_cases_nothing_is_one() -> None:
    law = courtesy.law(boundary_cases=[])
    assert up_to("boundary_twins", Rows().add("salt please").table(), law)["boundary_of"].to_pylist() == [None]


def test_families_join_moulds_pairs_and_neighbours() -> None:
    rows = Rows()
    rows.add("one of a mould", mould="m").add("completely different words", mould="m")
    rows.add("half of a pair", pair="p:1").add("and its other side", "Rude", pair="p:1")
    rows.add("could you pass the salt").add("could you pass the salts", "Rude")
    rows.add("quite alone").add("also by itself")
    rows.add("joins mould and pair", mould="m", pair="p:2").add("reached over two steps", pair="p:2")
    family = tags(up_to("families", rows.table()), "family")
    groups: dict[str, set[str]] = {}
    for text, name in family.items():
        groups.setdefault(name, set()).add(text)
    assert sorted(len(g) for g in groups.values()) == [1, 1, 2, 2, 4]
    assert family["reached over two steps"] == family["one of a mould"] == "0" * 16, "named by the smallest id"


def test_similarity_links_no_family_beyond_its_largest_size() -> None:
    """The most similar are linked first; equal shingles and moulds are one family whatever its size."""
    rows = Rows()
    for text in ("could you pass the salt", "could you pass the salts", "could you pass the saltshaker"):
        rows.add(text).add(text + "?", "Rude")
    family = tags(up_to("families", rows.table(), largest=4), "family")
    assert family["could you pass the salt"] == family["could you pass the salts?"] == "0" * 16
    assert family["could you pass the saltshaker"] == family["could you pass the saltshaker?"] == "4".zfill(16)
    assert len(set(tags(up_to("families", rows.table(), largest=1), "family").values())) == 3
    assert len(set(tags(up_to("families", rows.table(), largest=6), "family").values())) == 1


def test_of_a_family_the_best_rows_stay() -> None:
    rows = Rows()
    for n in range(6):
        rows.add(f"words number {'abcdef'[n] * 9}", mould="m", origin="corpus" if n > 3 else "generated")
    rows.add("WORDS number aaaaaaaaa", mould="m").add("words number gggggggg", mould="m", source="letters")
    table = up_to("families", rows.table(("letters",)), keep=3)
    assert [tag is not None for tag in table["crowded_by"].to_pylist()] == [False] + [True] * 3 + [False] * 4
    assert set(removal_reasons(table)) == {"", "duplicate", "crowded"}
    assert "crowded_by" not in up_to("families", rows.table()).column_names


def weights(strength: float, **more: object) -> dict[str, float]:
    rows = Rows()
    for text in ("好的请坐", "多谢帮忙", "劳驾让让"):
        rows.add(text)
    rows.add("滚开", "Rude").add("thanks a lot friend", source="letters").add("go away now", "Rude", origin="corpus")
    return tags(up_to("balance", rows.table(), None, strength=strength, **more), "weight")


def test_balance_weighs_and_throws_nothing_away() -> None:
    even = weights(1.0)
    assert len(even) == 6
    totals = [even["好的请坐"] * 3, even["滚开"], even["thanks a lot friend"], even["go away now"]]
    assert totals == pytest.approx([1.5] * 4), "every language and label alike"
    assert set(weights(0.0).values()) == {1.0}
    half = weights(0.5)
    assert even["好的请坐"] < half["好的请坐"] < 1.0 < half["滚开"] < even["滚开"]
    assert sum(half.values()) == pytest.approx(6)


def test_balance_by_origin_and_source() -> None:
    base, less = weights(0.0), weights(0.0, origin={"corpus": 4.0}, source={"letters": 0.5})
    scale = less["好的请坐"] / base["好的请坐"]
    assert less["go away now"] == pytest.approx(4 * scale) and less["thanks a lot friend"] == pytest.approx(scale / 2)


def test_balance_counts_no_duplicates_and_no_withheld_rows() -> None:
    rows = Rows().add("请坐").add("请坐。").add("多谢").add("滚开", "Rude").add("走开", "Rude", source="letters")
    weight = tags(up_to("balance", rows.table(("letters",)), None, strength=1.0), "weight")
    assert weight["滚开"] == pytest.approx(2 * weight["请坐"])


@pytest.mark.parametrize("settings", [{"strength": 1.1}, {"strength": -0.1}, {"origin": {"x": 0}}, {"other": 1}])
def test_balance_refuses_settings_that_would_drop_rows(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        up_to("balance", Rows().add("x").table(), None, **settings)

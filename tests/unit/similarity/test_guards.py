"""What keeps two similar sentences apart."""

from __future__ import annotations

import pytest

from foundry_engine.similarity.guards import guard_key, is_typo_twin


@pytest.mark.parametrize(
    ("a", "b", "twins"),
    [
        ("turn on the lamp", "turn on the lmap", False),
        ("turn on the lamp", "turn on the lamb", True),
        ("turn on the lamp", "turn on the lamp please", False),
        ("turn it on", "turn it off", False),
        ("do it", "do it", True),
        ("i can do it", "i can't do it", False),
        ("cancel it", "cancel in", False),
        ("set it to 15", "set it to 50", False),
        ("set it to 15", "set it to 16", False),
        ("set it to 15 percent", "set it to 15 percnt", True),
        ("三点开会", "四点开会", False),
        ("三点开会吧", "三点开会把", True),
        ("我确认订单", "我不确认订单", False),
        ("打开空调", "打关空调", False),
        ("左转", "右转", False),
        ("真的吗", "真的呢", False),
        ("真的吗", "真的吧", False),
        ("今天天气不错", "今天天汽不错", True),
        ("今天天气不错", "今天天气没错", False),
        ("no problem", "no problm", True),
        ("no problem", "problem no", False),
        ("yes of course", "yes of coarse", True),
        ("a" * 60, "a" * 57, True),
        ("a" * 60, "a" * 56, False),
        ("", "", True),
        ("", "a", True),
    ],
)
def test_typo_twins(a: str, b: str, twins: bool) -> None:
    assert is_typo_twin(a, b) is twins is is_typo_twin(b, a)


def test_a_constitutions_negations_count_too() -> None:
    assert is_typo_twin("算了吧好", "算子吧好")
    assert not is_typo_twin("算了吧好", "算子吧好", negations=["算了"])
    assert not is_typo_twin("scrap it now", "scrip it now", negations=["scrap"])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", ("", "", ())),
        ("3 of 10 people", ("310", "", ())),
        ("二十五度以上", ("二十五", "上", ())),
        ("do not turn it off, don't", ("", "", ("not", "off", "t"))),
        ("no和不", ("", "不", ("no",))),
        ("unknown", ("", "", ())),
    ],
)
def test_guard_keys(text: str, key: tuple) -> None:
    assert guard_key(text) == key

"""The lexicon sees through disguises and leaves everyday words alone."""

from __future__ import annotations

import pytest

from foundry_engine.scanning import toxic_terms

FOUND = [
    ("你是不是傻b啊", "傻逼"),
    ("傻 * 逼", "傻逼"),
    ("女表子", "婊子"),
    ("賤人", "贱人"),
    ("煞\u200b笔", "煞笔"),
    ("ＦＵＣＫ", "fuck"),
    ("f.u.c.k you", "fuck"),
    ("fuuuuck", "fuck"),
    ("a$$hole", "asshole"),
    ("B1tch!", "bitch"),
    ("f**k", "fuck"),
    ("n.m.s.l", "nmsl"),
    ("kill  yourself", "kill yourself"),
]


@pytest.mark.parametrize(("text", "term"), FOUND)
def test_disguises(text: str, term: str) -> None:
    assert [found.term for found in toxic_terms(text)] == [term]


@pytest.mark.parametrize(
    "text",
    [
        "操作系统",
        "妈的生日快到了",
        "垃圾分类",
        "Scunthorpe",
        "class assignment",
        "Niger and Nigeria",
        "shiitake",
        "鸡汤",
        "",
        "Dickens",
    ],
)
def test_everyday_words(text: str) -> None:
    assert toxic_terms(text) == []


def test_positions_are_of_the_original_text() -> None:
    text = "\u200b你个\u200b傻-逼，FUCK"
    assert [text[t.start : t.end] for t in toxic_terms(text)] == ["傻-逼", "FUCK"]


@pytest.mark.parametrize("unit", ["傻", "傻*", "f ", "fu", "!", "$a", "草 "])
def test_long_texts_end(unit: str) -> None:
    assert toxic_terms((unit * 200_000)[:200_000]) == []

"""Moulds become sentences: brackets, slots and minimal pairs."""

from __future__ import annotations

from random import Random

import pytest

from foundry_engine.providers.offline import expand

BANKS = {"who": ["mom", "boss"], "thing": ["(salt|x)", "{who}"]}
EXPANDED: list[tuple[str, set[str]]] = [
    ("plain", {"plain"}),
    ("", {""}),
    ("(a|b)", {"a", "b"}),
    ("(a|)z", {"az", "z"}),
    ("(|)", {""}),
    ("(a)", {"a"}),
    ("(a|(b|c)d)e", {"ae", "bde", "cde"}),
    ("(a|b)(c|d)", {"ac", "ad", "bc", "bd"}),
    ("a|b", {"a|b"}),  # outside of brackets a bar is a bar
    ("{who}!", {"mom!", "boss!"}),
    ("{who}{who}", {"mommom", "momboss", "bossmom", "bossboss"}),
    ("(hi {who}|)", {"hi mom", "hi boss", ""}),
    ("{thing}", {"(salt|x)", "{who}"}),  # what is filled in is not expanded again
]


@pytest.mark.parametrize(("mould", "sentences"), EXPANDED)
def test_every_sentence_of_a_mould_and_no_other(mould: str, sentences: set[str]) -> None:
    assert {expand(mould, BANKS, Random(seed)) for seed in range(80)} == sentences


def test_the_halves_of_a_pair_get_the_same_fillings() -> None:
    for pair in range(20):
        first = expand("please {who}", BANKS, Random(1), f"{pair}:bring")
        second = expand("(never|stop) {who} never", BANKS, Random(2), f"{pair}:bring")
        assert first.split()[1] == second.split()[1]
    fillings = {expand("{who}", BANKS, Random(1), f"{pair}:bring") for pair in range(20)}
    assert fillings == {"mom", "boss"}, "and other pairs others"

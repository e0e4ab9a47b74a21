"""Moulds become sentences: brackets, slots and minimal pairs."""

from __future__ import annotations

import asyncio
import json
from random import Random

import pytest

from foundry_engine.completions import CompletionRequest, ProviderContext
from foundry_engine.providers.offline import Provider, Settings, expand
from tests import courtesy

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


def test_a_mould_of_weight_0_is_never_drawn() -> None:
    for weights in ({"a": 0.0}, {"a": 0.0, "b": 1.0}):
        moulds = {
            name: {"label": "Polite", "language": "en", "texts": [name], "weight": weight}
            for name, weight in weights.items()
        }
        context = ProviderContext(courtesy.law(grammar={"moulds": moulds}))
        cell = {"label": "Polite", "language": "en"}
        request = CompletionRequest(system="", user="", schema={}, cell=cell, count=3, seed=1)
        reply = asyncio.run(Provider(Settings(), context).complete(request))
        assert {item["text"] for item in json.loads(reply.text)["items"]} == {n for n, w in weights.items() if w}

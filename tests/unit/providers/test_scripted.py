"""The scripted provider: replies in turn, with the cell's own words in them."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import ValidationError

from foundry_engine.completions import CompletionRequest, ProviderContext
from foundry_engine.errors import ProviderError
from foundry_engine.providers.scripted import FAULTS, Provider, Settings
from tests import courtesy

REQUEST = CompletionRequest("s", "user", {}, {"label": "Rude", "language": "zh", "trap": None}, 1, 1)


def texts(*replies: str, times: int) -> list[str]:
    provider = Provider(Settings(replies=list(replies)), ProviderContext(courtesy.law()))
    return [asyncio.run(provider.complete(REQUEST)).text for _ in range(times)]


def test_replies_come_in_turn_and_begin_again() -> None:
    assert texts("a", "b", "c", times=5) == ["a", "b", "c", "a", "b"]


def test_a_reply_speaks_of_its_cell() -> None:
    assert texts("{label} {language} {trap} {n} {other}", times=2) == [
        "Rude zh None 1 {other}",
        "Rude zh None 2 {other}",
    ]


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_is_raised_and_the_next_reply_comes(fault: str) -> None:
    provider = Provider(Settings(replies=[fault, "fine"]), ProviderContext(courtesy.law()))
    with pytest.raises(ProviderError) as raised:
        asyncio.run(provider.complete(REQUEST))
    assert type(raised.value) is FAULTS[fault]
    assert asyncio.run(provider.complete(REQUEST)).text == "fine"


def test_a_script_without_replies_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        Settings(replies=[])

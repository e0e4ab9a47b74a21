"""Declared models become scopes: keys, prices, limits, and every mistake said."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from foundry_engine.errors import ConfigError, InvalidSetting, MissingSetting, UnknownComponent
from foundry_engine.llm_pool import LlmPool, ModelEntry, Price
from foundry_engine.llm_pool.prices import SHIPPED, read_prices

LOCAL = {"model": "m-1", "base_url": "http://127.0.0.1:9/v1", "keys": "MY_KEYS"}


def entry(**changes: Any) -> ModelEntry:
    return ModelEntry.model_validate({"provider": "openai_compatible", "settings": LOCAL, **changes})


def opened(*entries: ModelEntry, **options: Any) -> LlmPool:
    pool = LlmPool.open(entries, {"MY_KEYS": "k1,k2,k3"}, **options)
    asyncio.run(pool.close())
    return pool


def test_every_key_is_a_scope_of_its_own() -> None:
    scopes = opened(entry(weight=2.0, group=1, safe_rps=5, concurrency=7)).scopes
    assert [(s.name, s.key, s.keys, s.key_source) for s in scopes] == [("m-1", n, 3, "MY_KEYS") for n in (1, 2, 3)]
    assert {(s.weight, s.group, s.concurrency) for s in scopes} == {(2.0, 1, 7)}
    assert len({id(s.provider) for s in scopes}) == 3
    assert "k1" not in repr(scopes) and "k2" not in repr(scopes)


def test_a_server_without_keys_is_one_scope() -> None:
    (scope,) = opened(entry(settings={**LOCAL, "keys": ""}, name="mine")).scopes
    assert (scope.name, scope.key, scope.keys) == ("mine", 0, 0)


MISTAKES: list[tuple[dict[str, Any], dict[str, Any], type[ConfigError], str]] = [
    ({"provider": "openai_compatble"}, {}, UnknownComponent, "did you mean 'openai_compatible'"),
    ({"settings": {"model": "m"}}, {}, InvalidSetting, "'openai_compatible' needs base_url"),
    ({"settings": {**LOCAL, "base_url": "ftp://x"}}, {}, InvalidSetting, "base_url: string should match"),
    ({"settings": {**LOCAL, "verify": False}}, {}, InvalidSetting, "needs verify: extra inputs are not permitted"),
    ({"settings": {**LOCAL, "extra": {"seed": 1}}}, {}, InvalidSetting, "'seed' has a setting of its own"),
    ({"settings": {**LOCAL, "ca_file": "/nowhere.pem", "base_url": "https://x"}}, {}, InvalidSetting, "nowhere.pem"),
    ({"settings": {**LOCAL, "keys": "NONE_SET"}}, {}, MissingSetting, "put NONE_SET=key1,key2 into .env"),
    ({}, {"budget": 1.0}, InvalidSetting, "the price of m-1 is not known. Give the model a price, or cap tokens"),
    ({"provider": "offline", "settings": {}}, {}, InvalidSetting, "writes from a constitution's grammar"),
]


@pytest.mark.parametrize(("changes", "options", "kind", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes_are_said(
    changes: dict[str, Any], options: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as raised:
        opened(entry(**changes), **options)
    assert message in str(raised.value)


def test_a_bad_key_is_named_by_its_place() -> None:
    with pytest.raises(InvalidSetting, match="key 2 in MY_KEYS holds a blank"):
        LlmPool.open([entry()], {"MY_KEYS": "good,b ad"})


def test_an_empty_pool_is_a_mistake() -> None:
    with pytest.raises(InvalidSetting, match="at least one model"):
        opened()


# prices


def test_every_shipped_price_says_when_and_where_it_was_read() -> None:
    prices = read_prices()
    assert prices and all(price.date and price.source and price.output >= price.input for price in prices.values())


def test_ones_own_prices_go_before_the_shipped_and_a_declared_one_before_both(tmp_path: Path) -> None:
    own = tmp_path / "prices.yaml"
    own.write_text("m-1: {input: 1, output: 2.5}\ngemini-2.5-flash: {input: 9, output: 9}\n", "utf-8")
    assert read_prices(own)["gemini-2.5-flash"].input == 9
    assert read_prices(own)["deepseek-chat"] == read_prices()["deepseek-chat"]
    pool = opened(entry(), budget=1.0, prices=own)
    assert pool.scopes[0].price == Price(input=1, output=2.5)
    declared = opened(entry(price={"input": 3, "output": 4, "date": "2026-01-02"}), prices=own).scopes[0].price
    assert declared is not None and (declared.input, str(declared.date)) == (3, "2026-01-02")


BAD_PRICES = [
    ("m: {input: -1, output: 2}", "prices.yaml:1:12"),
    ("m: {input: 1}", "field required"),
    ("m: {input: 1, output: 2, date: soon}", "valid date"),
    ("m: {input: 1, output: 2, currency: EUR}", "extra inputs"),
    ("- m", "valid dictionary"),
]


@pytest.mark.parametrize(("text", "message"), BAD_PRICES)
def test_a_wrong_price_file_is_said_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    own = tmp_path / "prices.yaml"
    own.write_text(text + "\n", "utf-8")
    with pytest.raises(InvalidSetting) as raised:
        read_prices(own)
    assert message in raised.value.message and "prices.yaml:1:" in raised.value.message


def test_the_price_file_is_shipped_with_the_package() -> None:
    assert SHIPPED.parent.name == "llm_pool" and SHIPPED.is_file()


def test_a_price_file_that_is_not_there_is_said_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting) as raised:
        read_prices(tmp_path / "nosuch.yaml")
    assert raised.value.message.count("nosuch.yaml") == 1

"""The fake as a server: faults at their rates, counters, limits, and a clean end."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from foundry_engine.fake_llm.faults import FAULTS
from foundry_engine.fake_llm.server import FakeLlm
from foundry_engine.fake_llm.settings import FakeSettings

SCHEMA = {"type": "object", "properties": {"label": {"enum": ["A", "B"]}}, "required": ["label"]}


def talking(
    work: Callable[[aiohttp.ClientSession, FakeLlm], Awaitable[Any]], patience: float = 30.0, **settings: Any
) -> Any:
    async def go() -> Any:
        timeout = aiohttp.ClientTimeout(total=patience)
        made = FakeSettings.model_validate({"latency": 0, **settings})
        async with FakeLlm(made) as fake, aiohttp.ClientSession(fake.url, timeout=timeout) as client:
            return await work(client, fake)

    return asyncio.run(go())


async def seen(client: aiohttp.ClientSession, n: int, path: str = "/v1/chat/completions") -> tuple[str, str]:
    """What one call looks like from outside: a status or an exception, and the body."""
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    body = {"model": "m", "messages": [{"role": "user", "content": f"label {n}"}], "response_format": form}
    try:
        async with client.post(path, json=body, headers={"Authorization": "Bearer sk-12345678"}) as reply:
            return str(reply.status), await reply.text()
    except (aiohttp.ClientError, TimeoutError) as error:
        return type(error).__name__, ""


def looks(status: str, text: str) -> str:
    """The fault a call shows."""
    if status != "200":
        known = {"429": "rate_limited", "500": "server_error", "503": "server_error", "TimeoutError": "hang"}
        return known.get(status, "drop")
    if text.startswith("<html"):
        return "html"
    choice = json.loads(text)["choices"][0]
    content, finish = choice["message"]["content"], choice["finish_reason"]
    if choice["message"]["refusal"]:
        return "refused"
    if finish != "stop":
        return {"length": "truncated", "content_filter": "blocked"}[finish]
    if not content:
        return "empty"
    try:
        return "none" if json.loads(content)["label"] in ("A", "B") else "outside_schema"
    except ValueError:
        return "malformed"


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"slow"}))
def test_every_fault_looks_as_it_should_and_is_counted(fault: str) -> None:
    async def work(client: aiohttp.ClientSession, fake: FakeLlm) -> None:
        for n in range(2):
            assert looks(*await seen(client, n)) == fault
        await asyncio.sleep(0.05)
        assert fake.counters.shown()["faults"] == {fault: 2}
        assert fake.counters.in_flight == 0

    talking(work, faults={fault: 1.0}, hang=30.0, patience=0.3 if fault == "hang" else 30.0)


def test_faults_come_at_their_rates_and_the_same_ones_for_the_same_seed() -> None:
    faults = {"rate_limited": 0.1, "empty": 0.1, "malformed": 0.1}

    async def work(client: aiohttp.ClientSession, fake: FakeLlm) -> list[str]:
        return [looks(*found) for found in await asyncio.gather(*(seen(client, n) for n in range(400)))]

    first, again = (talking(work, faults=faults, seed=3) for _ in range(2))
    assert first == again != talking(work, faults=faults, seed=4)
    found = Counter(first)
    assert all(20 <= found[fault] <= 65 for fault in faults) and found["none"] > 230


def test_a_request_repeated_has_another_fate() -> None:
    async def work(client: aiohttp.ClientSession, fake: FakeLlm) -> set[str]:
        return {looks(*await seen(client, 1)) for _ in range(40)}

    assert talking(work, faults={"server_error": 0.5}) == {"none", "server_error"}


def test_a_slow_answer_comes_whole() -> None:
    async def work(client: aiohttp.ClientSession, fake: FakeLlm) -> str:
        return looks(*await seen(client, 1))

    assert talking(work, faults={"slow": 1.0}, slow=0.1) == "none"


def test_a_real_limit_refuses_what_is_too_much_and_says_when() -> None:
    async def work(client: aiohttp.ClientSession, fake: FakeLlm) -> list[str]:
        return sorted([(await seen(client, n))[0] for n in range(5)])

    assert talking(work, rpm=3) == ["200", "200", "200", "429", "429"]


def test_counters_show_keys_by_their_end_only_and_can_be_reset() -> None:
    async def work(client: aiohttp.ClientSession, fake: FakeLlm) -> None:
        await asyncio.gather(*(seen(client, n) for n in range(20)))
        async with client.get("/counters") as reply:
            shown = await reply.json()
        assert (shown["total"], shown["keys"], shown["statuses"]) == (20, {"…5678": 20}, {"200": 20})
        assert 2 <= shown["most_in_flight"] <= 20 and shown["tokens"]["output"] > 0
        async with client.post("/counters/reset") as reply:
            assert (await reply.json())["total"] == 0

    talking(work, latency=0.02)


BODIES = [b"", b"[]", b"{", b"{}", b'{"model": "m", "messages": 7}', b"\xff", b"[" * 100_000]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1beta/models/m:generateContent"])
def test_what_is_no_request_is_refused(path: str, body: bytes) -> None:
    async def work(client: aiohttp.ClientSession, fake: FakeLlm) -> int:
        async with client.post(path, data=body) as reply:
            assert "is no" in (await reply.json())["error"]["message"]
            return reply.status

    assert talking(work) == 400


def test_settings_that_cannot_be_are_said() -> None:
    with pytest.raises(ValidationError, match="no fault 'dorp'"):
        FakeSettings(faults={"dorp": 0.1})
    with pytest.raises(ValidationError, match="add up to"):
        FakeSettings(faults={"drop": 0.6, "empty": 0.6})

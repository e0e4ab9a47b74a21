"""The fake model server's shapes, proven by the clients their owners ship."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from foundry_engine.fake_llm.server import FakeLlm
from foundry_engine.fake_llm.settings import FakeSettings

SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "label": {"enum": ["A", "B"]}, "n": {"type": "integer", "minimum": 3}},
    "required": ["text", "label", "n"],
    "additionalProperties": False,
}
Talk = Callable[[Any, FakeLlm], Awaitable[None]]


def with_openai(talk: Talk, **settings: Any) -> None:
    import openai

    async def go() -> None:
        async with (
            FakeLlm(FakeSettings.model_validate({"latency": 0, **settings})) as fake,
            openai.AsyncOpenAI(api_key="sk-1", base_url=f"{fake.url}/v1", max_retries=0, timeout=2.0) as client,
        ):
            await talk(client, fake)

    asyncio.run(go())


def with_gemini(talk: Talk, version: str = "v1beta", **settings: Any) -> None:
    import httpx2
    from google import genai
    from google.genai import types

    async def go() -> None:
        async with (
            FakeLlm(FakeSettings.model_validate({"latency": 0, **settings})) as fake,
            httpx2.AsyncClient() as http,
        ):
            options = types.HttpOptions(base_url=fake.url, api_version=version, timeout=2000, httpx_async_client=http)
            client = genai.Client(api_key="AIza-1", http_options=options)
            await talk(client, fake)
            await client.aio.aclose()
            client.close()

    with warnings.catch_warnings():
        asyncio.run(go())


def form() -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "row", "schema": SCHEMA, "strict": True}}


def is_valid(text: str | None) -> bool:
    import jsonschema_rs

    return jsonschema_rs.is_valid(SCHEMA, json.loads(text or ""))


MESSAGES: list[Any] = [{"role": "system", "content": "You label."}, {"role": "user", "content": "Label: hello"}]


def test_openais_client_reads_an_answer() -> None:
    async def talk(client: Any, fake: FakeLlm) -> None:
        reply = await client.chat.completions.create(model="m", messages=MESSAGES, response_format=form(), seed=1)
        (choice,) = reply.choices
        assert choice.finish_reason == "stop" and is_valid(choice.message.content)
        assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0
        assert fake.counters.shown()["models"] == {"m": 1}
        assert fake.counters.shown()["keys"] == {"…sk-1": 1}

    with_openai(talk)


def test_openais_client_reads_a_stream_and_the_models() -> None:
    async def talk(client: Any, fake: FakeLlm) -> None:
        stream = await client.chat.completions.create(
            model="m", messages=MESSAGES, response_format=form(), stream=True, stream_options={"include_usage": True}
        )
        parts = [part async for part in stream]
        text = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
        assert is_valid(text) and len(parts) > 4
        assert parts[-2].choices[0].finish_reason == "stop" and parts[-1].usage.completion_tokens > 0
        assert [model.id async for model in client.models.list()] == ["m", "n"]

    with_openai(talk, models=["m", "n"])


def openai_faults() -> list[tuple[str, dict[str, Any], str, int | None]]:
    return [
        ("rate_limited", {}, "RateLimitError", 429),
        ("server_error", {}, "InternalServerError", None),
        ("hang", {}, "APITimeoutError", None),
        ("drop", {}, "APIConnectionError", None),
        ("none", {"keys": ["sk-other"]}, "AuthenticationError", 401),
        ("none", {"models": ["another"]}, "NotFoundError", 404),
    ]


@pytest.mark.parametrize(("fault", "settings", "error", "status"), openai_faults())
def test_openais_client_knows_the_faults(fault: str, settings: dict[str, Any], error: str, status: int | None) -> None:
    import openai

    async def talk(client: Any, fake: FakeLlm) -> None:
        with pytest.raises(getattr(openai, error)) as raised:
            await client.chat.completions.create(model="m", messages=MESSAGES, timeout=0.5)
        if status:
            assert raised.value.status_code == status
        if status == 429:
            assert raised.value.response.headers["Retry-After"] == "7"

    faults = {} if fault == "none" else {fault: 1.0}
    with_openai(talk, faults=faults, retry_after=7, hang=5, **settings)


FINISHED = [("truncated", "length"), ("blocked", "content_filter"), ("refused", "stop"), ("empty", "stop")]


@pytest.mark.parametrize(("fault", "finish"), FINISHED)
def test_openais_client_sees_how_an_answer_ended(fault: str, finish: str) -> None:
    async def talk(client: Any, fake: FakeLlm) -> None:
        reply = await client.chat.completions.create(model="m", messages=MESSAGES, response_format=form())
        (choice,) = reply.choices
        assert choice.finish_reason == finish
        assert bool(choice.message.refusal) == (fault == "refused")
        assert fake.counters.shown()["faults"] == {fault: 1}

    with_openai(talk, faults={fault: 1.0})


CONFIG: dict[str, Any] = {"response_mime_type": "application/json", "response_json_schema": SCHEMA, "seed": 3}


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_googles_client_reads_an_answer(version: str) -> None:
    async def talk(client: Any, fake: FakeLlm) -> None:
        reply = await client.aio.models.generate_content(model="m", contents="Label: hello", config=CONFIG)
        assert is_valid(reply.text) and reply.parsed["label"] in ("A", "B")
        assert reply.candidates[0].finish_reason.name == "STOP"
        usage = reply.usage_metadata
        assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count > 0

    with_gemini(talk, version)


def test_googles_client_reads_a_stream() -> None:
    async def talk(client: Any, fake: FakeLlm) -> None:
        stream = await client.aio.models.generate_content_stream(model="m", contents="Label: hello", config=CONFIG)
        parts = [part async for part in stream]
        assert is_valid("".join(part.text or "" for part in parts)) and len(parts) > 2

    with_gemini(talk)


def test_googles_client_knows_a_limit() -> None:
    from google.genai import errors

    async def talk(client: Any, fake: FakeLlm) -> None:
        with pytest.raises(errors.ClientError) as raised:
            await client.aio.models.generate_content(model="m", contents="hello")
        assert raised.value.code == 429
        (info,) = raised.value.details["error"]["details"]
        assert info["retryDelay"] == "7s"

    with_gemini(talk, faults={"rate_limited": 1.0}, retry_after=7)


GEMINI_FINISHED = [
    ("truncated", "MAX_TOKENS", None),
    ("refused", "SAFETY", None),
    ("blocked", None, "PROHIBITED_CONTENT"),
]


@pytest.mark.parametrize(("fault", "finish", "blocked"), GEMINI_FINISHED)
def test_googles_client_sees_how_an_answer_ended(fault: str, finish: str | None, blocked: str | None) -> None:
    async def talk(client: Any, fake: FakeLlm) -> None:
        reply = await client.aio.models.generate_content(model="m", contents="Label: hello", config=CONFIG)
        if finish:
            assert reply.candidates[0].finish_reason.name == finish
        else:
            assert not reply.candidates and reply.prompt_feedback.block_reason.name == blocked

    with_gemini(talk, faults={fault: 1.0})

"""The real google-genai client against a service on the loopback: every answer and every fault it may meet."""

from __future__ import annotations

import asyncio
import json

import pytest

from foundry_engine.completions import Completion, CompletionRequest, ProviderContext, Usage
from foundry_engine.errors import (
    InvalidSetting,
    MalformedReply,
    MissingSetting,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unavailable,
)
from foundry_engine.generation.prompt import reply_schema
from foundry_engine.providers import gemini
from tests import courtesy
from tests.fake_gemini import Answer, Reply, Service, failed, said, served

KEY, OTHER = "AIzaFirst0123456789", "AIzaOther9876543210"
REQUEST = CompletionRequest("the system", "the user", reply_schema(), {"label": "Polite"}, 2, 2**40 + 9)
GOOD = '{"items": [{"text": "请坐"}]}'


def settings(service: Service, **more: object) -> gemini.Settings:
    return gemini.Settings.model_validate({"model": "m-1", "base_url": service.url, "timeout": 5.0, **more})


def ask(answer: Answer, keys: str = KEY, times: int = 1, **more: object) -> tuple[list[Completion], Service]:
    """So many completions, one after the other."""

    async def go(service: Service) -> list[Completion]:
        context = ProviderContext(courtesy.law(), {gemini.KEYS: keys})
        provider = gemini.Provider(settings(service, **more), context)
        try:
            return [await provider.complete(REQUEST) for _ in range(times)]
        finally:
            await provider.close()

    with served(answer) as service:
        return asyncio.run(go(service)), service


def test_what_is_asked_is_what_the_protocol_wants() -> None:
    (completion,), service = ask(
        lambda *_: said(GOOD), max_output_tokens=100, temperature=0.5, thinking_level="low", api_version="v1"
    )
    assert completion == Completion(GOOD, Usage(11, 5), "stop")
    (asked,) = service.asked
    assert (asked.path, asked.key) == ("/v1/models/m-1:generateContent", KEY)
    assert asked.body["contents"][0]["parts"] == [{"text": "the user"}]
    assert asked.body["systemInstruction"]["parts"] == [{"text": "the system"}]
    assert asked.body["generationConfig"] == {
        "temperature": 0.5,
        "maxOutputTokens": 100,
        "seed": REQUEST.seed % 2**31,
        "responseMimeType": "application/json",
        "responseJsonSchema": reply_schema(),
        "thinkingConfig": asked.body["generationConfig"]["thinkingConfig"],  # the SDK's spelling of the key varies
    }
    assert list(asked.body["generationConfig"]["thinkingConfig"].values()) == ["LOW"]


def test_the_version_of_the_protocol_can_be_set() -> None:
    _, service = ask(lambda *_: said(GOOD), api_version="v1beta")
    assert service.asked[0].path.startswith("/v1beta/")


def body(**fields: object) -> Reply:
    return Reply(200, json.dumps(fields))


THOUGHT = {
    "content": {"parts": [{"text": "hm", "thought": True}, {"text": "a"}, {"text": "b"}]},
    "finishReason": "STOP",
}
COMPLETIONS = [
    ("thinking is paid for and not passed on", body(candidates=[THOUGHT]), Completion("ab", Usage(), "stop")),
    ("thinking counts as output", said(GOOD, thoughtsTokenCount=7), Completion(GOOD, Usage(11, 12), "stop")),
    ("cut at the limit", said('{"items": [{"te', "MAX_TOKENS"), Completion('{"items": [{"te', Usage(11, 5), "length")),
    ("blocked for safety", said("", "SAFETY"), Completion("", Usage(11, 5), "blocked")),
    ("blocked as a recitation", body(candidates=[{"finishReason": "RECITATION"}]), Completion("", Usage(), "blocked")),
    ("prompt blocked", body(promptFeedback={"blockReason": "SAFETY"}), Completion("", Usage(), "blocked")),
    ("no candidates", body(candidates=[]), Completion("", Usage(), "blocked")),
    ("an empty object", body(), Completion("", Usage(), "blocked")),
    ("a candidate without content", body(candidates=[{"finishReason": "STOP"}]), Completion("", Usage(), "stop")),
    ("a list", Reply(200, "[1, 2]"), Completion("", Usage(), "blocked")),
    ("another reason", said(GOOD, "OTHER"), Completion(GOOD, Usage(11, 5), "stop")),
]


@pytest.mark.parametrize(("reply", "expected"), [c[1:] for c in COMPLETIONS], ids=[c[0] for c in COMPLETIONS])
def test_replies_become_completions(reply: Reply, expected: Completion) -> None:
    assert ask(lambda *_: reply)[0] == [expected]


HTML = "<html><body>Bad Gateway</body></html>"
FAULTS: list[tuple[str, Reply, type[ProviderError], str]] = [
    ("HTML instead of JSON", Reply(200, HTML, {"Content-Type": "text/html"}), MalformedReply, "Is base_url right"),
    ("half of a JSON", Reply(200, '{"candidates": [{"con'), MalformedReply, "no response"),
    ("HTML and an error", Reply(502, HTML, {"Content-Type": "text/html"}), Unavailable, "HTTP 502"),
    ("500", failed(500, "internal"), Unavailable, "model 'm-1': HTTP 500 internal"),
    ("503", failed(503, "overloaded"), Unavailable, "HTTP 503 overloaded"),
    ("504", failed(504, "deadline"), Unavailable, "HTTP 504"),
    ("408", failed(408, "slow"), TimedOut, "HTTP 408"),
    ("404", failed(404, "no such model"), Refused, "model 'm-1' is not known to the service"),
    ("400", failed(400, "Invalid schema"), Refused, r"the request is refused \(HTTP 400 Invalid schema\)"),
    ("429", failed(429, "quota"), RateLimited, "HTTP 429 quota"),
    ("401, the only key", failed(401, "unauthenticated"), Refused, "the key is refused: HTTP"),
    ("403, the only key", failed(403, "denied"), Refused, r"the key is refused: HTTP 403 denied\. Check the key"),
    ("400 for a wrong key", failed(400, "API key not valid."), Refused, "the key is refused: HTTP"),
    ("400 for a wrong key", failed(400, "API_KEY_INVALID"), Refused, "the key is refused: HTTP"),
    ("an empty error", Reply(500, ""), Unavailable, "HTTP 500"),
]


@pytest.mark.parametrize(("reply", "kind", "message"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_faults_become_the_foundrys_errors(reply: Reply, kind: type[ProviderError], message: str) -> None:
    with pytest.raises(kind, match=message) as raised:
        ask(lambda *_: reply)
    assert type(raised.value) is kind
    assert len(raised.value.message) < 500 and "\n" not in raised.value.message


WAITS = [
    (failed(429, "quota", retryDelay="7s"), 7.0),
    (failed(429, "quota", retryDelay="0.25s"), 0.25),
    (Reply(429, failed(429, "quota", retryDelay="7s").body, {"Retry-After": "3"}), 3.0),
    (failed(429, "quota", retryDelay="soon"), None),
    (failed(429, "quota"), None),
    (failed(429, "quota", retryDelay="0s"), 0.0),
    (failed(429, "quota", retryDelay="-5s"), 0.0),
]


@pytest.mark.parametrize(("reply", "wait"), WAITS)
def test_at_the_limit_the_service_names_the_wait(reply: Reply, wait: float | None) -> None:
    with pytest.raises(RateLimited) as raised:
        ask(lambda *_: reply)
    assert raised.value.retry_after == wait


def test_a_slow_service_times_out() -> None:
    with pytest.raises(TimedOut, match="model 'm-1': no answer in time"):
        ask(lambda *_: Reply(200, "", held=True), timeout=0.3)


def test_nobody_at_home() -> None:
    with served(lambda *_: said(GOOD)) as service:
        pass

    async def go() -> None:
        provider = gemini.Provider(settings(service), ProviderContext(courtesy.law(), {gemini.KEYS: KEY}))
        try:
            await provider.complete(REQUEST)
        finally:
            await provider.close()

    with pytest.raises(Unavailable, match="connection failed"):
        asyncio.run(go())


def test_a_refused_key_is_never_told() -> None:
    with pytest.raises(Refused) as raised:
        ask(lambda a, _: failed(401, f"bad key {a.key}"))
    error: BaseException | None = raised.value
    while error is not None:  # a traceback shows the causes too
        assert KEY not in f"{error!r} {error}"
        error = error.__cause__
    assert (raised.value.retry, raised.value.facts["whose"]) == ("never", "key")


def test_with_aiohttp_installed_a_broken_connection_is_told_at_once() -> None:
    with pytest.raises(Unavailable, match="connection failed"):
        ask(lambda *_: Reply(200, "", cut=True))


@pytest.mark.parametrize("environment", [{}, {gemini.KEYS: ""}, {gemini.KEYS: " , "}])
def test_without_a_key_it_says_where_to_put_one(environment: dict[str, str]) -> None:
    with pytest.raises(MissingSetting, match=r"needs GEMINI_API_KEYS: put .* into \.env"):
        gemini.Provider(gemini.Settings(model="m-1"), ProviderContext(courtesy.law(), environment))


@pytest.mark.parametrize("keys", ["ключ", "a b", "a,b\nc"])
def test_a_key_no_header_can_hold_is_said_before_anything_is_asked(keys: str) -> None:
    with pytest.raises(InvalidSetting, match="holds a blank or a character no key has"):
        gemini.Provider(gemini.Settings(model="m"), ProviderContext(courtesy.law(), {gemini.KEYS: keys}))


def test_a_provider_has_one_key() -> None:
    with pytest.raises(InvalidSetting, match="holds 2 keys and a provider takes one"):
        gemini.Provider(gemini.Settings(model="m"), ProviderContext(courtesy.law(), {gemini.KEYS: f"{KEY},{OTHER}"}))

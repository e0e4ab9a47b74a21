"""Any OpenAI-shaped service: what is sent, what comes of every answer and fault, and what is never told."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from foundry_engine.completions import Completion, CompletionRequest, ProviderContext, Quota, Usage
from foundry_engine.errors import MalformedReply, ProviderError, RateLimited, Refused, TimedOut, Unavailable
from foundry_engine.providers._http_faults import MAX_TOKENS
from foundry_engine.providers.openai_compatible import Provider, Settings, _proxy

KEY = "sk-secret-0123456789"
SCHEMA = {"type": "object"}
REQUEST = CompletionRequest("the system", "the user", SCHEMA, seed=2**40 + 9)


def reply(**choice: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "{}", **choice.pop("message", {})}
    usage = {"prompt_tokens": 11, "completion_tokens": 5}
    return {"choices": [{"message": message, "finish_reason": "stop", **choice}], "usage": usage}


class Service:
    """Answers every request with one response."""

    def __init__(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.body, self.status, self.headers = body, status, headers or {}
        self.asked: list[tuple[dict[str, str], dict[str, Any]]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((dict(request.headers), await request.json()))
        raw = self.body if isinstance(self.body, (str, bytes)) else json.dumps(self.body)
        data = raw.encode() if isinstance(raw, str) else raw
        return web.Response(status=self.status, body=data, headers={"Content-Type": "text/plain", **self.headers})


def ask(
    service: Service, request: CompletionRequest = REQUEST, tls: ssl.SSLContext | None = None, **more: Any
) -> Completion:
    async def go() -> Completion:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", service.answer)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        url = f"http{'s' if tls else ''}://127.0.0.1:{runner.addresses[0][1]}/v1/"
        settings = Settings.model_validate({"model": "m-1", "base_url": url, "timeout": 5.0, **more})
        provider = Provider(settings, ProviderContext(environment={"OPENAI_API_KEYS": KEY}))
        try:
            return await provider.complete(request)
        finally:
            await provider.close()
            await runner.cleanup()

    return asyncio.run(go())


def test_what_is_asked_is_what_the_protocol_wants() -> None:
    service = Service(reply())
    assert ask(service, temperature=0.5, extra={"top_k": 3}) == Completion("{}", Usage(11, 5))
    ((headers, body),) = service.asked
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert body == {
        "model": "m-1",
        "messages": [{"role": "system", "content": "the system"}, {"role": "user", "content": "the user"}],
        "max_tokens": 4096,
        "temperature": 0.5,
        "seed": REQUEST.seed % 2**31,
        "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA}},
        "top_k": 3,
    }


def test_services_that_know_less_get_the_schema_in_words() -> None:
    for structured, form in (("json_object", {"type": "json_object"}), ("none", None)):
        service = Service(reply())
        ask(service, structured=structured, send_seed=False, temperature=None, cap_field="max_completion_tokens")
        body = service.asked[0][1]
        assert body.get("response_format") == form
        assert '{"type": "object"}' in body["messages"][0]["content"]
        assert body["max_completion_tokens"] == 4096 and not {"seed", "temperature", "max_tokens"} & body.keys()


def test_plain_text_and_another_cap() -> None:
    service = Service(reply())
    ask(service, CompletionRequest("", "hello \ud800", max_output_tokens=7), keys="")
    headers, body = service.asked[0]
    assert "Authorization" not in headers and "response_format" not in body
    assert (body["max_tokens"], [m["role"] for m in body["messages"]]) == (7, ["user"])


ANSWERS: list[tuple[str, Any, Completion]] = [
    ("cut", reply(finish_reason="length"), Completion("{}", Usage(11, 5), "length")),
    ("filtered", reply(finish_reason="content_filter"), Completion("{}", Usage(11, 5), "blocked")),
    ("refusal", reply(message={"content": None, "refusal": "no"}), Completion("", Usage(11, 5), "blocked")),
    ("nothing", reply(message={"content": None}), Completion("", Usage(11, 5))),
    (
        "parts",
        reply(message={"content": [{"text": "a"}, {"text": "b"}]}),
        Completion("ab", Usage(11, 5)),
    ),
    ("thinking", reply(message={"content": "<think>hm</think>\n{}"}), Completion("{}", Usage(11, 5))),
    ("no usage", {"choices": [{"message": {"content": "{}"}}]}, Completion("{}")),
]


@pytest.mark.parametrize(("body", "expected"), [a[1:] for a in ANSWERS], ids=[a[0] for a in ANSWERS])
def test_answers_become_completions(body: Any, expected: Completion) -> None:
    assert ask(Service(body)) == expected


def test_what_is_left_of_the_limits_is_passed_on() -> None:
    headers = {"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "6m0s"}
    assert ask(Service(reply(), headers=headers)).quota == Quota(requests=3.0, requests_reset=360.0)


def error(message: str, code: Any = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "x", "code": code}}


FAULTS: list[tuple[str, Service, type[ProviderError], str]] = [
    ("HTML", Service("<html>"), MalformedReply, r"no response. Is base_url right\? The answer is no JSON"),
    ("nothing", Service(b""), MalformedReply, "Is base_url right"),
    ("no choices", Service({"choices": []}), MalformedReply, "something that is no response"),
    ("a list", Service("[1]"), MalformedReply, "something that is no response"),
    ("not UTF-8", Service(b"\xff\xfe"), MalformedReply, "something that is no response"),
    ("HTML and an error", Service("<html>bad gateway</html>", 502), Unavailable, "model 'm-1': HTTP 502"),
    ("500", Service(error("boom"), 500), Unavailable, "HTTP 500 boom"),
    ("an error with status 200", Service(error("overloaded", 503)), Unavailable, "HTTP 503 overloaded"),
    ("an error in a word", Service({"error": "model is loading"}, 503), Unavailable, "model is loading"),
    ("a detail", Service({"detail": "loading"}, 503), Unavailable, "HTTP 503 loading"),
    ("408", Service(error("slow"), 408), TimedOut, "HTTP 408"),
    ("429", Service(error("slow down"), 429), RateLimited, "HTTP 429 slow down"),
    ("429, and no money left", Service(error("pay", "insufficient_quota"), 429), Refused, "the key is refused"),
    ("402", Service(error("Insufficient Balance"), 402), Refused, "the key is refused: HTTP 402"),
    ("401", Service(error(f"bad {KEY}"), 401), Refused, r"the key is refused: HTTP 401 bad \*\*\*"),
    ("404", Service(error("no such model"), 404), Refused, "not known to the service"),
    ("400", Service(error("context too long"), 400), Refused, "the request is refused"),
    ("301", Service("", 301, {"Location": "http://127.0.0.1:9/"}), Refused, "points elsewhere"),
]


@pytest.mark.parametrize(("service", "kind", "message"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_faults_become_the_foundrys_errors(service: Service, kind: type[ProviderError], message: str) -> None:
    with pytest.raises(kind, match=message) as raised:
        ask(service)
    assert type(raised.value) is kind and KEY not in repr(raised.value)
    assert len(raised.value.message) < 500 and "\n" not in raised.value.message
    assert len(service.asked) == 1


WAITS = [
    ({"Retry-After": "7"}, 7.0),
    ({"Retry-After": "7", "retry-after-ms": "250"}, 0.25),
    ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ({"Retry-After": "soon"}, None),
    ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m2.5s"}, 62.5),
    ({"x-ratelimit-remaining-tokens": "9", "x-ratelimit-reset-tokens": "1m"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("headers", "wait"), WAITS, ids=range(len(WAITS)))
def test_at_the_limit_the_service_names_the_wait(headers: dict[str, str], wait: float | None) -> None:
    with pytest.raises(RateLimited) as raised:
        ask(Service(error("slow down"), 429, headers))
    assert raised.value.retry_after == wait


def test_a_reply_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from foundry_engine.providers import openai_compatible

    monkeypatch.setattr(openai_compatible, "MAX_REPLY", 1000)
    with pytest.raises(MalformedReply, match="more than 1,000 bytes"):
        ask(Service(reply(message={"content": "x" * 5000})))


def test_a_certificate_nobody_vouches_for_is_refused_and_ones_own_authority_is_not(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    subprocess.run(
        [*made, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(cert, key)
    with pytest.raises(Refused, match=r"the certificate of https://.* is not trusted .* Name its authority in ca_file"):
        ask(Service(reply()), tls=tls)
    assert ask(Service(reply()), tls=tls, ca_file=str(cert)).text == "{}"


def test_nothing_switches_the_check_of_certificates_off() -> None:
    words = {"verify", "ssl", "tls", "insecure", "check"}
    assert not [name for name in Settings.model_fields if words & set(name.split("_"))]


def test_the_proxy_is_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:3128")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert _proxy("https://api.example.com/v1") == "http://127.0.0.1:3128"
    assert _proxy("https://127.0.0.1/v1") is None


@pytest.mark.parametrize(("told", "believed"), [("-1000000", 0), ("1e999", MAX_TOKENS), ("1" + "0" * 400, MAX_TOKENS)])
def test_a_nonsensical_usage_is_kept_within_bounds(told: str, believed: int) -> None:
    body = {**reply(), "usage": {"prompt_tokens": 0, "completion_tokens": 7}}
    raw = json.dumps(body).replace('"prompt_tokens": 0', f'"prompt_tokens": {told}')
    assert ask(Service(raw)).usage == Usage(believed, 7)

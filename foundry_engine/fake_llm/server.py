"""The server: routes, faults and the clean end; one event loop, loopback unless told otherwise."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections import OrderedDict
from hashlib import blake2b
from types import TracebackType

from aiohttp import web

from foundry_engine.blueprint import Blueprint
from foundry_engine.fake_llm import chance, wire
from foundry_engine.fake_llm.answering import Answering, tokens_of
from foundry_engine.fake_llm.counters import Counters
from foundry_engine.fake_llm.faults import FAULTS
from foundry_engine.fake_llm.limits import Limits
from foundry_engine.fake_llm.settings import FakeSettings
from foundry_engine.fake_llm.texts import Texts

MAX_BODY = 16 * 2**20
MAX_REMEMBERED = 200_000
"""So many different requests are counted; of more the oldest is forgotten."""
HTML = "<html><head><title>Gateway</title></head><body><h1>It works</h1></body></html>"
JSON_TYPE = {"Content-Type": "application/json; charset=utf-8"}


class FakeLlm:
    """A running fake: ``async with FakeLlm(FakeSettings()) as fake: … fake.url …``."""

    def __init__(self, settings: FakeSettings, blueprint: Blueprint | None = None) -> None:
        self.settings, self.counters, self.url = settings, Counters(), ""
        self._answering = Answering(settings, Texts(settings.seed, blueprint))
        self._limits = Limits(settings)
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._keys = {key.get_secret_value() for key in settings.keys}
        self._runner: web.AppRunner | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen; gives the URL. Port 0 takes a free one."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/v1/chat/completions", self._openai)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/{version:v1|v1beta}/models/{call:.+}", self._gemini)
        app.router.add_get("/counters", self._counters)
        app.router.add_post("/counters/reset", self._reset)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=1024)
        await site.start()
        bound = self._runner.addresses[0][1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{bound}"
        return self.url

    async def stop(self) -> None:
        """Stop listening and end what is under way."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> FakeLlm:
        await self.start()
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.stop()

    async def _counters(self, _: web.Request) -> web.Response:
        return web.json_response(self.counters.shown())

    async def _reset(self, _: web.Request) -> web.Response:
        self.counters.reset()
        self._seen.clear()
        return web.json_response(self.counters.shown())

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response(wire.model_list(self.settings.models))

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        return await self._complete(request, "openai", key, "", stream=False)

    async def _gemini(self, request: web.Request) -> web.StreamResponse:
        name, _, verb = request.match_info["call"].partition(":")
        if verb not in ("generateContent", "streamGenerateContent"):
            return _json(404, wire.failure("gemini", 404, f"unknown method {verb!r}"))
        key = request.headers.get("x-goog-api-key", request.query.get("key", ""))
        return await self._complete(request, "gemini", key, name, stream=verb == "streamGenerateContent")

    async def _complete(
        self, request: web.Request, shape: wire.Shape, key: str, model: str, stream: bool
    ) -> web.StreamResponse:
        body = await request.read()
        try:
            asked = wire.read(shape, body, model, stream)
        except wire.BadRequest as error:
            return _json(400, wire.failure(shape, 400, str(error)))
        self.counters.begin(key, asked.model)
        status, fault, paid = 499, None, (0, 0)
        try:
            refused = self._refused(asked, key)
            if refused is not None:
                status, fault = refused.status, f"http_{refused.status}"
                return refused
            prompt_tokens = tokens_of(asked.prompt)
            wait, headers = self._limits.admit(key, asked.model, prompt_tokens, time.monotonic())
            if wait > 0:
                status, fault = 429, "over_limit"
                return self._too_many(asked, math.ceil(wait), headers)
            digest, nth = self._count(request.path, body)
            fault = self._fault(digest, nth)
            if fault == "rate_limited":
                status = 429
                return self._too_many(asked, self.settings.retry_after, headers)
            await asyncio.sleep(self.settings.hang if fault == "hang" else self.settings.latency)
            if fault in ("server_error", "html", "drop"):
                status = 500 + 3 * (nth % 2) if fault == "server_error" else 200
                return await self._broken(request, asked, fault, status, digest)
            answer = await self._answering.answer(asked, digest, nth, fault)
            paid, status = (answer.prompt_tokens, answer.output_tokens), 200
            return await self._sent(request, asked, answer, headers, slow=fault == "slow")
        finally:
            self.counters.end(status, fault, *paid)

    def _refused(self, asked: wire.Asked, key: str) -> web.Response | None:
        if self._keys and key not in self._keys:
            return _json(401, wire.failure(asked.shape, 401, "the key is not one of this fake's"))
        if asked.model not in self.settings.models and self.settings.models != ["fake-model"]:
            return _json(404, wire.failure(asked.shape, 404, f"model '{asked.model}' is not served here"))
        return None

    def _too_many(self, asked: wire.Asked, seconds: float | None, headers: dict[str, str]) -> web.Response:
        if self.settings.retry_after is None:
            seconds = None
        if seconds is not None and asked.shape == "openai":
            headers = {**headers, "Retry-After": f"{seconds:g}", "retry-after-ms": f"{seconds * 1000:.0f}"}
        return _json(429, wire.failure(asked.shape, 429, "rate limit reached", seconds), headers)

    def _count(self, path: str, body: bytes) -> tuple[str, int]:
        """The request's digest and how many times it came, this one included."""
        digest = blake2b(path.encode() + b"\0" + body, digest_size=12).hexdigest()
        nth = self._seen.pop(digest, 0) + 1
        self._seen[digest] = nth
        if len(self._seen) > MAX_REMEMBERED:
            self._seen.popitem(last=False)
        return digest, nth

    def _fault(self, digest: str, nth: int) -> str | None:
        left = chance.share(self.settings.seed, "fault", digest, nth)
        for name in FAULTS:
            left -= self.settings.faults.get(name, 0.0)
            if left < 0:
                return name
        return None

    async def _broken(
        self, request: web.Request, asked: wire.Asked, fault: str, status: int, digest: str
    ) -> web.StreamResponse:
        if fault == "server_error":
            return _json(status, wire.failure(asked.shape, status, "the fake fails, as asked for"))
        if fault == "html":
            return web.Response(text=HTML, content_type="text/html")
        response = web.StreamResponse(headers={**JSON_TYPE, "Content-Length": "1000"})
        if int(digest, 16) % 2:
            await response.prepare(request)
            await response.write(b'{"id": "cut off he')
        if request.transport is not None:
            request.transport.abort()
        return response

    async def _sent(
        self, request: web.Request, asked: wire.Asked, answer: wire.Answer, headers: dict[str, str], slow: bool
    ) -> web.StreamResponse:
        if asked.stream:
            parts, kind = wire.pieces(asked, answer), {"Content-Type": "text/event-stream; charset=utf-8"}
        else:
            body = json.dumps(wire.reply(asked, answer), ensure_ascii=False).encode("utf-8", "backslashreplace")
            if not slow:
                return web.Response(body=body, headers={**headers, **JSON_TYPE})
            step = max(1, len(body) // 20)
            parts, kind = [body[i : i + step] for i in range(0, len(body), step)], JSON_TYPE
        response = web.StreamResponse(headers={**headers, **kind})
        await response.prepare(request)
        for part in parts:
            if slow:
                await asyncio.sleep(self.settings.slow / len(parts))
            await response.write(part)
        await response.write_eof()
        return response


def _json(status: int, data: object, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=json.dumps(data).encode(), headers={**(headers or {}), **JSON_TYPE})

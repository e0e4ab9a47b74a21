"""Any service with OpenAI's chat completions: OpenAI, DeepSeek, Qwen, vLLM, llama.cpp, Ollama and many more.

One request, one answer, no SDK: retries, limits and keys are the pool's work. Certificates are always checked;
``ca_file`` adds one's own authority. Proxies come from ``HTTPS_PROXY`` and the like.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pydantic import BaseModel, ConfigDict, Field, field_validator

from foundry_engine.completions import Capabilities, Completion, CompletionRequest, Finish, ProviderContext, Usage
from foundry_engine.errors import InvalidSetting, MalformedReply, MissingDependency, Refused, TimedOut, Unavailable
from foundry_engine.providers._http_faults import NO_JSON, fault_of, quota_of, tokens_of
from foundry_engine.settings import one_key

CAPABILITIES = Capabilities(structured_output=True, paid=True)
MAX_REPLY = 16 * 2**20
"""Bytes of a reply at most."""
FINISHES: dict[str, Finish] = {"length": "length", "content_filter": "blocked"}
OWN_FIELDS = {"model", "messages", "stream", "response_format", "seed", "temperature", "max_tokens"}


class Settings(BaseModel):
    """Which service and model is asked and how.

    ``keys`` names the environment variable of the keys (``KEY1,KEY2``), empty for a server without. ``structured`` is
    what the service understands: a JSON Schema, only "some JSON" (the schema then stands in the prompt), or nothing.
    ``extra`` goes into every request's body as it is. ``timeout`` is in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    model: Annotated[str, Field(min_length=1)]
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+[^\s?#@]*$")]
    keys: Annotated[str, Field(pattern=r"^[A-Z0-9_]*$")] = "OPENAI_API_KEYS"
    temperature: Annotated[float, Field(ge=0, le=2)] | None = 1.0
    max_output_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 4096
    cap_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    send_seed: bool = True
    timeout: Annotated[float, Field(gt=0, le=3600, exclude=True)] = 60.0
    ca_file: Annotated[str, Field(exclude=True)] = ""
    extra: dict[str, Any] = {}

    @field_validator("extra")
    @classmethod
    def _extra_is_extra(cls, value: dict[str, Any]) -> dict[str, Any]:
        taken = sorted(OWN_FIELDS & value.keys())
        if taken:
            raise ValueError(f"'{taken[0]}' has a setting of its own")
        return value

    @property
    def keys_from(self) -> str:
        """The environment variable of the keys."""
        return self.keys


class Provider:
    """One model of one service, asked with one key."""

    def __init__(self, settings: Settings, context: ProviderContext) -> None:
        try:
            import aiohttp
        except ImportError as error:
            raise MissingDependency("aiohttp is not installed: pip install aiohttp") from error
        self._settings, self._aiohttp = settings, aiohttp
        key = one_key(context.environment, settings.keys, "openai_compatible") if settings.keys else None
        self._key = key
        self._secrets = [*([key] if key else []), *context.secrets]
        self._url = f"{settings.base_url.rstrip('/')}/chat/completions"
        self._tls = _tls(settings.ca_file) if settings.base_url.startswith("https:") else True
        self._session: Any = None

    async def complete(self, request: CompletionRequest) -> Completion:
        """One reply; raises the ``ProviderError`` that says what may be done."""
        aiohttp, place = self._aiohttp, f"model '{self._settings.model}'"
        body = json.dumps(_body(self._settings, request), ensure_ascii=False).encode("utf-8", "backslashreplace")
        try:
            async with (
                asyncio.timeout(self._settings.timeout),  # aiohttp's own is rounded up to whole seconds
                self._open().post(self._url, data=body, allow_redirects=False) as response,
            ):
                raw, status, headers = await _read(response), response.status, response.headers
        except TimeoutError:
            raise TimedOut(f"{place}: no answer in {self._settings.timeout:g} s") from None
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
            raise Refused(
                f"{place}: the certificate of {self._settings.base_url} is not trusted "
                f"({type(error).__name__}). Name its authority in ca_file.",
                whose="model",
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"{place}: connection failed ({type(error).__name__})") from None
        data = _parsed(raw)
        told = data.get("error") if isinstance(data, dict) and not data.get("choices") else None
        if status != 200 or told:
            code = _status(told) if status == 200 else status
            raise fault_of(code, _said(told, data), self._settings.model, headers, data, self._secrets)
        return _completion(data, place, headers)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> Any:
        """The session; made here because it belongs to the event loop that asks."""
        if self._session is None:
            headers = {"Content-Type": "application/json"}
            if self._key:
                headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
            self._session = self._aiohttp.ClientSession(
                headers=headers,
                cookie_jar=self._aiohttp.DummyCookieJar(),
                proxy=_proxy(self._url),
                timeout=self._aiohttp.ClientTimeout(total=None),
                connector=self._aiohttp.TCPConnector(limit=0, ssl=self._tls),
            )
        return self._session


def _proxy(url: str) -> str | None:
    """The environment's proxy for the service; looked up once, where aiohttp would do so with every request."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


def _tls(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise InvalidSetting(f"ca_file {ca_file}: no readable certificate ({error}). Give a PEM file.") from error


def _body(settings: Settings, request: CompletionRequest) -> dict[str, Any]:
    system, form = request.system, None
    if request.schema:
        if settings.structured == "json_schema":
            form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": request.schema}}
        else:
            form = {"type": "json_object"} if settings.structured == "json_object" else None
            schema = json.dumps(request.schema, ensure_ascii=False)
            system = f"{system}\n\nAnswer with JSON alone, valid by this JSON Schema:\n{schema}".strip()
    messages = [{"role": "system", "content": system}] if system else []
    body: dict[str, Any] = {"model": settings.model, "messages": [*messages, {"role": "user", "content": request.user}]}
    body[settings.cap_field] = request.max_output_tokens or settings.max_output_tokens
    if settings.temperature is not None:
        body["temperature"] = settings.temperature
    if settings.send_seed:
        body["seed"] = request.seed % 2**31
    if form:
        body["response_format"] = form
    return {**body, **settings.extra}


async def _read(response: Any) -> bytes:
    raw = bytearray()
    async for chunk in response.content.iter_any():
        raw += chunk
        if len(raw) > MAX_REPLY:
            raise MalformedReply(f"a reply of more than {MAX_REPLY:,} bytes")
    return bytes(raw)


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw[:1000].decode("utf-8", "replace")


def _said(error: object, data: object) -> str:
    """The service's own words; a page of HTML has none."""
    if isinstance(error, dict):
        return str(error.get("message", ""))
    if isinstance(error, str):
        return error
    if isinstance(data, dict):
        return str(data.get("message") or data.get("detail") or "")
    return "" if str(data).lstrip().startswith("<") else str(data)


def _status(error: object) -> int:
    """The HTTP status inside an error that came with status 200, as aggregators send it."""
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 500


def _completion(data: Any, place: str, headers: Mapping[str, str]) -> Completion:
    """The reply as ours; a blocked, refused or cut one is said by ``finish``."""
    try:
        choice, usage = data["choices"][0], data.get("usage") or {}
        message, reason = choice["message"], choice.get("finish_reason")
        content = message.get("content") or ""
        text = content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in content)
        paid = Usage(tokens_of(usage.get("prompt_tokens")), tokens_of(usage.get("completion_tokens")))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        what = f"{place}: the service answered with something that is no response"
        if isinstance(data, str):
            raise MalformedReply(f"{what}. {NO_JSON}", unreadable=True) from None
        raise MalformedReply(what) from None
    finish: Finish = "blocked" if message.get("refusal") and not text else FINISHES.get(str(reason), "stop")
    return Completion(_unthought(text), paid, finish, quota_of(headers))


def _unthought(text: str) -> str:
    r"""The text without the thinking that some servers put before it.

    >>> _unthought("<think>hm</think>\n{}")
    '{}'
    """
    if text.startswith("<think>") and "</think>" in text:
        return text.partition("</think>")[2].lstrip()
    return text

"""Google's Gemini models through google-genai, with structured output. Keys: ``GEMINI_API_KEYS=a,b`` in ``.env``.

A provider object has one key; taking turns with several is the pool's work. The SDK's own retries stay off: it ignores
the wait the server asks for. It is given an HTTP client of its own kind, because with aiohttp installed it would switch
to that and repeat failed connections by itself after up to ten seconds.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.completions import Capabilities, Completion, CompletionRequest, Finish, ProviderContext, Usage
from foundry_engine.errors import MalformedReply, MissingDependency, ProviderError, TimedOut, Unavailable
from foundry_engine.providers._http_faults import NO_JSON, fault_of, tokens_of
from foundry_engine.settings import one_key

CAPABILITIES = Capabilities(structured_output=True, paid=True, needs=("GEMINI_API_KEYS",))
KEYS = "GEMINI_API_KEYS"
BLOCKED = {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"}


class Settings(BaseModel):
    """Which model is asked and how; model names are the blueprint's, they change too often for code.

    ``timeout`` is in seconds, and no part of what a reply is kept under; ``thinking_level`` (for example ``minimal``)
    is left to the model when empty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    model: Annotated[str, Field(min_length=1)]
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    max_output_tokens: Annotated[int, Field(ge=64, le=1_000_000)] = 4096
    timeout: Annotated[float, Field(gt=0, le=3600, exclude=True)] = 60.0
    thinking_level: str = ""
    base_url: str = ""
    api_version: str = ""

    @property
    def keys_from(self) -> str:
        """The environment variable of the keys."""
        return KEYS


class Provider:
    """One model, asked with one key."""

    def __init__(self, settings: Settings, context: ProviderContext) -> None:
        self._secrets = [one_key(context.environment, KEYS, "gemini"), *context.secrets]
        try:
            from google import genai
            from google.genai import types
        except ImportError as error:
            raise MissingDependency("google-genai is not installed: pip install google-genai") from error
        self._http = _http_client(genai.__version__)
        options = types.HttpOptions(
            base_url=settings.base_url or None,
            api_version=settings.api_version or None,
            timeout=int(settings.timeout * 1000),
            httpx_async_client=self._http,
        )
        self._settings, self._types = settings, types
        self._client = genai.Client(api_key=self._secrets[0].get_secret_value(), http_options=options)

    async def complete(self, request: CompletionRequest) -> Completion:
        """One reply; raises the ``ProviderError`` that says what may be done."""
        s, types = self._settings, self._types
        structured: dict[str, Any] = {}
        if request.schema:
            structured = {"response_mime_type": "application/json", "response_json_schema": dict(request.schema)}
        config = types.GenerateContentConfig(
            system_instruction=request.system or None,
            temperature=s.temperature,
            max_output_tokens=request.max_output_tokens or s.max_output_tokens,
            seed=request.seed % 2**31,
            thinking_config=types.ThinkingConfig(thinking_level=s.thinking_level) if s.thinking_level else None,
            **structured,
        )
        try:
            reply = await self._client.aio.models.generate_content(model=s.model, contents=request.user, config=config)
        except Exception as error:
            failed = error
        else:
            return _completion(reply)
        told = any(secret.get_secret_value() in f"{failed} {failed!r}" for secret in self._secrets)
        raise self._translated(failed) from (None if told else failed)  # out here nothing is its silent context

    async def close(self) -> None:
        """Close the client."""
        await self._client.aio.aclose()
        self._client.close()
        await self._http.aclose()

    def _translated(self, error: Exception) -> ProviderError:
        """The SDK's error as one of ours; its text never holds a key."""
        code, model = getattr(error, "code", None), self._settings.model
        if isinstance(code, int):
            headers = getattr(getattr(error, "response", None), "headers", None) or {}
            said, details = str(getattr(error, "message", "") or ""), getattr(error, "details", None)
            return fault_of(code, said, model, headers, details, self._secrets)
        kinds = {base.__name__ for base in type(error).__mro__}
        if kinds & {"TimeoutException", "TimeoutError"}:
            return TimedOut(f"model '{model}': no answer in time")
        if kinds & {"TransportError", "ConnectionError", "OSError"}:
            return Unavailable(f"model '{model}': connection failed ({type(error).__name__})")
        if isinstance(error, (json.JSONDecodeError, ValueError)) or "UnknownApiResponseError" in kinds:
            what = f"model '{model}': the service answered with something that is no response. {NO_JSON}"
            return MalformedReply(what, unreadable=True)
        return Unavailable(f"model '{model}': {type(error).__name__}")


def _http_client(version: str) -> Any:
    """The async client of the library this version of the SDK speaks; proxies of the environment hold."""
    from importlib import import_module

    return import_module("httpx" if version.startswith(("1.", "2.")) else "httpx2").AsyncClient(follow_redirects=False)


def _completion(reply: Any) -> Completion:
    """The SDK's response as ours; a blocked or cut one is said by ``finish``."""
    usage = reply.usage_metadata
    output = tokens_of(usage.candidates_token_count) + tokens_of(usage.thoughts_token_count) if usage else 0
    paid = Usage(tokens_of(usage.prompt_token_count), tokens_of(output)) if usage else Usage()
    if not reply.candidates:
        return Completion("", paid, "blocked")
    candidate = reply.candidates[0]
    reason = getattr(candidate.finish_reason, "name", str(candidate.finish_reason))
    finish: Finish = "blocked" if reason in BLOCKED else "length" if reason == "MAX_TOKENS" else "stop"
    parts = candidate.content.parts if candidate.content and candidate.content.parts else []
    text = "".join(part.text for part in parts if part.text and not getattr(part, "thought", False))
    return Completion(text, paid, finish)

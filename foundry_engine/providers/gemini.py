"""Google's Gemini models through google-genai, with structured output. Keys: ``GEMINI_API_KEYS=a,b`` in ``.env``.

The SDK's own retries stay off: it ignores the wait the server asks for. A key that is refused is dropped with a
message; the last one refused ends the run. A key at its limit rests while the others go on.
"""

from __future__ import annotations

import json
import logging
import time
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.completions import Capabilities, Completion, CompletionRequest, Finish, ProviderContext, Usage
from foundry_engine.errors import (
    MalformedReply,
    MissingDependency,
    MissingSetting,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unavailable,
)
from foundry_engine.settings import secret_list

log = logging.getLogger(__name__)

CAPABILITIES = Capabilities(structured_output=True, paid=True, needs=("GEMINI_API_KEYS",))
KEYS = "GEMINI_API_KEYS"
DEFAULT_REST = 15.0
"""Seconds a key rests after HTTP 429 when the server names no time."""
LEAST_REST = 0.1
"""Seconds a key rests at least: a server that says 0 is not asked again at once, for ever."""
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


class _Key:
    """One key with its client; ``rests_until`` is a monotonic time."""

    def __init__(self, number: int, client: Any) -> None:
        self.number, self.client, self.rests_until = number, client, 0.0


class Provider:
    """Asks with the keys in turn."""

    def __init__(self, settings: Settings, context: ProviderContext) -> None:
        secrets = secret_list(dict(context.environment), KEYS)
        if not secrets:
            raise MissingSetting(
                f"provider 'gemini' needs {KEYS}: put {KEYS}=key1,key2 into .env or the environment, "
                "or generate with --provider offline"
            )
        try:
            from google import genai
            from google.genai import types
        except ImportError as error:
            raise MissingDependency("google-genai is not installed: pip install google-genai") from error
        options = types.HttpOptions(
            base_url=settings.base_url or None,
            api_version=settings.api_version or None,
            timeout=int(settings.timeout * 1000),
        )
        self._settings = settings
        self._secrets = secrets
        self._types = types
        self._keys = [
            _Key(number, genai.Client(api_key=secret.get_secret_value(), http_options=options))
            for number, secret in enumerate(secrets, start=1)
        ]
        self._all = list(self._keys)
        self._turn = 0

    async def complete(self, request: CompletionRequest) -> Completion:
        """One reply; raises the ``ProviderError`` that says what may be done."""
        last: ProviderError | None = None
        while self._keys:
            key = self._next_key()
            try:
                return await self._ask(key, request)
            except _KeyRefused as error:
                if key in self._keys:
                    self._keys.remove(key)
                    log.warning("key %d of %d is refused and dropped: %s", key.number, len(self._all), error.message)
                last = Refused(
                    f"all {len(self._all)} keys in {KEYS} are refused. Last: {error.message}. Check the keys."
                )
            except RateLimited as error:
                asked = error.facts.get("retry_after")
                rest = float(asked) if isinstance(asked, (int, float)) else DEFAULT_REST
                key.rests_until = time.monotonic() + max(LEAST_REST, rest)
                if all(k.rests_until > time.monotonic() for k in self._keys):
                    wait = min(k.rests_until for k in self._keys) - time.monotonic()
                    raise RateLimited(error.message, retry_after=max(LEAST_REST, wait)) from error
        raise last or Refused(f"no usable key is left in {KEYS}")

    async def close(self) -> None:
        """Close the clients."""
        for key in self._all:
            await key.client.aio.aclose()
            key.client.close()

    def _next_key(self) -> _Key:
        """The next key that does not rest, in turn; if all rest, the one that is ready first."""
        now = time.monotonic()
        for _ in self._keys:
            self._turn = (self._turn + 1) % len(self._keys)
            if self._keys[self._turn].rests_until <= now:
                return self._keys[self._turn]
        return min(self._keys, key=lambda key: key.rests_until)

    async def _ask(self, key: _Key, request: CompletionRequest) -> Completion:
        s, types = self._settings, self._types
        config = types.GenerateContentConfig(
            system_instruction=request.system,
            temperature=s.temperature,
            max_output_tokens=s.max_output_tokens,
            seed=request.seed % 2**31,
            response_mime_type="application/json",
            response_json_schema=dict(request.schema),
            thinking_config=types.ThinkingConfig(thinking_level=s.thinking_level) if s.thinking_level else None,
        )
        try:
            reply = await key.client.aio.models.generate_content(model=s.model, contents=request.user, config=config)
        except Exception as error:
            secrets = [secret.get_secret_value() for secret in self._secrets]
            told = any(secret in f"{error} {error!r}" for secret in secrets)  # some services repeat the key
            raise _translated(error, s.model, secrets) from (None if told else error)
        return _completion(reply)


class _KeyRefused(ProviderError):
    """This key, not the request, is what the service refuses."""


def _completion(reply: Any) -> Completion:
    """The SDK's response as ours; a blocked or cut one is said by ``finish``."""
    usage = reply.usage_metadata
    output = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0) if usage else 0
    paid = Usage(usage.prompt_token_count or 0, output) if usage else Usage()
    if not reply.candidates:
        return Completion("", paid, "blocked")
    candidate = reply.candidates[0]
    reason = getattr(candidate.finish_reason, "name", str(candidate.finish_reason))
    finish: Finish = "blocked" if reason in BLOCKED else "length" if reason == "MAX_TOKENS" else "stop"
    parts = candidate.content.parts if candidate.content and candidate.content.parts else []
    text = "".join(part.text for part in parts if part.text and not getattr(part, "thought", False))
    return Completion(text, paid, finish)


def _translated(error: Exception, model: str, secrets: list[str]) -> ProviderError:
    """The SDK's error as one of ours; its text never holds a key."""
    code = getattr(error, "code", None)
    if not isinstance(code, int):
        kinds = {base.__name__ for base in type(error).__mro__}
        if kinds & {"TimeoutException", "TimeoutError"}:
            return TimedOut(f"model '{model}': no answer in time")
        if kinds & {"TransportError", "ConnectionError", "OSError"}:
            return Unavailable(f"model '{model}': connection failed ({type(error).__name__})")
        if (
            isinstance(error, json.JSONDecodeError)
            or "UnknownApiResponseError" in kinds
            or isinstance(error, ValueError)
        ):
            return MalformedReply(f"model '{model}': the service answered with something that is no response")
        return Unavailable(f"model '{model}': {type(error).__name__}")
    message = str(getattr(error, "message", "") or "")
    for secret in secrets:
        message = message.replace(secret, "***")
    said = f"HTTP {code} {' '.join(message.split())[:300]}".strip()
    if code == 429:
        return RateLimited(f"model '{model}': {said}", retry_after=_retry_after(error))
    if code in (401, 403) or (code == 400 and "api key" in said.lower().replace("_", " ")):
        return _KeyRefused(said)
    if code == 404:
        return Refused(f"model '{model}' is not known to the service ({said}). Name another model in the blueprint.")
    if code == 408:
        return TimedOut(f"model '{model}': {said}")
    if code >= 500:
        return Unavailable(f"model '{model}': {said}")
    return Refused(f"model '{model}': the request is refused ({said})")


def _retry_after(error: Exception) -> float | None:
    """Seconds from the header Retry-After or from Google's RetryInfo, whichever is there."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    found = headers.get("Retry-After") or headers.get("retry-after")
    details = getattr(error, "details", None)
    if not found and isinstance(details, dict):
        for detail in (details.get("error") or {}).get("details") or []:
            if isinstance(detail, dict) and "retryDelay" in detail:
                found = str(detail["retryDelay"]).rstrip("s")
    try:
        return max(0.0, float(found)) if found else None
    except ValueError:
        return None

"""What HTTP services say when they say no, as the foundry's errors; for the providers that speak HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import SecretStr

from foundry_engine.completions import Quota
from foundry_engine.errors import ProviderError, RateLimited, Refused, TimedOut, Unavailable

MAX_SAID = 300
"""Characters of a service's own words in a message."""
MAX_TOKENS = 10**9
"""Tokens of a call at most; who tells more is not believed."""
NO_JSON = "Is base_url right? The answer is no JSON (a page of HTML?)"
"""What a message says of a body nobody can read."""
SECRET_LENGTH = 8
"""From so many characters on the beginning of a key is as secret as the key."""
SPENT_CODES = ("insufficient_quota", "insufficient_balance", "billing_hard_limit_reached", "exceeded_current_quota")
"""A 429 of these kinds is not over when time passes."""
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "": 1.0}


def fault_of(
    status: int, said: str, model: str, headers: Mapping[str, str], body: object, secrets: Sequence[SecretStr]
) -> ProviderError:
    """An HTTP status with the service's words as one of our errors; the message never holds a secret."""
    told = f"HTTP {status} {' '.join(masked(said, secrets).split())[:MAX_SAID]}".strip()
    place, lower = f"model '{model}'", f"{said} {_code(body)}".lower().replace("_", " ")
    spent = status == 402 or any(code.replace("_", " ") in lower for code in SPENT_CODES)
    if spent or status in (401, 403) or (status == 400 and "api key" in lower):
        return Refused(f"the key is refused: {told}. Check the key.", whose="key", said=told)
    if status == 429:
        return RateLimited(f"{place}: {told}", retry_after=retry_after(headers, body))
    if status == 404:
        message = f"{place} is not known to the service ({told}). Name another model in the blueprint."
        return Refused(message, whose="model", said=told)
    if status in (408, 504):
        kind = TimedOut if status == 408 else Unavailable
        return kind(f"{place}: {told}", retry_after=retry_after(headers, body))
    if status >= 500 or status in (409, 425):
        return Unavailable(f"{place}: {told}", retry_after=retry_after(headers, body))
    if 300 <= status < 400:
        return Refused(f"{place}: the service points elsewhere ({told}). Correct base_url.", whose="model", said=told)
    return Refused(f"{place}: the request is refused ({told})", whose="request", said=told)


def masked(text: str, secrets: Sequence[SecretStr]) -> str:
    """The text with every secret as ``***``, and so every beginning of one that a service quotes.

    >>> masked("bad key sk-1", [SecretStr("sk-1")])
    'bad key ***'
    >>> masked("bad key sk-12345678...", [SecretStr("sk-123456789")])
    'bad key ***...'
    """
    for secret in secrets:
        key = secret.get_secret_value()
        for length in range(len(key), min(len(key), SECRET_LENGTH) - 1, -1):
            text = text.replace(key[:length], "***")
    return text


def tokens_of(value: object) -> int:
    """A count of tokens as a service tells it, within 0 and ``MAX_TOKENS``; 0 for what is no number.

    >>> [tokens_of(value) for value in (7, "7", None, -1_000_000, 10**400, float("inf"), float("nan"), {})]
    [7, 7, 0, 0, 1000000000, 1000000000, 0, 0]
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if not isinstance(value, (int, float)) or value != value:
        return 0
    return int(max(0, min(value, MAX_TOKENS)))


def retry_after(headers: Mapping[str, str], body: object = None) -> float | None:
    """Seconds a service asks to wait: retry-after-ms, Retry-After, Google's RetryInfo, or a spent quota's reset."""
    lower = {name.lower(): value for name, value in headers.items()}
    found = seconds(lower["retry-after-ms"] + "ms") if "retry-after-ms" in lower else None
    if found is None:
        found = seconds(lower.get("retry-after", ""))
    if found is None and isinstance(body, dict):
        for detail in _details(body):
            if isinstance(detail, dict) and "retryDelay" in detail:
                found = seconds(str(detail["retryDelay"]))
    if found is None:
        left = quota_of(lower) or Quota()
        resets = [r for n, r in ((left.requests, left.requests_reset), (left.tokens, left.tokens_reset)) if n == 0]
        found = max(resets, default=None)
    return found


def seconds(text: str) -> float | None:
    """A duration as services write it, or the time until an HTTP date; ``None`` for anything else.

    >>> [seconds(text) for text in ("7", "0.25s", "6m0s", "20ms", "soon", "-5s")]
    [7.0, 0.25, 360.0, 0.02, None, 0.0]
    """
    text = text.strip()
    if text.startswith("-"):
        return None if seconds(text[1:]) is None else 0.0
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|[hms]?)", text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * UNITS[unit] for number, unit in parts)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def quota_of(headers: Mapping[str, str]) -> Quota | None:
    """What ``x-ratelimit-*`` say; ``None`` when they say nothing."""
    found = {}
    for what in ("requests", "tokens"):
        left = headers.get(f"x-ratelimit-remaining-{what}")
        if left is not None and left.strip().isdigit():
            found[what] = float(left)
            found[f"{what}_reset"] = seconds(headers.get(f"x-ratelimit-reset-{what}", "")) or 0.0
    return Quota(**found) if found else None


def _details(body: Mapping[str, Any]) -> list[Any]:
    error = body.get("error")
    details = error.get("details") if isinstance(error, dict) else None
    return details if isinstance(details, list) else []


def _code(body: object) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return f"{error.get('code')} {error.get('type')}" if isinstance(error, dict) else ""

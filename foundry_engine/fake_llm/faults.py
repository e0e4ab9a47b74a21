"""The faults the fake can make."""

from __future__ import annotations

FAULTS: dict[str, str] = {
    "rate_limited": "HTTP 429 with a delay, whatever the real limit is",
    "server_error": "HTTP 500 or 503",
    "hang": "no answer for --hang seconds",
    "drop": "the connection is cut before or in the middle of the answer",
    "truncated": "the text stops half way, finish reason length or MAX_TOKENS",
    "malformed": "the text is JSON with its end missing, finish reason stop",
    "outside_schema": "JSON with a value the schema does not allow",
    "html": "HTTP 200 with an HTML page, as proxies send it",
    "empty": "an answer without a text",
    "refused": "the model declines: a refusal, or finish reason SAFETY",
    "blocked": "the content filter blocks the prompt",
    "slow": "the answer comes in small pieces over --slow seconds",
}
"""Fault: what a caller sees."""

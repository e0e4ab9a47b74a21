"""A text with surrogates in place of what was found, and evidence that does not hold the values."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from foundry_engine.scanning.findings import PII_KINDS, Finding
from foundry_engine.scanning.folding import fold
from foundry_engine.scanning.scanner import scan
from foundry_engine.scanning.surrogates import surrogate

ROUNDS = 12
"""How often what a surrogate makes with its neighbours is drawn anew before it is blotted out."""
TAIL_DIGITS = {"mobile": 11, "us_phone": 10}
"""Kinds written with and without a country code, and how many digits are the number itself."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A finding and the keyed hash of its value: equal values have equal hashes, and none can be read back."""

    kind: str
    start: int
    end: int
    rule: str
    hash: str


def evidence(text: str, findings: Sequence[Finding], salt: bytes) -> list[Evidence]:
    """What may be written down of findings; 16 hexadecimal digits of HMAC-SHA-256 under the salt.

    A hash of a telephone number is guessed by trying all numbers unless the salt is secret.
    """
    return [
        Evidence(f.kind, f.start, f.end, f.rule, _digest(f.kind, text[f.start : f.end], salt).hex()[:16])
        for f in findings
    ]


def redact(text: str, salt: bytes, kinds: Collection[str] | None = None) -> tuple[str, list[Finding]]:
    """The text with surrogates, and the findings in the original; scanning the result finds nothing of these kinds.

    The same value becomes the same surrogate under the same salt, wherever it stands and however it is written.

    >>> redact("车牌京A12345", b"salt", ["plate"])[0][3]
    'Z'
    """
    first = found = scan(text, kinds)
    for draw in range(ROUNDS):
        if not found:
            return text, first
        text = _replaced(text, found, partial(_drawn, salt=salt, draw=draw))
        found = scan(text, kinds)
    while found:
        text = _replaced(text, found, lambda kind, value: "*" * len(value))
        found = scan(text, kinds)
    return text, first


def _drawn(kind: str, value: str, salt: bytes, draw: int) -> str:
    folded = fold(value).text
    made = surrogate(kind, folded, Random(_digest(kind, value, salt) + bytes([draw])))
    return _as_wide(value, made)


def _replaced(text: str, findings: Sequence[Finding], make: Callable[[str, str], str]) -> str:
    parts, last = [], 0
    for finding in findings:
        parts += [text[last : finding.start], make(finding.kind, text[finding.start : finding.end])]
        last = finding.end
    return "".join([*parts, text[last:]])


def _as_wide(value: str, made: str) -> str:
    """Full-width where the value was."""
    if value.isascii() or len(value) != len(made):
        return made
    return "".join(
        chr(ord(new) + 0xFEE0) if "\uff01" <= old <= "\uff5e" and "!" <= new <= "~" else new
        for old, new in zip(value, made, strict=True)
    )


def _digest(kind: str, value: str, salt: bytes) -> bytes:
    return hmac.digest(salt, f"{kind}\x1f{_canonical(kind, value)}".encode("utf-8", "surrogatepass"), hashlib.sha256)


def _canonical(kind: str, value: str) -> str:
    """One spelling of a value: plain width, and for personal data no separators and no case."""
    value = fold(value).text
    if kind not in PII_KINDS or kind in ("email", "ip"):
        return value if kind not in PII_KINDS else value.lower()
    compact = "".join(char for char in value if char.isalnum()).upper()
    return compact[-TAIL_DIGITS.get(kind, 0) :]

"""Passwords, tokens and keys without a shape of their own: told by the word before them and by how they are made."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from math import log2

from foundry_engine.scanning.findings import Match
from foundry_engine.scanning.reserved import is_placeholder

NAMED = re.compile(
    r"(?i)(?:(?P<password>pass(?:word|wd|phrase|code)|pwd|密码|口令)"
    r"|(?:secret|token|credential|(?:api|access|secret|private|auth|account|app|encryption|signing|master)"
    r"[_ -]?key(?:[_ -]?id)?"
    r"|密钥|秘钥|私钥|令牌|凭证|授权码))(?:_[a-z]{1,10}){0,2}"
    r"(?P<joint>[\"'`”]?[ \t]{0,3}(?::=|=>|->|[=:]|is(?= )|是|为|改为|改成|设为|设成)"
    r"[ \t]{0,3}|[ \t]{1,3}|(?<=[\u4e00-\u9fff]))"
    r"(?:(?P<quote>[\"'`])(?P<quoted>[^\"'`\s\u3000-\u9fff]{6,256})(?P=quote)"
    r"|[\"'`“]?(?P<bare>[!#$%*+./0-9:=?@A-Z^_a-z~-]{6,256}))"
)
ROOTS = ("pass", "pwd", "secret", "token", "credential", "key", "密", "秘钥", "私钥", "口令", "令牌", "凭证", "授权码")
"""One of these is in every word that names a secret."""
VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+)+")
PATH = re.compile(r"[A-Za-z_]+(?:[./_-][A-Za-z_]+)+[0-9]?")
"""Names in code and files: letters joined by dots, slashes and lines."""
LEAST_ENTROPY = 2.5
"""Bits a character; words repeated and keys mashed are below."""


def find(text: str) -> Iterator[Match]:
    """The value alone, without the word before it and without quotes."""
    lowered = text.lower()
    if not any(root in lowered for root in ROOTS):
        return
    for named in NAMED.finditer(text):
        group = "quoted" if named["quoted"] else "bare"
        start, end = named.span(group)
        value = text[start:end].rstrip(".") if group == "bare" else text[start:end]
        if _is_secret(value, bool(named["password"]), bool(named["joint"].strip())):
            yield Match("assignment", start, start + len(value), "context", is_placeholder(value))


def _is_secret(value: str, password: bool, joined: bool) -> bool:
    """Whether a value is made like a secret; a password may be weaker than a token, and joined ones than others."""
    if len(value) < (6 if password else 8) or VERSION.fullmatch(value) or PATH.fullmatch(value):
        return False
    digits = sum(char.isdigit() for char in value)
    letters = sum(char.isalpha() for char in value)
    if password and joined and digits == len(value):
        return True
    if not letters or entropy(value) < LEAST_ENTROPY:
        return False
    others = len(value) - digits - letters
    if not joined:
        mixed = value.lower() != value != value.upper()
        return len(value) >= 8 and bool(digits) and (mixed or others > 0)
    return bool(digits) or (password and others > 0 and len(value) >= 8 and value.lower() != value)


def entropy(value: str) -> float:
    """Bits a character (Shannon), from the characters' own frequencies.

    >>> entropy("aaaa"), entropy("abcd")
    (0.0, 2.0)
    """
    counts = Counter(value)
    return 0.0 - sum(n / len(value) * log2(n / len(value)) for n in counts.values())

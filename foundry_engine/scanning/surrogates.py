"""What stands in for a value: of the same kind and shape, from ranges that are nobody's.

Failing check digits, numbers no operator assigns, documentation networks and domains, and for secrets the word
``EXAMPLE``: a person sees what was there, and the scanner does not find it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits

from foundry_engine.scanning import checksums
from foundry_engine.scanning.findings import SECRET_KINDS
from foundry_engine.scanning.reserved import DOMAINS, MARK, RESERVED_PLATES

KEY_PREFIX = re.compile(
    r"(?:https?://)?[a-z.]+/\S*[/=]|AccountKey=|bce-v3/ALTAK-|sk-(?:[a-z]+[0-9]{0,2}-){0,2}(?:v1-)?|eyJ|SG\.|LTAI|AIza|AK(?:ID|LT|IA)|AS?IA|pypi-|"
    r"[A-Za-z0-9]{2,10}[-_](?:(?:live|test|pat|org|v1)_)?|"
)
"""What names the issuer of a key; it stays, when at least a mark's length is left."""
CLASS_OF = {char: chars for chars in (digits, ascii_lowercase, ascii_uppercase) for char in chars}
PEM = re.compile(r"(-----(?:BEGIN|END)[^-]{0,60}-----)")


def surrogate(kind: str, value: str, random: Random) -> str:
    """A reserved value in place of a folded one; separators stay where they are."""
    if kind in MAKERS:
        return MAKERS[kind](value, random)
    assert kind in SECRET_KINDS, kind
    prefix = KEY_PREFIX.match(value)
    start = prefix.end() if prefix and len(value) - prefix.end() >= len(MARK) else 0
    return value[:start] + _secret(value[start:], random)


def pour(shape: str, content: str) -> str:
    """The shape with its letters and digits, from the last, replaced by those of the content.

    >>> pour("+86 138-0013-8000", "12345678901")
    '+86 123-4567-8901'
    """
    poured, left = list(shape), list(content)
    for n in range(len(shape) - 1, -1, -1):
        if left and shape[n].isalnum():
            poured[n] = left.pop()
    return "".join(poured)


def _like(value: str, random: Random) -> str:
    """Every digit another digit, every letter another letter of its case."""
    return "".join([random.choice(CLASS_OF[char]) if char in CLASS_OF else char for char in value])


def _secret(value: str, random: Random) -> str:
    if len(value) < len(MARK):
        return "x" * len(value) if len(value) == len(MARK) - 1 else "***"
    return MARK + _like(value[len(MARK) :], random)


def _private_key(value: str, random: Random) -> str:
    parts = PEM.split(value)
    body = _like(parts[2], random)
    parts[2] = re.sub(r"[A-Za-z0-9+/]{7}", MARK, body, count=1) if re.search(r"[A-Za-z0-9+/]{7}", body) else MARK
    return "".join(parts)


def _url_credentials(value: str, random: Random) -> str:
    scheme, rest = value.split("://", 1)
    user, password = rest[:-1].split(":", 1)
    return f"{scheme}://{_like(user, random)}:{_secret(password, random)}@"


def _failing(value: str, random: Random, holds: Callable[[str], bool], kept: int) -> str:
    """Other digits and letters with the first ones kept and a check that does not hold."""
    compact = "".join(char for char in value if char.isalnum())
    while True:
        drawn = compact[:kept] + _like(compact[kept:], random)
        if not holds(drawn.upper()):
            return pour(value, drawn)


def _cn_id(value: str, random: Random) -> str:
    compact = "".join(char for char in value if char.isalnum())
    if len(compact) == 15:
        return pour(value, compact[:2] + _like(compact[2:8], random) + "00" + _like(compact[10:], random))
    while True:
        day = f"{random.randrange(1950, 2010)}{random.randrange(1, 13):02}{random.randrange(1, 29):02}"
        check = compact[17] if compact[17] in "Xx" else random.choice(digits)
        drawn = compact[:2] + _like(compact[2:6], random) + day + _like(compact[14:17], random) + check
        if not checksums.mod_11_2(drawn.upper()):
            return pour(value, drawn)


def _us_phone(value: str, random: Random) -> str:
    area = "".join(char for char in value if char.isdigit())[-10:-7]
    return pour(value, f"{area}55501{random.randrange(100):02}")


def _landline(value: str, random: Random) -> str:
    local = re.split(r"[ )-]", value, maxsplit=1)[-1] if re.search(r"[ )-]", value) else value[-7:]
    count = sum(char.isdigit() for char in local)
    return pour(value, "1" + _like("0" * (count - 1), random))


def _plate(value: str, random: Random) -> str:
    return random.choice(RESERVED_PLATES) + _like(value[2:], random)


def _email(value: str, random: Random) -> str:
    return f"{_like(value.split('@')[0], random)}@{random.choice(DOMAINS)}"


def _ip(value: str, random: Random) -> str:
    if ":" not in value:
        return f"{random.choice(['192.0.2', '198.51.100', '203.0.113'])}.{random.randrange(1, 255)}"
    groups = [f"{random.randrange(1, 65536):x}" for _ in range(6)]
    return "2001:db8:" + (":".join(groups) if "::" not in value else f":{groups[0]}")


MAKERS: dict[str, Callable[[str, Random], str]] = {
    "private_key": _private_key,
    "url_credentials": _url_credentials,
    "assignment": _secret,
    "cn_id": _cn_id,
    "uscc": lambda value, random: _failing(value, random, checksums.uscc, 2),
    "iban": lambda value, random: _failing(value, random, checksums.mod_97, 4),
    "bank_card": lambda value, random: _failing(value, random, checksums.luhn, 1),
    "us_ssn": lambda value, random: pour(value, "000" + _like("0" * 6, random)),
    "passport": lambda value, random: pour(value, "0000" + _like("0" * (sum(map(str.isdigit, value)) - 4), random)),
    "mobile": lambda value, random: pour(value, "12" + _like("0" * 9, random)),
    "landline": _landline,
    "us_phone": _us_phone,
    "plate": _plate,
    "email": _email,
    "ip": _ip,
}

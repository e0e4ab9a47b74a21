"""Private keys in PEM armour (RFC 7468), whole or cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foundry_engine.scanning.findings import Match
from foundry_engine.scanning.reserved import MARK

BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
END = re.compile(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
BODY = re.compile(r"(?:[A-Za-z0-9+/=:,. \\\r\n-]{1,200}){0,100}")
LONGEST, SHORTEST = 20_000, 20
"""Characters of a key's body; a header that has none after it is talk about keys."""


def find(text: str) -> Iterator[Match]:
    """From the first dash of the header to the last of the footer, or to the end of what looks like a body."""
    if "PRIVATE KEY" not in text:
        return
    ends = [match.span() for match in END.finditer(text)]
    last, n = 0, 0
    for begin in BEGIN.finditer(text):
        if begin.start() < last:
            continue
        while n < len(ends) and ends[n][0] < begin.end():
            n += 1
        if n < len(ends) and ends[n][0] - begin.end() <= LONGEST:
            body_end, last = ends[n]
        else:
            body_end = last = _body_end(text, begin.end())
        body = text[begin.end() : body_end]
        if len(body) >= SHORTEST:
            yield Match("private_key", begin.start(), last, "pem", reserved=MARK in body)


def _body_end(text: str, start: int) -> int:
    body = BODY.match(text, start, start + LONGEST)
    following = text.find("-----BEGIN", start, body.end() if body else start)
    return following if following >= 0 else body.end() if body else start

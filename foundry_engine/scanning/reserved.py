"""Values that are nobody's: what redaction writes, and what documents put in place of a secret."""

from __future__ import annotations

import ipaddress
import re

MARK = "EXAMPLE"
"""Every surrogate of a secret that has room for it contains this word, as cloud vendors' own examples do."""

DOMAINS = ("example.com", "example.org", "example.net")
"""RFC 2606."""
RESERVED_DOMAIN = re.compile(
    r"(?i)(?:^|[.@])(?:example\.(?:com|org|net|edu|cn)|[a-z0-9-]+\.(?:example|test|invalid))\Z"
)
RESERVED_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
)
"""RFC 5737, 3849 and 9637: for documentation."""
UNROUTED_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in ("0.0.0.0/8", "127.0.0.0/8", "255.0.0.0/8", "224.0.0.0/4", "::/128", "::1/128", "ff00::/8")
)
"""Nobody's host: this one, masks, groups."""

RESERVED_PLATES = ("宁Z", "藏Z", "青Z", "琼Z")
"""Letters of no city: provinces with few cities end long before Z."""

PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|change.?me|redacted|dummy|replace.?(?:me|this)|insert.?|your[-_ .]|yourkey|"
    r"\$[{(]|\{\{|%\(|<[a-z]|\*{3}|\.{3}|environ|getenv|process\.env|config\.|settings\.|self\.|(.)\1{5}"
)
"""What stands in a document where a secret would: a name, a variable, a run of one character."""


def is_placeholder(value: str) -> bool:
    """Whether a secret's place is taken by something that opens nothing.

    >>> is_placeholder("your_api_key_here"), is_placeholder("${TOKEN}"), is_placeholder("kJ7x0Qw2Zr")
    (True, True, False)
    """
    return bool(PLACEHOLDER.search(value))

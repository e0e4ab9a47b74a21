"""Addresses on networks: e-mail (RFC 5321) and IP, versions 4 and 6."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from foundry_engine.scanning.context import is_glued, near
from foundry_engine.scanning.findings import Match
from foundry_engine.scanning.reserved import RESERVED_DOMAIN, RESERVED_NETWORKS, UNROUTED_NETWORKS

EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])(?P<local>[A-Za-z0-9_%+-](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_%+-])?)"
    r"@(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.){1,8}(?P<top>[A-Za-z]{2,24}))(?![A-Za-z0-9@]|-[A-Za-z0-9])"
)
FILES = frozenset("png jpg jpeg gif webp svg py js".split())
"""``icon@2x.png`` is no mailbox."""

OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
IPV4 = re.compile(rf"(?<![0-9.-]){OCTET}(?:\.{OCTET}){{3}}(?![0-9A-Za-z_]|\.[0-9A-Za-z]|-[0-9A-Za-z])")
IPV6 = re.compile(
    r"(?<![0-9A-Fa-f.])(?<![0-9A-Fa-f:]:)(?:[0-9A-Fa-f]{1,4}:){1,7}(?::|:?[0-9A-Fa-f]{1,4})?(?::[0-9A-Fa-f]{1,4}){0,6}(?![0-9A-Za-z:])"
)
GLUE = re.compile(r"(?i)(?<![a-z0-9])(?:ip|ipv4|ipv6|host|addr|address|server|dns|ping|ssh|gateway)\Z")
IP_WORDS = re.compile(
    r"(?i)ip|地址|主机|服务器|网关|登录|访问|攻击|白名单|客户端|host|server|dns|ping|ssh|login|client|address|gateway|route|://|@"
)
VERSION_WORDS = re.compile(
    r"(?i)(?:版本|固件|升级到|升级|更新到|更新|依赖|第|节|章|version|ver\.?|firmware|release|build|section|"
    r"upgraded (?:from|to)|update|(?<![a-z])v)[号: 为是=]{0,3}\Z"
)
VERSION_AFTER = re.compile(r"(?i)[ ]?(?:版|节|章|条|version|release|-?(?:rc|beta|alpha|b)[0-9])")
USED_NETWORKS = tuple(ipaddress.ip_network(network) for network in ("2000::/3", "fc00::/7", "fe80::/10"))
SMALL = 32
"""Four numbers all below this, and nothing said of hosts, are a version."""


def find(text: str) -> Iterator[Match]:
    """Mailboxes, and hosts that are not this one, a mask or a version."""
    if "@" in text:
        for mail in EMAIL.finditer(text):
            if mail["top"].lower() not in FILES and mail["local"].lower() != "git":
                reserved = bool(RESERVED_DOMAIN.search(mail["domain"]))
                yield Match("email", mail.start(), mail.end(), "mailbox", reserved)
    if "." in text:
        for host in IPV4.finditer(text):
            if not is_glued(text, host.start(), GLUE) and not _is_version(text, host):
                yield from _ip(host, ipaddress.ip_address(host[0]))
    if ":" in text:
        for host in IPV6.finditer(text):
            if not is_glued(text, host.start(), GLUE) and _is_host_shape(host[0]):
                yield from _ip(host, ipaddress.ip_address(host[0]))


def _ip(host: re.Match[str], address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Iterator[Match]:
    if not any(address in network for network in UNROUTED_NETWORKS):
        reserved = any(address in network for network in RESERVED_NETWORKS)
        yield Match("ip", host.start(), host.end(), f"version {address.version}", reserved)


def _is_version(text: str, host: re.Match[str]) -> bool:
    if VERSION_WORDS.search(text, max(0, host.start() - 16), host.start()) or VERSION_AFTER.match(text, host.end()):
        return True
    if max(map(int, host[0].split("."))) >= SMALL:
        return False
    return not near(IP_WORDS, text, host.start()) and text[host.end() : host.end() + 1] not in (":", "/")


def _is_host_shape(address: str) -> bool:
    """Whether an address is written in full or of a block in use: ``std::vector``, ``ab::cd`` and times are not."""
    try:
        host = ipaddress.IPv6Address(address)
    except ValueError:
        return False
    groups = address.split(":")
    if "" not in groups:
        return max(map(len, groups)) > 2  # eight pairs are a hardware address
    return len(groups[0]) == 4 and any(host in network for network in USED_NETWORKS)

"""User and password in a URL (RFC 3986, userinfo)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foundry_engine.scanning.findings import Match
from foundry_engine.scanning.reserved import is_placeholder

URL = re.compile(
    r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,30}://"
    r"(?P<user>[^\s/@:?#\"'<>\u3000-\u9fff]{0,100}):(?P<password>[^\s/\"'<>\u3000-\u9fff]{1,256})@(?=[A-Za-z0-9\[_])"
)


def find(text: str) -> Iterator[Match]:
    """From the scheme to the ``@``; the host is left to the other detectors."""
    if "://" in text:
        for url in URL.finditer(text):
            yield Match("url_credentials", url.start(), url.end(), "userinfo", is_placeholder(url["password"]))

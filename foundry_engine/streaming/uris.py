"""Where rows come from and go to, by URI: ``jsonl:// csv:// parquet:// sqlite:// memory://`` and more by entry point.

A scheme is a module in ``schemes/``, or one that an installed package offers under the entry-point group
``foundry.uris``. It has ``Source(uri)`` or ``Sink(uri)``, or both. What follows ``://`` is a path as it stands,
relative to the current folder, and after ``?`` options: ``sqlite://data.db?table=rows``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import parse_qsl

from foundry_engine import registry
from foundry_engine.errors import InvalidSetting


class Facts(NamedTuple):
    """An input that was found good: how many rows it has, and a hash of them."""

    rows: int
    fingerprint: str


class Source(Protocol):
    """Rows in a fixed order, the same each time they are read."""

    resumable: bool
    """Whether another process finds the same rows under this URI."""

    def fingerprint(self) -> str:
        """Hash of the content."""

    def check(self, accept: Callable[[dict[str, object], str], None]) -> int:
        """Read everything and count the rows; ``accept(row, place)`` may refuse one.

        Raises ``MalformedRecord`` with ``file:line`` for what is no row.
        """

    def rows(self) -> Iterator[str]:
        """Every row as the text of one JSON object."""


class Sink(Protocol):
    """A place that rows are put into, all or none of them."""

    path: Path | None
    """The file that is written, if it is one."""

    def write(self, rows: Callable[[], Iterable[str]]) -> None:
        """Put what ``rows()`` gives, texts of JSON objects, into the place of what is there; it may be called twice."""


@dataclass(frozen=True)
class Uri:
    """The parts of a URI."""

    text: str
    scheme: str
    location: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The location as a path."""
        return Path(self.location)

    def only(self, *names: str) -> None:
        """Refuse options of other names."""
        for name in self.options:
            if name not in names:
                raise InvalidSetting(f"{self.text}: unknown option '{name}'; {registry.suggest(name, list(names))}")


def parse(text: str) -> Uri:
    """The parts of a URI; raises ``InvalidSetting``.

    >>> parse("sqlite://data/rows.db?table=t").options
    {'table': 't'}
    """
    scheme, mark, rest = str(text).partition("://")
    if not mark or not scheme or not rest:
        raise InvalidSetting(f"'{text}' is no URI; write for example jsonl://folder/file.jsonl")
    location, _, options = rest.partition("?")
    return Uri(text, scheme, location, dict(parse_qsl(options, keep_blank_values=True)))


def open_source(text: str) -> Source:
    """The source a URI names; raises ``UnknownComponent`` or ``InvalidSetting``."""
    uri = parse(text)
    scheme = registry.find("uris", uri.scheme)
    if not hasattr(scheme, "Source"):
        raise InvalidSetting(f"{text}: {uri.scheme}:// can only be written to")
    source: Source = scheme.Source(uri)
    return source


def open_sink(text: str) -> Sink:
    """The sink a URI names; raises ``UnknownComponent`` or ``InvalidSetting``."""
    uri = parse(text)
    scheme = registry.find("uris", uri.scheme)
    if not hasattr(scheme, "Sink"):
        raise InvalidSetting(f"{text}: {uri.scheme}:// can only be read")
    sink: Sink = scheme.Sink(uri)
    return sink

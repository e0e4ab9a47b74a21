"""Logging and progress as the engine sees them; the entrances decide where they go."""

from __future__ import annotations

import logging
import sys
from typing import Protocol


class Progress(Protocol):
    """Progress of one long piece of work."""

    def start(self, what: str, total: int) -> None:
        """Begin a piece of ``total`` units."""

    def advance(self, count: int = 1) -> None:
        """``count`` units more are done."""

    def finish(self) -> None:
        """The piece is over."""


class Silent:
    """A progress nobody watches."""

    def start(self, what: str, total: int) -> None:
        """Nothing to show."""

    def advance(self, count: int = 1) -> None:
        """Nothing to show."""

    def finish(self) -> None:
        """Nothing to show."""


def set_up(level: int = logging.WARNING) -> None:
    """Send the package's log to stderr; called once, by an entrance."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname).1s %(name)s %(message)s"))
    logger = logging.getLogger("foundry_engine")
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False

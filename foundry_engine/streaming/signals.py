"""Ctrl-C and SIGTERM during a run: the first lets it end what is under way, the second ends it now."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

logger = logging.getLogger(__name__)


class Interrupts:
    """How many signals came."""

    def __init__(self) -> None:
        self.count = 0


@contextmanager
def draining_on_signals(drain: Callable[[], None]) -> Iterator[Interrupts]:
    """Call ``drain`` on the first signal, raise ``KeyboardInterrupt`` on the second; only in the main thread."""
    seen = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield seen
        return

    def handle(number: int, frame: FrameType | None) -> None:
        seen.count += 1
        if seen.count > 1:
            raise KeyboardInterrupt
        logger.warning("interrupted: ending what is under way; once more to stop at once")
        drain()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

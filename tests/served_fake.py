"""The fake model server in a thread of its own, for tests that ask it from outside its event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from foundry_engine.fake_llm.server import FakeLlm
from foundry_engine.fake_llm.settings import FakeSettings


@contextmanager
def served_fake(**settings: Any) -> Iterator[str]:
    """The URL of a fake with these settings, for the length of a block."""
    loop, ready, urls = asyncio.new_event_loop(), threading.Event(), list[str]()
    over = asyncio.Event()

    async def serve() -> None:
        async with FakeLlm(FakeSettings.model_validate(settings)) as fake:
            urls.append(fake.url)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()

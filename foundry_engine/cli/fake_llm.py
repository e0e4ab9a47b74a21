"""The command ``fake-llm``: options become settings, and the server runs until a signal."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from foundry_engine.cli import console
from foundry_engine.errors import InvalidSetting, MissingDependency
from foundry_engine.fake_llm.faults import FAULTS

if TYPE_CHECKING:
    from foundry_engine.blueprint import Blueprint
    from foundry_engine.fake_llm.settings import FakeSettings

HELP = (
    "Serve a model that is none, to rehearse failures without paying.\n\n"
    "Speaks OpenAI's shape (/v1/chat/completions, /v1/models) and Gemini's (/v1 and /v1beta, "
    "models/NAME:generateContent). Answers are seeded, obey the JSON Schema asked for, and repeat themselves as the "
    "collapse model in docs/pool.md says. Counts are at /counters; POST /counters/reset begins anew.\n\n"
    "Faults for --fault NAME=RATE: " + " · ".join(f"{name}: {what}" for name, what in FAULTS.items()) + "."
)


def rates(given: Sequence[str]) -> dict[str, float]:
    """``NAME=RATE`` texts as rates; ``all=0.3`` shares a rate among all faults. Raises ``ValueError``.

    >>> rates(["drop=0.1"])
    {'drop': 0.1}
    """
    out: dict[str, float] = {}
    for text in given:
        name, equals, rate = text.partition("=")
        if not equals:
            raise ValueError(f"'{text}' is not NAME=RATE, for example drop=0.05")
        try:
            value = float(rate)
        except ValueError:
            raise ValueError(f"'{rate}' is no rate; give a number from 0 to 1, for example {name}=0.05") from None
        out.update({fault: value / len(FAULTS) for fault in FAULTS} if name == "all" else {name: value})
    return out


def settings(**options: Any) -> FakeSettings:
    """Checked settings; raises ``InvalidSetting`` with the option's name."""
    from pydantic import ValidationError

    from foundry_engine.fake_llm.settings import FakeSettings

    try:
        return FakeSettings.model_validate(options)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = "-".join(str(part) for part in wrong["loc"]) or "--fault"
        raise InvalidSetting(f"fake-llm: {place}: {wrong['msg'].removeprefix('Value error, ')}") from error


def serve(wanted: FakeSettings, blueprint: Blueprint | None, host: str, port: int) -> None:
    """Print the URL on stdout and serve until SIGINT or SIGTERM."""
    try:
        from foundry_engine.fake_llm.server import FakeLlm
    except ImportError as error:
        raise MissingDependency("aiohttp is not installed: pip install aiohttp") from error

    async def run() -> None:
        over = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, over.set)
        fake = FakeLlm(wanted, blueprint)
        url = await fake.start(host, port)
        try:
            console.text([url])
            console.say(f"fake model server, seed {wanted.seed}; counters at {url}/counters; Ctrl-C ends it")
            await over.wait()
        finally:
            await fake.stop()
        shown = fake.counters.shown()
        console.say(f"served {shown['total']:,} requests, at most {shown['most_in_flight']} at once")

    asyncio.run(run())

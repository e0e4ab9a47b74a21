"""A real rate limit per key and model: so many requests and tokens in any second or minute, exactly."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from foundry_engine.fake_llm.settings import FakeSettings

MINUTE = 60.0


@dataclass
class Window:
    """At most ``limit`` in any span of ``seconds``."""

    limit: float
    seconds: float
    taken: deque[tuple[float, float]] = field(default_factory=deque)
    used: float = 0.0

    def wait(self, now: float, amount: float) -> float:
        """Seconds until ``amount`` more fit; 0 when they fit now. More than the limit fits an empty window."""
        while self.taken and self.taken[0][0] <= now - self.seconds:
            self.used -= self.taken.popleft()[1]
        free, at = self.limit - self.used, now
        for when, freed in self.taken:
            if free >= min(amount, self.limit):
                break
            free, at = free + freed, when + self.seconds
        return at - now

    def take(self, now: float, amount: float) -> None:
        """Count ``amount``."""
        self.taken.append((now, amount))
        self.used += amount


class Limits:
    """The windows of every key and model."""

    def __init__(self, settings: FakeSettings) -> None:
        self._settings = settings
        self._windows: dict[tuple[str, str], dict[str, Window]] = {}

    def admit(self, key: str, model: str, tokens: int, now: float) -> tuple[float, dict[str, str]]:
        """Seconds to wait, 0 when admitted, and the ``x-ratelimit-*`` headers that go with the answer."""
        windows = self._windows.setdefault((key, model), self._fresh())
        wait = max((w.wait(now, _amount(name, tokens)) for name, w in windows.items()), default=0.0)
        if wait <= 0:
            for name, window in windows.items():
                window.take(now, _amount(name, tokens))
        return wait, _headers(windows, now)

    def _fresh(self) -> dict[str, Window]:
        s = self._settings
        limits = {"rps": (s.rps, 1.0), "rpm": (s.rpm, MINUTE), "tpm": (s.tpm, MINUTE)}
        return {name: Window(limit, seconds) for name, (limit, seconds) in limits.items() if limit is not None}


def _amount(name: str, tokens: int) -> float:
    return float(tokens) if name == "tpm" else 1.0


def _headers(windows: dict[str, Window], now: float) -> dict[str, str]:
    """Only minutes are told, as services do; a limit a second is found out by running into it."""
    out: dict[str, str] = {}
    for name, what in (("rpm", "requests"), ("tpm", "tokens")):
        if name in windows:
            window = windows[name]
            reset = window.taken[0][0] + window.seconds - now if window.taken else 0.0
            out[f"x-ratelimit-limit-{what}"] = f"{window.limit:.0f}"
            out[f"x-ratelimit-remaining-{what}"] = f"{max(0.0, window.limit - window.used):.0f}"
            out[f"x-ratelimit-reset-{what}"] = f"{reset:.3f}s"
    return out

"""The pool against the fake model server, fault by fault: rows a second, calls, rows lost or wrong, memory.

Each row is a process of its own, timed from its start to its end: 1,000 requests, 100 in flight, answers of 50 ms.
``make bench-pool``; give names of rows to measure only those. CPU s is what the asking process used in all: on a busy
machine it says more than the rate. A row with hanging answers may take two time-outs of 5 s and what it takes anyway.
"""

from __future__ import annotations

import asyncio
import compileall
import json
import os
import resource
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROWS = 1_000
IN_FLIGHT = 100
LABELS = ["Question", "Statement", "Order"]
MIX = ("rate_limited", "server_error", "hang", "drop", "truncated", "malformed", "outside_schema", "html", "empty")


@dataclass(frozen=True)
class Bar:
    """One line of the table: how the fake behaves, what is declared, and what must be reached."""

    name: str
    server: tuple[str, ...] = ()
    safe_rps: float | None = None
    rate: float = 0.0
    calls: int | None = None
    longest: float | None = None
    peers: str = ""


def faulty(*parts: str) -> tuple[str, ...]:
    """Options of the fake for some faults."""
    return tuple(word for part in parts for word in ("--fault", part))


BARS = [
    Bar("none", rate=500, calls=1000, peers="216 92 138 199"),
    Bar("429 5 %", faulty("rate_limited=0.05"), rate=150, calls=1060, peers="53 13 97 23*"),
    Bar("500 5 %", faulty("server_error=0.05"), rate=250, peers="72 87 98 126"),
    Bar("truncated 5 %", faulty("truncated=0.05"), rate=300, peers="231 96 103 214"),
    Bar("outside enum 5 %", faulty("outside_schema=0.05"), rate=300, peers="249 87 98 199"),
    Bar("malformed 5 %", faulty("malformed=0.05"), rate=300),
    Bar("html 5 %", faulty("html=0.05"), rate=250),
    Bar("dropped 5 %", faulty("drop=0.05"), rate=250, peers="46 45 102 168"),
    Bar("empty 5 %", faulty("empty=0.05"), rate=300, peers="222 - 101 211"),
    Bar("hang 3 %", faulty("hang=0.03"), longest=12.0, peers="67 80 75 95"),
    Bar("all at once 30 %", faulty(*(f"{name}={0.3 / len(MIX):.5f}" for name in MIX))),
    Bar("50/s unknown", ("--rps", "50"), rate=43, calls=1100, peers="12 28 18 38*"),
    Bar("50/s configured", ("--rps", "50"), safe_rps=50, rate=43, calls=1020),
]


@dataclass
class Found:
    """What came of one row of the table."""

    seconds: float = 0.0
    good: int = 0
    wrong: int = 0
    lost: int = 0
    rss: float = 0.0
    cpu: float = 0.0
    errors: list[str] = field(default_factory=list)


async def ask_all(url: str, safe_rps: float | None) -> Found:
    """The measured work: a thousand labels through the pool."""
    from foundry_engine.completions import CompletionRequest
    from foundry_engine.errors import ProviderError
    from foundry_engine.llm_pool import LlmPool, ModelEntry

    schema = {
        "type": "object",
        "properties": {"text": {"type": "string"}, "label": {"enum": LABELS}},
        "required": ["text", "label"],
        "additionalProperties": False,
    }
    settings = {"model": "fake-model", "base_url": f"{url}/v1", "timeout": 5.0, "keys": "BENCH_KEYS"}
    entry = ModelEntry(provider="openai_compatible", settings=settings, concurrency=IN_FLIGHT, safe_rps=safe_rps)
    found, free = Found(), asyncio.Semaphore(IN_FLIGHT)

    async def one(pool: LlmPool, n: int) -> None:
        async with free:
            try:
                done = await pool.complete(CompletionRequest("You label texts.", f"Text number {n}", schema, seed=n))
            except ProviderError as error:
                found.lost += 1
                found.errors.append(f"{type(error).__name__}: {error.message}")
                return
        row = json.loads(done.text)
        if isinstance(row["text"], str) and row["label"] in LABELS:
            found.good += 1
        else:
            found.wrong += 1

    async with LlmPool.open([entry], {"BENCH_KEYS": "sk-bench"}) as pool:
        await asyncio.gather(*(one(pool, n) for n in range(ROWS)))
    used = resource.getrusage(resource.RUSAGE_SELF)
    found.rss, found.cpu = used.ru_maxrss / 1024, used.ru_utime + used.ru_stime
    return found


def measured(bar: Bar, seed: int) -> tuple[Found, dict[str, Any]]:
    """One row: a fake of its own, then the work in a new process."""
    command = [sys.executable, str(ROOT / "main.py"), "fake-llm", "--port", "0", "--seed", str(seed), *bar.server]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as fake:
        assert fake.stdout is not None
        url = fake.stdout.readline().strip()
        try:
            begun = time.perf_counter()
            work = [sys.executable, __file__, "--ask", url, str(bar.safe_rps or 0)]
            out = subprocess.run(work, stdout=subprocess.PIPE, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
            seconds = time.perf_counter() - begun
            with urllib.request.urlopen(f"{url}/counters") as answer:
                counters = json.load(answer)
        finally:
            fake.terminate()
    return Found(**{**json.loads(out.stdout), "seconds": seconds}), counters


def misses(bar: Bar, found: Found, calls: int) -> list[str]:
    """What of the bar was not reached."""
    rate = found.good / found.seconds
    checks = [
        (found.wrong or found.lost, f"{found.wrong} wrong, {found.lost} lost"),
        (found.good != ROWS, f"{found.good} rows"),
        (rate < bar.rate, f"{rate:.0f} rows/s, wanted {bar.rate:.0f}"),
        (bar.calls is not None and calls > bar.calls, f"{calls} calls, wanted {bar.calls}"),
        (bar.longest is not None and found.seconds > bar.longest, f"{found.seconds:.1f} s"),
        (found.rss > 120, f"{found.rss:.0f} MiB"),
    ]
    return [said for wrong, said in checks if wrong]


def main() -> int:
    """Print the table; the exit code says whether every bar was reached."""
    if sys.argv[1:2] == ["--ask"]:
        print(json.dumps(asyncio.run(ask_all(sys.argv[2], float(sys.argv[3]) or None)).__dict__))
        return 0
    wanted = sys.argv[1:]
    compileall.compile_dir(ROOT / "foundry_engine", quiet=1)  # as pip does with what it installs
    print("peers, quoted: AI-DataFlux, Data Designer 0.9.6, Curator 0.1.31, async-batch-llm 0.28 (* tuned)\n")
    head = ("rows/s", "seconds", "CPU s", "calls", "wrong", "MiB")
    print(f"{'fault':18s}{''.join(f'{word:>8s}' for word in head)}  {'peers rows/s':16s} bar")
    failed = False
    for bar in BARS:
        if wanted and not any(word in bar.name for word in wanted):
            continue
        found, counters = measured(bar, seed=7)
        missed = misses(bar, found, counters["total"])
        failed |= bool(missed)
        rate, bad = found.good / found.seconds, found.wrong + found.lost
        figures = f"{rate:8.0f}{found.seconds:8.2f}{found.cpu:8.2f}{counters['total']:8d}{bad:8d}{found.rss:8.0f}"
        print(f"{bar.name:18s}{figures}  {bar.peers:16s} {'; '.join(missed) or 'reached'}", flush=True)
        for said in found.errors[:3]:
            print(f"    {said}")
    return failed


if __name__ == "__main__":
    sys.exit(main())

"""A thousand labels from the fake model server, fault by fault: our pool in a pipeline beside peers from PyPI.

Part of ``make bench-streaming``. Every figure is a process of its own with a fake of its own, timed from start to end.
All are given the same rows, 100 calls in flight and 5 s a call; all else is as its maker chose it, or said in its name.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import peer_environments
from bench_pool import BARS, IN_FLIGHT, LABELS, ROOT, ROWS, Bar

TIMEOUT = 5
FAULTS = (
    "none",
    "429 5 %",
    "500 5 %",
    "truncated 5 %",
    "outside enum 5 %",
    "dropped 5 %",
    "hang 3 %",
    "50/s unknown",
    "50/s configured",
)
LIMITED = ("429 5 %", "50/s unknown")
MOST_MEMORY = 120
"""MiB that ours may take."""
QUIET = {"NEMO_TELEMETRY_ENABLED": "false", "TQDM_DISABLE": "1"}
"""Peers that would call home do not."""


class Contender(NamedTuple):
    """Who answers: a script in ``peers/``, what it needs from PyPI, its last argument, the faults it is tried on."""

    name: str
    script: str
    requirement: str = ""
    argument: tuple[str, ...] = ()
    only: tuple[str, ...] = FAULTS[:-1]
    settings: str = "defaults"


OURS = Contender("ours", "ask_ours.py", only=FAULTS, settings="defaults, durable by row; 50/s configured: safe_rps 50")
BATCH = "async-batch-llm[openai]==0.28.0"
PEERS = (
    Contender("async-batch-llm", "ask_async_batch_llm.py", BATCH, ("0",), settings="defaults: 300 s cool-down"),
    Contender("async-batch-llm, 1 s", "ask_async_batch_llm.py", BATCH, ("1",), LIMITED, "cooldown_seconds=1"),
    Contender(
        "data-designer",
        "ask_data_designer.py",
        "data-designer==0.9.6",
        settings="defaults, response_format sent, no health check, telemetry off",
    ),
)


class Figure(NamedTuple):
    """What came of a process; ``processor`` is its CPU seconds, ``error`` says why it gave no answers."""

    seconds: float
    good: int
    calls: int
    mebibytes: float
    processor: float
    error: str = ""


@contextmanager
def served(bar: Bar) -> Iterator[str]:
    """The URL of a fake that behaves as the bar says."""
    command = [sys.executable, str(ROOT / "main.py"), "fake-llm", "--port", "0", "--seed", "7", *bar.server]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as fake:
        assert fake.stdout is not None
        try:
            yield fake.stdout.readline().strip()
        finally:
            fake.terminate()


def measured(who: Contender, python: Path, bar: Bar, count: int, limit: float) -> Figure:
    """One contender against one fault; it is ended after ``limit`` seconds."""
    rps = (f"{bar.safe_rps or 0:g}",) if who is OURS else who.argument
    with served(bar) as url, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        script = str(ROOT / "scripts" / "peers" / who.script)
        command = [str(python), script, url, str(count), str(IN_FLIGHT), str(TIMEOUT), *rps]
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=errors, env={**os.environ, **QUIET})
        ended, status, used = _waited(process.pid, begun + limit)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begun
        with urllib.request.urlopen(f"{url}/counters") as answer:
            calls = json.load(answer)["total"]
        out.seek(0)
        errors.seek(0)
        error = "" if not process.returncode else (errors.read().strip().splitlines() or ["no word"])[-1][:160]
        answers = json.load(out) if not process.returncode else []
    error = error if ended else f"ended after {limit:.0f} s; --limit allows more"
    return Figure(
        seconds, sum(map(is_right, answers)), calls, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime, error
    )


def _waited(pid: int, until: float) -> tuple[bool, int, Any]:
    """Whether the process ended by itself, its status, and what it used."""
    while time.perf_counter() < until:
        found, status, used = os.wait4(pid, os.WNOHANG)
        if found:
            return True, status, used
        time.sleep(0.005)
    os.kill(pid, 9)
    return False, *os.wait4(pid, 0)[1:]


def is_right(answer: Any) -> bool:
    """Whether an answer is what was asked for; the same judge for all."""
    return isinstance(answer, dict) and isinstance(answer.get("text"), str) and answer.get("label") in LABELS


def missed(bar: Bar, figure: Figure, count: int) -> list[str]:
    """What of the bar we did not reach; its rate and calls are of ``ROWS`` rows and are not held against fewer."""
    rate, whole = figure.good / figure.seconds, count >= ROWS
    checks = [
        (bool(figure.error), figure.error),
        (figure.good != count, f"{count - figure.good} rows not correct"),
        (whole and rate < bar.rate, f"{rate:.0f} rows/s, required {bar.rate:.0f}"),
        (whole and bar.calls is not None and figure.calls > bar.calls, f"{figure.calls} calls, allowed {bar.calls}"),
        (bar.longest is not None and figure.seconds > bar.longest, f"{figure.seconds:.1f} s, allowed {bar.longest}"),
        (figure.mebibytes > MOST_MEMORY, f"{figure.mebibytes:.0f} MiB, allowed {MOST_MEMORY}"),
    ]
    return [f"{bar.name}: {said}" for wrong, said in checks if wrong]


def compare(count: int, words: list[str], peers: bool, limit: float, install_seconds: float) -> list[str]:
    """Print the table, a line as soon as it is known; gives what of ours is below its bar.

    ``words`` choose faults by a part of their name; none of them: all.
    """
    contenders = [(OURS, Path(sys.executable))]
    print(f"{count:,} rows, {IN_FLIGHT} in flight, answers of 50 ms, {TIMEOUT} s a call, on {os.cpu_count()} cores")
    print(f"with a load of {os.getloadavg()[0]:.1f} before. Settings beyond these:")
    print(f"  {OURS.name}: {OURS.settings}")
    for peer in PEERS if peers else ():
        place = peer.requirement.partition("==")[0].partition("[")[0]
        python, told = peer_environments.python_of(place, peer.requirement, install_seconds)
        print(f"  {peer.name}: {peer.settings} ({told})" if python else f"  {peer.name}: NOT MEASURED. {told}")
        contenders += [(peer, python)] if python else []
    print(f"\n{'fault':18s}{'by':22s}{'rows/s':>8s}{'seconds':>9s}{'wrong':>7s}{'calls':>7s}{'MiB':>6s}{'CPU s':>7s}")
    below = []
    for bar in (bar for name in FAULTS for bar in BARS if bar.name == name):
        if words and not any(word in bar.name for word in words):
            continue
        ours = 0.0
        for who, python in contenders:
            if bar.name not in who.only:
                continue
            figure = measured(who, python, bar, count, limit)
            rate = figure.good / figure.seconds
            wrong = "?" if figure.error else str(count - figure.good)
            ours = rate if who is OURS else ours
            ratio = "" if who is OURS else f"{ours / rate:.1f} times as fast" if rate else f"– {figure.error}"
            print(
                f"{bar.name:18s}{who.name:22s}{rate:8.0f}{figure.seconds:9.2f}{wrong:>7s}"
                f"{figure.calls:7d}{figure.mebibytes:6.0f}{figure.processor:7.2f}  {ratio}",
                flush=True,
            )
            below += missed(bar, figure, count) if who is OURS else []
    return below

"""Kill streaming runs with -9 at random instants and at every named fail-point, resume, and hold the result to the law.

``make crash-streaming N=200``. The run of every case has a plain stage that pays for calls, fans out, drops and fails,
an async stage that pays for calls, and a batched one. The oracle computes what must come out with a plain loop: the
output byte for byte (so rows, order and lineage), the quarantine, and that no answered call was made again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from foundry_engine.streaming import AsyncContext, Context, Operator, UnifiedPipeline  # noqa: E402
from foundry_engine.streaming.failpoints import POINTS, VARIABLE  # noqa: E402

ROWS, PLAIN, ASYNC = 120, 6, 12
IN_FLIGHT = PLAIN + ASYNC
"""Paid calls under way at most."""
TIMEOUT = 60
Row = dict[str, Any]


def answer(name: str, number: int) -> Row:
    """What the paid service says."""
    return {"name": name, "value": (number * 7919 + len(name)) % 1000}


def fan_out(item: Row, said: Row) -> list[Row] | Row | None:
    """The pure part of the first stage: rows of number n become n % 4 rows; a single one stays itself."""
    number = item["n"]
    if number % 31 == 5:
        raise ValueError(f"row {number} is bad")
    if number % 4 == 1:
        return {"n": number, "said": said["value"]}
    return [{"n": number, "k": k, "said": said["value"] + k} for k in range(number % 4)]


def tagged(item: Row, said: Row) -> Row:
    """The pure part of the second stage."""
    return {**item, "tag": said["value"]}


def kept(item: Row) -> bool:
    """What the third stage keeps."""
    return bool(item["tag"] % 5)


class Service:
    """A paid service: every call is a line in a file before it is answered."""

    def __init__(self, log: Path) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def bill(self, name: str, lineage: str) -> None:
        """One call more."""
        os.write(self._log, f"{name} {lineage}\n".encode())


class Ask(Operator):
    """First stage: plain threads, one paid call a row, then fan-out."""

    version = "1"

    def __init__(self, service: Service) -> None:
        self._service = service

    def process_item(self, item: Row, context: Context) -> Any:
        """Pay, then fan out."""

        def call() -> Row:
            self._service.bill("ask", item["_i"])
            time.sleep(0.001)
            context.report_usage({"tokens": 3})
            return answer("ask", item["n"])

        return fan_out(item, context.once("ask", call))


class Tag(Operator):
    """Second stage: async, one paid call a row."""

    version = "1"

    def __init__(self, service: Service) -> None:
        self._service = service

    async def process_item(self, item: Row, context: AsyncContext) -> Row:
        """Pay, then tag."""

        async def call() -> Row:
            self._service.bill("tag", item["_i"])
            await asyncio.sleep(0.002)
            context.report_usage({"tokens": 5})
            return answer("tag", item["said"])

        return tagged(item, await context.once("tag", call))


class Keep(Operator):
    """Third stage: batches, rows matched by the lineage they kept."""

    version = "1"

    def process_batch(self, items: list[Row]) -> list[Row]:
        """The rows that stay."""
        return [item for item in items if kept(item)]


def law() -> tuple[list[Row], list[str], Counter[str]]:
    """What must come out: output rows, lineage of the quarantined ones, paid calls."""
    rows: list[Row] = []
    aside: list[str] = []
    calls: Counter[str] = Counter()
    for number in range(ROWS):
        calls[f"ask {number}"] += 1
        try:
            made = fan_out({"n": number}, answer("ask", number))
        except ValueError:
            aside.append(str(number))
            continue
        children = [(str(number), made)] if isinstance(made, dict) else []
        if isinstance(made, list):
            children = [(f"{number}_{k}", row) for k, row in enumerate(made)]
        for lineage, row in children:
            calls[f"tag {lineage}"] += 1
            out = tagged(row, answer("tag", row["said"]))
            if kept(out):
                rows.append({"_i": lineage, **out})
    return rows, aside, calls


def work(folder: Path, mode: str) -> None:
    """What a killed process does: create and run, or one of the deliberate restarts."""
    service = Service(folder / "calls.log")
    pipeline = UnifiedPipeline(
        operators=[Ask(service), Tag(service), Keep()],
        input_uri=f"jsonl://{folder}/in.jsonl",
        output_uri=f"jsonl://{folder}/out.jsonl",
        results_dir=folder / "runs",
        node_configs=[{"parallel_size": PLAIN}, {"parallel_size": ASYNC}, {"batch_size": 7, "parallel_size": 2}],
        restart_from="Tag" if mode == "restart" else None,
    )
    pipeline.create("crash")
    if mode == "retry":
        pipeline.retry_failed()
    else:
        pipeline.run()


@dataclass
class Outcome:
    """What came of the kills."""

    kills: int = 0
    repeated: int = 0
    where: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kills: int, where: str) -> None:
        """More kills; cases run in threads."""
        with self._lock:
            self.kills += kills
            self.where[where] += kills

    def summary(self) -> str:
        """One line."""
        verdict = f"{len(self.differences)} DIFFERENCES" if self.differences else "all exact"
        where = ", ".join(f"{name} {count}" for name, count in sorted(self.where.items()))
        return f"{self.kills} kills ({where}): {verdict}; {self.repeated} calls repeated, at most {IN_FLIGHT} a kill"


def prepare(folder: Path) -> None:
    """The input of a case."""
    folder.mkdir(parents=True)
    (folder / "in.jsonl").write_text("".join(json.dumps({"n": n}) + "\n" for n in range(ROWS)))


def start(folder: Path, mode: str = "run", crash_at: str = "") -> subprocess.Popen[bytes]:
    """A process at work on a case."""
    command = [sys.executable, str(Path(__file__).resolve()), "--work", str(folder), "--mode", mode]
    environment = {**os.environ, VARIABLE: crash_at}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT)


def finish(folder: Path, mode: str = "run") -> list[str]:
    """Let a process come to its end; what is wrong with that."""
    process = start(folder, mode)
    _, said = process.communicate(timeout=TIMEOUT)
    return [f"the resumed run ended with {process.returncode}: {said.decode()[-400:]}"] if process.returncode else []


def judge(folder: Path, kills: int, outcome: Outcome) -> list[str]:
    """What of a finished case is against the law."""
    rows, aside, calls = law()
    found = []
    expected = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    if (folder / "out.jsonl").read_text() != expected:
        found.append("the output differs")
    run = folder / "runs" / "crash"
    put = [json.loads(line)["_i"] for line in (run / "quarantine.jsonl").read_text().splitlines()]
    if put != aside:
        found.append(f"quarantine {put}, expected {aside}")
    billed = Counter((folder / "calls.log").read_text().splitlines())
    report = json.loads((run / "report.json").read_text())
    repeated, counted = sum((billed - calls).values()), report["calls"]["repeated_at_most"]
    outcome.repeated += repeated
    if billed.keys() != calls.keys():
        found.append(f"calls never made or of nobody: {sorted(billed.keys() ^ calls.keys())[:5]}")
    if not repeated <= counted <= kills * IN_FLIGHT:
        found.append(
            f"{repeated} calls repeated, the report says at most {counted}, {kills} kills allow {kills * IN_FLIGHT}"
        )
    if report["usage"]["tokens"] != 3 * report_answers(run, "ask") + 5 * report_answers(run, "tag"):
        found.append(f"usage {report['usage']} is not that of the answers")
    left = [path.name for path in folder.rglob(".*.new")]
    return found + ([f"left behind: {left}"] if left else [])


def report_answers(run: Path, name: str) -> int:
    """Answers in the journal."""
    db = sqlite3.connect(run / "journal.sqlite")
    (count,) = db.execute("SELECT count(result) FROM call WHERE name = ?", (name,)).fetchone()
    db.close()
    return int(count)


def close_case(folder: Path, kills: int, outcome: Outcome, mode: str = "run") -> None:
    """Resume, judge, and remove the folder of a case that is well."""
    found = finish(folder, mode)
    found = found or judge(folder, kills, outcome)
    outcome.differences += [f"{folder.name}: {line}" for line in found]
    if not found:
        shutil.rmtree(folder)


def random_kills(count: int, place: Path, seed: int, outcome: Outcome) -> None:
    """``count`` kills at instants uniform over the time a run takes, one to three a case, two cases at a time."""
    random = Random(seed)
    prepare(place / "unbroken")
    begun = time.monotonic()
    close_case(place / "unbroken", 0, outcome)
    seconds = time.monotonic() - begun
    case, already = 0, outcome.kills
    with ThreadPoolExecutor(2) as pool:
        while (missing := count - outcome.kills + already) > 0:
            cases = range(case, case + max(1, missing // 2))
            case = cases.stop
            instants = [[random.uniform(0, seconds) for _ in range(random.randint(1, 3))] for _ in cases]
            list(pool.map(lambda n, when: killed_case(place / f"case-{n}", when, outcome), cases, instants))


def killed_case(folder: Path, instants: Sequence[float], outcome: Outcome) -> None:
    """One case, killed so many seconds after each of its starts."""
    prepare(folder)
    kills = 0
    for seconds in instants:
        process = start(folder)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    outcome.add(kills, "random")
    close_case(folder, kills, outcome)


MODES = {"restart.cleared": "restart", "retry.cleared": "retry"}
"""How the fail-points are come to that a plain run does not pass."""
LATER = {
    "group.begun": 40,
    "group.written": 40,
    "group.committed": 40,
    "call.begun": 90,
    "call.received": 90,
    "call.kept": 90,
    "export.half": 60,
}
"""Points that are also tried deep in a run: at which count."""


def fail_points(place: Path, outcome: Outcome) -> None:
    """A kill at every named point, the frequent ones early and late, two cases at a time."""
    cases = [(point, count) for point in POINTS for count in ((1, LATER[point]) if point in LATER else (1,))]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda case: fail_point(place / f"{case[0]}-{case[1]}", case[0], case[1], outcome), cases))


def fail_point(folder: Path, point: str, count: int, outcome: Outcome) -> None:
    """One case, killed when it comes to a point for that time."""
    prepare(folder)
    mode = MODES.get(point, "run")
    if mode != "run":
        outcome.differences += [f"{folder.name}: {line}" for line in finish(folder)]
    process = start(folder, mode, f"{point}:{count}")
    _, said = process.communicate(timeout=TIMEOUT)
    if process.returncode != -signal.SIGKILL:
        outcome.differences.append(f"{folder.name}: not reached ({process.returncode}): {said.decode()[-400:]}")
        return
    outcome.add(1, "fail-points")
    close_case(folder, 1, outcome)


def campaign(place: Path, kills: int, seed: int, outcome: Outcome) -> None:
    """Every fail-point, then random instants."""
    fail_points(place / "points", outcome)
    random_kills(kills, place / "random", seed, outcome)


def main() -> int:
    """Run the campaign; 1 when anything differed, and then the folders are kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--mode", default="run", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.mode)
        return 0
    place = Path(tempfile.mkdtemp(prefix="crash-streaming-"))
    outcome = Outcome()
    campaign(place, options.kills, options.seed, outcome)
    print(outcome.summary())
    for line in outcome.differences:
        print(f"  {line}")
    if outcome.differences:
        print(f"kept for inspection: {place}")
        return 1
    shutil.rmtree(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How fast streaming is: rows and calls beside a plain loop without a journal, labels beside peers from PyPI.

``make bench-streaming``. Every figure is of a process of its own, from its start to its end, with its peak of memory.
The loop is the floor: it does the same work and keeps nothing, so a kill costs it everything. The second
table is ``bench_calls.py``'s. ``--rows 10000 1000000`` measures a million rows.
"""

from __future__ import annotations

import argparse
import asyncio
import compileall
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import bench_calls

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CALLS, IN_FLIGHT, SECONDS = 1_000, 100, 0.05
REQUIRED = {"rows": 15_000.0, "calls": 500.0, "memory": 60.0, "flat": 1.25}
"""Rows a second, calls a second, MiB, and how much longer a row may take among the most rows than among the fewest."""


class Figure(NamedTuple):
    """What a process took."""

    seconds: float
    mebibytes: float


def clean_text(item: dict[str, Any]) -> dict[str, Any]:
    """The operator: a little work on a text."""
    return {"text": item["text"].strip(), "len": len(item["text"])}


def stream_rows(folder: Path, rows: int) -> None:
    """Ours, durable by row."""
    from foundry_engine.streaming import FunctionOperator, UnifiedPipeline

    pipeline = UnifiedPipeline([FunctionOperator(clean_text)], results_dir=folder / f"runs-{rows}")
    pipeline.create(
        "rows",
        input_uri=f"jsonl://{folder}/rows-{rows}.jsonl",
        output_uri=f"jsonl://{folder}/out-{rows}.jsonl",
        parallel_size=10,
        batch_size=10,
    )
    pipeline.run()


def loop_rows(folder: Path, rows: int) -> None:
    """The floor: read, work, write."""
    with (folder / f"rows-{rows}.jsonl").open() as source, (folder / f"loop-{rows}.jsonl").open("w") as target:
        for line in source:
            target.write(json.dumps(clean_text(json.loads(line)), ensure_ascii=False) + "\n")


def stream_calls(folder: Path, calls: int) -> None:
    """Ours: every answer is journalled before it is used."""
    from foundry_engine.streaming import AsyncContext, FunctionOperator, UnifiedPipeline

    async def ask(item: dict[str, Any], context: AsyncContext) -> dict[str, Any]:
        return {"text": item["text"], "said": await context.once("ask", lambda: asyncio.sleep(SECONDS, "yes"))}

    pipeline = UnifiedPipeline([FunctionOperator(ask)], results_dir=folder / "runs-calls", parallel_size=IN_FLIGHT)
    files = {"input_uri": f"jsonl://{folder}/rows-{calls}.jsonl", "output_uri": f"jsonl://{folder}/said.jsonl"}
    pipeline.create("calls", **files).run()


def loop_calls(folder: Path, calls: int) -> None:
    """The floor: a semaphore, and the answers in memory until the end."""

    async def main() -> None:
        free = asyncio.Semaphore(IN_FLIGHT)

        async def ask(line: str) -> str:
            async with free:
                said = await asyncio.sleep(SECONDS, "yes")
            return json.dumps({**json.loads(line), "said": said})

        lines = (folder / f"rows-{calls}.jsonl").read_text().splitlines()
        (folder / "loop-said.jsonl").write_text("\n".join(await asyncio.gather(*map(ask, lines))))

    asyncio.run(main())


WORK = {function.__name__: function for function in (stream_rows, loop_rows, stream_calls, loop_calls)}


def timed(name: str, folder: Path, count: int) -> Figure:
    """Run one of ``WORK`` in a process of its own."""
    begun = time.perf_counter()
    command = [sys.executable, __file__, "--work", name, "--folder", str(folder), "--rows", str(count)]
    process = subprocess.Popen(command, cwd=ROOT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} ended with {process.returncode}")
    return Figure(time.perf_counter() - begun, used.ru_maxrss / 1024)


def write_input(folder: Path, rows: int) -> None:
    """Rows of about a hundred bytes."""
    with (folder / f"rows-{rows}.jsonl").open("w") as file:
        for n in range(rows):
            row = {"id": n, "text": f"  row {n}: 请问这是什么意思 what does this sentence mean, roughly  "}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def measure(folder: Path, sizes: list[int]) -> tuple[list[str], list[str]]:
    """The table, and what is below its bar."""
    from foundry_engine.cli import console

    table, below, per_row = [], [], {}
    cases = [("rows", size) for size in sizes] + [("calls", CALLS)]
    for kind, size in cases:
        write_input(folder, size)
        ours, floor = timed(f"stream_{kind}", folder, size), timed(f"loop_{kind}", folder, size)
        rate = size / ours.seconds
        for name, figure in (("streaming", ours), ("plain loop", floor)):
            ratio = f"{floor.seconds / figure.seconds:.2f}"
            cells = (
                f"{size / figure.seconds:,.0f}",
                f"{figure.seconds / size * 1e6:.1f}",
                f"{figure.mebibytes:.0f}",
                ratio,
            )
            table.append([f"{size:,} {kind}", name, *cells])
        per_row[size] = ours.seconds / size
        if size >= 100_000 or kind == "calls":
            if rate < REQUIRED[kind]:
                below.append(f"{size:,} {kind}: {rate:,.0f}/s, required {REQUIRED[kind]:,.0f}/s")
            if ours.mebibytes > REQUIRED["memory"]:
                below.append(f"{size:,} {kind}: {ours.mebibytes:.0f} MiB, allowed {REQUIRED['memory']:.0f}")
    if len(sizes) > 1 and per_row[max(sizes)] > REQUIRED["flat"] * per_row[min(sizes)]:
        below.append(f"a row among {max(sizes):,} takes {per_row[max(sizes)] / per_row[min(sizes)]:.2f} times as long")
    head = ("work", "by", "a second", "µs each", "MiB", "of the loop's rate")
    return console.columns(head, table), below


def main() -> int:
    """Measure and show; 1 when something is below its bar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 100_000], help="sizes of the first table")
    parser.add_argument("--labels", type=int, default=1_000, help="rows of the second table")
    parser.add_argument("--faults", nargs="*", default=[], metavar="WORD", help="only faults with a WORD in their name")
    parser.add_argument("--no-peers", action="store_true", help="install and measure no peers")
    parser.add_argument("--limit", type=float, default=100, help="seconds after which a process is ended")
    parser.add_argument("--install-seconds", type=float, default=300, help="seconds a peer's installation may take")
    parser.add_argument("--work", choices=WORK, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        WORK[options.work](options.folder, options.rows[0])
        return 0
    below: list[str] = []
    compileall.compile_dir(ROOT / "foundry_engine", quiet=1)  # as pip does with what it installs, the peers among it
    if options.rows:
        with tempfile.TemporaryDirectory(prefix="bench-streaming-") as place:
            lines, below = measure(Path(place), options.rows)
        print("\n".join(lines) + "\n", flush=True)
    if options.labels:
        peers = not options.no_peers
        below += bench_calls.compare(options.labels, options.faults, peers, options.limit, options.install_seconds)
    for line in below:
        print(f"BELOW THE BAR: {line}")
    return int(bool(below))


if __name__ == "__main__":
    sys.exit(main())

"""Refining raw files from the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foundry_engine.cli import console
from foundry_engine.refinery import job, job_file, report


def refine(config: Path, force: bool) -> tuple[Path, Mapping[str, Any]]:
    """Run the job of a ``refine.yaml``; gives its output folder and what it has to say."""
    file = job_file.load(config)
    progress = console.progress()
    output = file.folder / file.job.output
    try:
        result = job.run(file, force=force, progress=progress)
    finally:
        progress.finish()
    return output, {"state": result.state, **result.summary}


def lines(output: Path, summary: Mapping[str, Any]) -> list[str]:
    """The summary as lines."""
    rows = [(f"− unreadable: {name}", n) for name, n in summary["rejected"].items()]
    rows += [(f"− {name}", n) for name, n in summary["removed"].items()]
    rows += list(summary["splits"].items())
    score = summary["score"]
    return [
        *console.columns(("rows", "count"), [[name, f"{n:,}"] for name, n in rows]),
        "",
        f"quality {score['value']:.3f} ({score['low']:.3f}–{score['high']:.3f})",
        f"report: {output / report.PAGE}",
    ]

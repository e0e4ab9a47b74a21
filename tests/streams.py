"""Short ways to make a streaming run in a test."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from foundry_engine.streaming import RetryPolicy, UnifiedPipeline

AT_ONCE = RetryPolicy(first_delay=0.0, longest_delay=0.0)
"""Tries without waiting."""


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def numbers(path: Path, count: int) -> Path:
    """A file of ``count`` rows ``{"n": …}``."""
    return write_rows(path, ({"n": n} for n in range(count)))


def read_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def pipeline(folder: Path, operators: list[Any], **settings: Any) -> UnifiedPipeline:
    """``in.jsonl`` to ``out.jsonl`` of a folder, created and ready."""
    given = {
        "input_uri": f"jsonl://{folder}/in.jsonl",
        "output_uri": f"jsonl://{folder}/out.jsonl",
        "results_dir": folder / "runs",
        "retry": AT_ONCE,
        **settings,
    }
    return UnifiedPipeline(operators).create(given.pop("pipeline_id", "run"), **given)


def out(folder: Path) -> list[dict[str, Any]]:
    """The output of ``pipeline``."""
    return read_rows(folder / "out.jsonl")


def quarantine(folder: Path) -> list[dict[str, Any]]:
    """The quarantine of ``pipeline``."""
    path = folder / "runs" / "run" / "quarantine.jsonl"
    return read_rows(path) if path.exists() else []

"""Refining jobs for tests: a folder with inputs and a ``refine.yaml``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foundry_engine.refinery import job, job_file

SENTENCES = {
    "lights": ["turn on the lamp in the hall", "把客厅的灯打开", "please dim the ceiling lights", "关掉卧室的台灯"],
    "music": ["play something quiet tonight", "放一首老歌来听听", "skip this song for me", "音乐声音调小一点"],
}


def write_job(folder: Path, files: Mapping[str, bytes], **settings: Any) -> Path:
    """The job's file; ``settings`` overrule the usual ones."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    usual = {"task": "rooms", "inputs": [{"path": name} for name in files], "output": "out"}
    path = folder / "refine.yaml"
    path.write_text(json.dumps({**usual, **settings}, ensure_ascii=False), "utf-8")
    return path


def refined(path: Path, **options: Any) -> Path:
    """The job's output folder, done."""
    file = job_file.load(path)
    job.run(file, **options)
    return path.parent / file.job.output


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def lines(*rows: object) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def usual_rows(times: int = 1) -> list[dict[str, str]]:
    return [
        {"text": text + (f" {n}" if n else ""), "label": label}
        for n in range(times)
        for label, texts in SENTENCES.items()
        for text in texts
    ]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but what names its code and time."""
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file() and p.name != "stage.json"}

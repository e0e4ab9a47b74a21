"""Peers from PyPI, each in an environment of its own under ``.bench/``, made once and kept until the pin changes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

ENVIRONMENTS = Path(__file__).resolve().parent.parent / ".bench"


def python_of(name: str, requirement: str, seconds: float) -> tuple[Path | None, str]:
    """The peer's Python, or ``None``; and how it came about, or why not.

    ``seconds`` is how long the whole installation may take.
    """
    place = ENVIRONMENTS / name
    python, mark = place / "bin" / "python", place / "installed.txt"
    if mark.is_file() and mark.read_text() == requirement:
        return python, f"{requirement}, installed before"
    shutil.rmtree(place, ignore_errors=True)
    begun = time.perf_counter()
    commands = [
        [sys.executable, "-m", "venv", str(place)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement],
    ]
    for command in commands:
        left = max(0.1, begun + seconds - time.perf_counter())
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=left, check=False)
        except subprocess.TimeoutExpired:
            return None, f"{requirement} was not installed within {seconds:.0f} s; --install-seconds allows more"
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr.strip()]
            return None, f"{requirement} cannot be installed here: {said[0][:200]}"
    mark.write_text(requirement)
    return python, f"{requirement}, installed in {time.perf_counter() - begun:.0f} s"

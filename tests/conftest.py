"""What most tests stand on: the repository, and one small blueprint forged once a session."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Forged:
    """A small blueprint with its runs and models; read it, never write to it."""

    blueprint: Path
    runs: Path
    models: Path
    output: str

    @property
    def task(self) -> str:
        return self.blueprint.name


Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run_main(
    *arguments: str | Path, cwd: Path = ROOT, stdin: str | bytes = "", **options: object
) -> subprocess.CompletedProcess[str]:
    """``python main.py …`` as a user types it."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(  # type: ignore[call-overload]
        [sys.executable, str(ROOT / "main.py"), *map(str, arguments)],
        cwd=cwd,
        input=data,
        capture_output=True,
        timeout=300,
        **options,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="session")
def main() -> Run:
    """Runs the command line."""
    return run_main


@pytest.fixture(scope="session")
def small_blueprint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``new`` makes: two labels, both languages, a forge of seconds."""
    folder = tmp_path_factory.mktemp("blueprints") / "urgency"
    made = run_main("new", folder)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="session")
def forged(small_blueprint: Path, tmp_path_factory: pytest.TempPathFactory) -> Forged:
    """The small blueprint, forged once by the command line."""
    place = tmp_path_factory.mktemp("forged")
    done = run_main("--blueprint", small_blueprint, "--runs", place / "runs", "--models", place / "models")
    assert done.returncode == 0, done.stderr
    return Forged(small_blueprint, place / "runs", place / "models", done.stdout + done.stderr)

"""The Rust side of the proof: the built ``cerebellum`` program replays an artifact's parity cases before it is shipped.

Nothing that is shipped depends on whether it is there; the report says which.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from foundry_engine.errors import ParityError

BUILT = Path(__file__).parents[2] / "rust_runtime" / "target" / "release" / "cerebellum"
TIMEOUT = 600.0
VERIFICATION_FAILED = 4


def find() -> Path | None:
    """The program built in this repository, else the one on PATH."""
    if BUILT.is_file():
        return BUILT
    on_path = shutil.which("cerebellum")
    return Path(on_path) if on_path else None


def replay(folder: Path, task: str, program: Path | None) -> str:
    """What the report says of the Rust side; raises ``ParityError`` when it does not answer as scikit-learn."""
    if program is None:
        return "Rust was not run: no built cerebellum here or on PATH (make runtimes builds it)"
    try:
        done = subprocess.run(
            [program, "verify", folder, "--task", task],
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _error(program, "run", f"it cannot be run: {error}") from error
    said = "\n".join(text.strip() for text in (done.stdout, done.stderr) if text.strip())
    if done.returncode == VERIFICATION_FAILED:
        raise _error(program, "replay", said)
    if done.returncode:
        raise _error(program, "run", f"exit code {done.returncode}: {said}")
    return f"Rust agrees ({done.stdout.strip()})"


def _error(program: Path, step: str, said: str) -> ParityError:
    return ParityError(
        f"runtime 'rust' ({program}) does not answer as the model was made to: {said[:1500]}\n"
        "If the program is older than this repository, build it again (make runtimes) or remove it; "
        "else this is a fault of the foundry: nothing is shipped.",
        case=0,
        step=step,
        expected="the parity cases",
        got=said[:1500],
        tolerance=0.0,
    )

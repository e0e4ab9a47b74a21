"""Every path of a run, and the only ways its folders and files are replaced.

``runs/<blueprint>/<task>/`` holds ``1_samples 2_dataset 3_fitted 4_artifacts 5_report`` and the journal. A stage folder
is written beside and renamed; it is done when its ``stage.json`` has the wanted fingerprint and every file in it has
the recorded checksum.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from foundry_engine.errors import Busy, FoundryError

STAGE_FILE = "stage.json"
LIBRARIES = ("numpy", "scipy", "scikit-learn", "skl2onnx", "onnx", "onnxruntime", "protobuf", "datasketch", "pyarrow")
"""Whose versions can change a stage's result."""
SAMPLES_FILE, REJECTED_FILE = "samples.jsonl", "rejected.jsonl"
"""Where steps meet: what generate leaves for refine."""
EXAMPLES_FILE, QUALITY_FILE = "examples.jsonl", "quality.json"
"""What refine leaves for train, export and verify."""
STEP_OF = {
    "1_samples": "generate",
    "2_dataset": "refine",
    "3_fitted": "train",
    "4_artifacts": "export",
    "5_report": "verify",
}
"""The step that writes each folder of a run."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The numbered folders of one task's run."""

    root: Path

    @property
    def samples(self) -> Path:
        """Output of step generate."""
        return self.root / "1_samples"

    @property
    def dataset(self) -> Path:
        """Output of step refine."""
        return self.root / "2_dataset"

    @property
    def fitted(self) -> Path:
        """Output of step train."""
        return self.root / "3_fitted"

    @property
    def artifacts(self) -> Path:
        """Output of step export."""
        return self.root / "4_artifacts"

    @property
    def report(self) -> Path:
        """Output of step verify."""
        return self.root / "5_report"

    @property
    def journal(self) -> Path:
        """Folder of the journals of what models answered; outlives every stage folder."""
        return self.root / "journal"


@dataclass(frozen=True, slots=True)
class StageResult:
    """What a stage did: ``state`` is ``done`` or ``unchanged``; ``summary`` is what it has to say."""

    state: str
    fingerprint: str
    summary: Mapping[str, Any]


def run_stage(
    folder: Path, inputs: Mapping[str, object], work: Callable[[Path], Mapping[str, object]], force: bool = False
) -> StageResult:
    """Do a stage's work in a fresh folder and put it in the old one's place, unless it is done already.

    ``inputs`` must name everything the result depends on; the code of the package is added here. A crash leaves the
    old folder, or none, never half of a new one.
    """
    fingerprint = fingerprint_of({**inputs, "code": code_version()})
    if not force:
        summary = finished_summary(folder, fingerprint)
        if summary is not None:
            return StageResult("unchanged", fingerprint, summary)
    with replacing(folder) as fresh:
        summary = work(fresh)
        files = {p.relative_to(fresh).as_posix(): sha256_of(p) for p in sorted(fresh.rglob("*")) if p.is_file()}
        state = {"fingerprint": fingerprint, "files": files, "summary": summary}
        write_atomic(fresh / STAGE_FILE, json.dumps(state, ensure_ascii=False, indent=1).encode("utf-8"))
    return StageResult("done", fingerprint, summary)


def finished_summary(folder: Path, fingerprint: str | None = None) -> Mapping[str, Any] | None:
    """The summary of a finished stage, or ``None`` if it is not whole or has another fingerprint."""
    state = _state(folder)
    if state is None or (fingerprint is not None and state["fingerprint"] != fingerprint):
        return None
    return None if _differing(folder, state["files"]) else dict(state["summary"])


def content_of(folder: Path) -> Mapping[str, str]:
    """Checksums of a finished stage's files: what the next stage depends on.

    Raises ``FoundryError``, which says what to run, when the stage has not run or its files are not what it wrote.
    """
    state = _state(folder)
    step = STEP_OF[folder.name]
    steps = [name for name in STEP_OF.values() if name != "verify"]
    again = f"--steps={','.join(steps[steps.index(step) :])}"
    if state is None:
        missing = next(step for name, step in STEP_OF.items() if _state(folder.with_name(name)) is None)
        first = steps[steps.index(missing) :]
        raise FoundryError(
            f"{folder}: step {step} has not been run to its end. Run it first: --steps={','.join(first)}", step=step
        )
    for name in _differing(folder, state["files"]):
        raise FoundryError(
            f"{folder / name}: is missing or not as step {step} wrote it. Run that step again: {again}", step=step
        )
    files: dict[str, str] = state["files"]
    return files


def _differing(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Names of the files that are missing or have another checksum than the recorded one."""
    return [name for name, sum_ in files.items() if not (folder / name).is_file() or sha256_of(folder / name) != sum_]


def _state(folder: Path) -> dict[str, Any] | None:
    try:
        state = json.loads((folder / STAGE_FILE).read_bytes())
        whole = isinstance(state["fingerprint"], str) and all(isinstance(state[k], dict) for k in ("files", "summary"))
        return state if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A fresh folder that takes the place of ``folder`` when the block ends well, and is removed when it does not."""
    fresh, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    try:
        for leftover in (fresh, old):
            if leftover.exists():
                shutil.rmtree(leftover)
        fresh.mkdir(parents=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        yield fresh
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    try:
        _put_in_place(fresh, folder, old)
    except OSError as error:
        raise unwritable(folder, error) from error


def _put_in_place(fresh: Path, folder: Path, old: Path) -> None:
    for path in fresh.rglob("*"):
        if path.is_file():
            _sync(path)
    _sync(fresh)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    _sync(folder.parent)
    if old.exists():
        shutil.rmtree(old)


def write_atomic(path: Path, data: bytes) -> None:
    """Write beside, sync, rename: a reader sees the old bytes or the new, whole."""
    write_together({path: data})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write all files beside and sync them, then rename them in this order: an error on the way leaves every old file.

    Only a crash in the instant between two renames leaves some old and some new, each whole.
    """
    beside = {path: path.with_name(f".{path.name}.new") for path in files}
    before: dict[Path, bytes | None] = {}
    path = Path()
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside[path].open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for path in files:
            before[path] = path.read_bytes() if path.is_file() else None
            beside[path].replace(path)
        for folder in {path.parent for path in files}:
            _sync(folder)
    except OSError as error:
        for done, old in before.items():
            with suppress(OSError):
                _put_back(done, old, beside[done])
        for leftover in beside.values():
            with suppress(OSError):
                leftover.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def _put_back(path: Path, data: bytes | None, beside: Path) -> None:
    """A file as it was before; ``None``: it was not there."""
    if path.is_dir():
        return
    if data is None:
        path.unlink(missing_ok=True)
    elif path.read_bytes() != data:
        beside.write_bytes(data)
        beside.replace(path)


def unwritable(path: Path, error: OSError) -> FoundryError:
    """The message for a file or folder that cannot be written."""
    what = error.strerror or str(error)
    return FoundryError(f"{path}: cannot be written: {what}. Check its permissions and the space on the disk.")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process alone; the lock ends with the process, however it ends.

    Raises ``Busy`` at once when another process has it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise Busy(f"{folder}: another foundry process is at work here. Wait for it to end, or stop it.") from error
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        yield
    finally:
        lock.release()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint_of(inputs: Mapping[str, object]) -> str:
    """Hash of JSON-like inputs; equal for equal content, whatever the order of keys."""
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def code_version() -> str:
    """Hash of the package's source and of its libraries' versions: when one changes, every stage runs again."""
    package = Path(__file__).resolve().parent
    digest = hashlib.sha256(json.dumps({name: version(name) for name in LIBRARIES}).encode())
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

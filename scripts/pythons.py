"""Hold every other Python on this machine to this one: the same digests from the runtime package alone.

``make pythons``. Pythons from 3.11 are looked for on PATH, among pyenv's and uv's. Each gets only the standard library
and protobuf (the pure Python one of this environment), answers the texts of the parity cases and 2,000 random strings
with every model, and has to give the very lines ``digest.py`` gives here. Says which it ran; one alone is a failure.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import digest
import parity
import runtimes

from foundry_engine.artifact import parity_cases
from foundry_engine.artifact.files import ArtifactFiles, tasks_in
from foundry_engine.runtime import MicroModel

LEAST = (3, 11)
LONGEST = 10_000
"""Longer texts take the better part of a second each, and the parity run has them."""
ASK = "import sys, unicodedata; print(*sys.version_info[:3], unicodedata.unidata_version, sys.implementation.name)"
FOLDERS = ("~/.pyenv/versions/*/bin", "~/.local/share/uv/python/*/bin", "/opt/python/*/bin")


def pythons() -> dict[str, str]:
    """Programs by what they are, for instance ``cpython 3.13.0, Unicode 15.1.0``; one a minor version."""
    found: dict[tuple[str, int], tuple[str, str]] = {}
    for program in _programs():
        done = subprocess.run([program, "-c", ASK], capture_output=True, text=True, check=False, timeout=60)
        parts = done.stdout.split()
        if done.returncode or len(parts) != 5:
            continue
        major, minor, patch, unicode, name = parts
        if (int(major), int(minor)) >= LEAST:
            found.setdefault((name, int(minor)), (f"{name} {major}.{minor}.{patch}, Unicode {unicode}", program))
    return dict(found[key] for key in sorted(found))


def _programs() -> Iterator[str]:
    names = [f"python3.{minor}" for minor in range(LEAST[1], 30)]
    yield from (path for name in names if (path := shutil.which(name)))
    for pattern in FOLDERS:
        folder = Path(pattern).expanduser()
        for place in sorted(Path(folder.anchor).glob(str(folder.relative_to(folder.anchor)))):
            yield from (str(place / name) for name in names if (place / name).exists())


def packages(folder: Path) -> Path:
    """A folder with protobuf alone, its modules for one version of Python left out."""
    import google.protobuf

    source = Path(google.protobuf.__file__).parent
    ignore = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
    shutil.copytree(source, folder / "google" / "protobuf", ignore=ignore)
    return folder


def texts_of(models: Path, task: str, count: int) -> list[str]:
    """The texts of the parity cases, then those of a short parity run."""
    cases = parity_cases.read_cases(ArtifactFiles(models, task).parity)
    strings = parity.Strings(MicroModel.load(models, task), count, 2)
    made = [text for number in range(-(-count // parity.BATCH)) for text in strings.batch(number)]
    texts = [parity_cases.text_of(case) for case in cases] + made
    return [text for text in texts if len(text) <= LONGEST or text == "a" * len(text)]


def main() -> int:
    """Compare and say what was compared."""
    parser = argparse.ArgumentParser(description="Hold every other Python on this machine to this one.")
    parser.add_argument("--count", type=int, default=2_000, help="random strings a model")
    count = parser.parse_args().count
    own = f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}."
    found = pythons()
    others = {name: program for name, program in found.items() if not name.startswith(own)}
    folders = [runtimes.ROOT / "models", runtimes.ROOT / "tests" / "parity" / "toy"]
    subjects = [(folder, task) for folder in folders for task in tasks_in(folder)]
    total = 0
    with tempfile.TemporaryDirectory() as temporary:
        path = os.pathsep.join([str(packages(Path(temporary))), str(runtimes.ROOT)])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        environment["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
        for folder, task in sorted(subjects):
            model = MicroModel.load(folder, task)
            shipped = folder == folders[0]
            texts = texts_of(folder, task, count) if shipped else texts_of(folder, task, 200)
            expected = [digest.digest(model, text) for text in texts]
            sent = "".join([json.dumps(text) + "\n" for text in texts])
            total += len(texts)
            for name, program in others.items():
                print(f"{folder.name}/{task}: {len(texts):,} texts through {name}", file=sys.stderr, flush=True)
                command = [program, "-S", str(runtimes.ROOT / "scripts" / "digest.py"), str(folder), task]
                done = subprocess.run(
                    command, input=sent, env=environment, cwd=temporary, capture_output=True, text=True, check=False
                )
                got = done.stdout.split("\n")[:-1]
                if done.returncode or len(got) != len(expected):
                    print(f"{name}: {task}: exit code {done.returncode}, {done.stderr.strip()[-1000:]}")
                    return 1
                for number, (text, line, other) in enumerate(zip(texts, expected, got, strict=True)):
                    step, _ = parity.first_difference(line, other)
                    if step is not None:
                        print(parity.shown(parity.Difference(number, name, step, text, line, other)))
                        return 1
    if not others:
        print(f"only {own}x is on this machine: a second Python from 3.11 is needed to compare", file=sys.stderr)
        return 5
    this = next((name for name in found if name.startswith(own)), f"{own}{sys.version_info[2]}")
    print(f"{total:,} texts, {len(subjects)} models: {this} and {'; '.join(others)} give the same digests")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Build what other scripts compare and time: the Rust command line, with and without ONNX Runtime, and its C++ users.

``make runtimes``. Needs cargo and a C++17 compiler; what is missing is named. Nothing is downloaded but the crates of
the feature ``onnxruntime``, by cargo.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from foundry_engine.errors import FoundryError, MissingDependency  # noqa: E402

CRATE = ROOT / "rust_runtime"
SOURCES = CRATE / "tests" / "c"
NATIVE = CRATE / "target" / "release" / "cerebellum"
ONNX = CRATE / "target" / "release" / "cerebellum-onnxruntime"
CPP = CRATE / "target" / "cpp"
LIBRARY = CRATE / "capi" / "target" / "release" / "libcerebellum.a"

Command = list[str]


def build() -> None:
    """All of them, as far as they are not up to date; raises ``MissingDependency`` naming what the machine lacks."""
    _cargo("--manifest-path", CRATE / "cli" / "Cargo.toml", "--target-dir", CRATE / "target")
    _cargo("-p", "cerebellum-onnx-cli")
    _cargo("--manifest-path", CRATE / "capi" / "Cargo.toml")
    for name in ("digest", "bench"):
        compile_cpp(CPP / name, [SOURCES / f"{name}.cpp"])


def commands(verb: str, models: Path, task: str) -> dict[str, Command]:
    """The command lines of ``digest`` or ``bench``, by runtime."""
    place = [str(models), task]
    session = ["--engine", "onnxruntime", "--library", str(onnxruntime_folder())]
    return {
        "native": [str(NATIVE), verb, *place],
        "onnxruntime": [str(ONNX), verb, *place, *session],
        "cpp": [str(CPP / verb), *place],
    }


def onnxruntime_folder() -> Path:
    """Where the Python package has ONNX Runtime's library."""
    found = importlib.util.find_spec("onnxruntime")
    if found is None or found.origin is None:
        raise MissingDependency("ONNX Runtime is not installed: pip install onnxruntime.")
    return Path(found.origin).parent / "capi"


def compile_cpp(target: Path, sources: Sequence[Path], *options: str) -> None:
    """A C++ program that uses the static library, unless it is newer than all it is made of."""
    parts = [*sources, *SOURCES.glob("*.hpp"), *(CRATE / "include").glob("*"), LIBRARY]
    if target.exists() and all(target.stat().st_mtime >= part.stat().st_mtime for part in parts):
        return
    compiler = os.environ.get("CXX") or next((name for name in ("c++", "g++", "clang++") if shutil.which(name)), None)
    if compiler is None:
        raise MissingDependency("no C++ compiler: c++, g++ and clang++ are not on PATH. Install one, or set CXX.")
    target.parent.mkdir(parents=True, exist_ok=True)
    flags = ["-std=c++17", "-O3", "-DNDEBUG", "-I", str(CRATE / "include"), "-I", str(SOURCES), *options]
    libraries = [str(LIBRARY), "-lpthread", "-ldl", "-lm"]
    _run([compiler, *flags, *map(str, sources), *libraries, "-o", str(target)])


def _cargo(*arguments: object) -> None:
    cargo = shutil.which("cargo")
    if cargo is None:
        raise MissingDependency("cargo is not on PATH. Install Rust from https://rustup.rs or your distribution.")
    _run([cargo, "build", "--release", "--quiet", *map(str, arguments)])


def _run(command: Command) -> None:
    done = subprocess.run(command, cwd=CRATE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FoundryError(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr).strip()[-3000:]}")


def main() -> int:
    """Build and say where they are."""
    description = "Build the Rust command line, with and without ONNX Runtime, and its C++ users; say where they are."
    argparse.ArgumentParser(description=description).parse_args()
    try:
        build()
    except FoundryError as error:
        print(error.message, file=sys.stderr)
        return 5 if isinstance(error, MissingDependency) else 1
    for path in (NATIVE, ONNX, CPP / "digest", CPP / "bench"):
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())

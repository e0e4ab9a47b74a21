"""What others install: the wheel with every file of the package, locks with a hash a requirement and no address."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import google.protobuf
import pytest

from tests.conftest import ROOT, Forged

LOCKS = ("requirements.lock", "requirements-dev.lock")
RUNTIME = """
import sys
from foundry_engine.runtime import MicroModel
answer = MicroModel.load(sys.argv[1], sys.argv[2]).predict("the kitchen is on fire, send help now")
print(answer.label, answer.outcome)
"""


def package_files() -> set[str]:
    """Every file of the package in the tree, as a wheel names it."""
    files = (ROOT / "foundry_engine").rglob("*")
    return {p.relative_to(ROOT).as_posix() for p in files if p.is_file() and "__pycache__" not in p.parts}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the tree without a network."""
    place = tmp_path_factory.mktemp("build")
    shutil.copytree(ROOT / "foundry_engine", place / "foundry_engine", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, place)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place / "dist"), str(place)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = (place / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment that has the wheel and nothing else."""
    place = tmp_path_factory.mktemp("fresh") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    python = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True)
    return python


def run(python: Path, code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-W", "error", "-I", "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=python.parent, capture_output=True, text=True, timeout=60)


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
        (metadata,) = [name for name in inside if name.endswith(".dist-info/METADATA")]
        said = archive.read(metadata).decode()
    assert {name for name in inside if ".dist-info/" not in name} == package_files()
    assert {name for name in package_files() if not name.endswith(".py")}, "no data file is looked for"
    assert any(name.endswith("licenses/LICENSE") for name in inside)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"Version: {project['version']}\n" in said and "Micro-Model Foundry" in said


def test_a_fresh_environment_imports_the_package(installed: Path) -> None:
    done = run(installed, "import foundry_engine, sys; print(foundry_engine.__file__); print(len(sys.modules))")
    assert done.returncode == 0, done.stderr
    assert str(installed.parents[1]) in done.stdout
    assert (installed.parent / "foundry").is_file()


def test_the_template_comes_with_it(installed: Path) -> None:
    code = """
from importlib.resources import files
for name in ("blueprint.yaml", "constitutions/task.yaml"):
    print(len((files("foundry_engine") / "cli" / "template" / name).read_text("utf-8")))
"""
    done = run(installed, code)
    assert done.returncode == 0, done.stderr
    assert all(int(size) > 500 for size in done.stdout.split())


def test_the_runtime_needs_protobuf_only(installed: Path, forged: Forged) -> None:
    without = run(installed, RUNTIME, forged.models, forged.task)
    assert without.returncode == 1 and "No module named 'google'" in without.stderr
    source = Path(google.protobuf.__file__).parent
    (packages,) = (installed.parents[1] / "lib").glob("python3*/site-packages")
    (packages / "google").mkdir()
    for name in ("protobuf", "_upb"):
        (packages / "google" / name).symlink_to(source.with_name(name))
    done = run(installed, RUNTIME, forged.models, forged.task)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == "Urgent"


@pytest.mark.parametrize("name", LOCKS)
def test_locks_have_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host|^-", text, re.MULTILINE)
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.split("\n", 2)[2])
    assert len(entries) > 30
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==[^\s;]+", entry), entry.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]


def test_locks_hold_every_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {"requirements.lock": project["dependencies"]}
    declared["requirements-dev.lock"] = project["dependencies"] + project["optional-dependencies"]["dev"]
    for name, requirements in declared.items():
        locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        assert {re.split(r"[<>=!~\[; ]", requirement)[0].lower() for requirement in requirements} <= locked


def test_what_users_get_is_what_developers_test() -> None:
    pinned = [set(re.findall(r"^\S+==\S+", (ROOT / name).read_text("utf-8"), re.MULTILINE)) for name in LOCKS]
    assert pinned[0] <= pinned[1]

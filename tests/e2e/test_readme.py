"""Every command and program in the two READMEs runs, in a copy of the project."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

READMES = ("README.md", "README.zh-CN.md")
SHELL, PYTHON = ("sh", "bash", "console"), ("python",)
COPIED = ("blueprints", "foundry_engine", "models", "scripts", "main.py", "Makefile")
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(readme: str, kinds: tuple[str, ...]) -> list[str]:
    """The fenced blocks of some kinds, in order."""
    return [body for kind, body in BLOCK.findall((ROOT / readme).read_text("utf-8")) if kind in kinds]


def commands(readme: str) -> list[str]:
    """The shell's commands in order; what a console shows between them is left out."""
    found = []
    for body in blocks(readme, SHELL):
        lines = body.replace("\\\n", " ").splitlines()
        prompted = [line[2:] for line in lines if line.startswith("$ ")]
        found += [line.strip() for line in prompted or lines if line.strip() and not line.strip().startswith("#")]
    return found


def runnable(command: str) -> str:
    """The command as the test runs it: forging, which takes minutes, only plans."""
    words = shlex.split(command, comments=True)
    if words[:2] == ["python", "main.py"] and "--blueprint" in words and "--dry-run" not in words:
        return shlex.join([*words, "--dry-run"])
    return command


@pytest.fixture(scope="module", params=READMES)
def readme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a user has it after ``make forge``."""
    place = tmp_path_factory.mktemp("project")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, place / name)
    (place / "runs").mkdir()  # `make forge` has been run
    (place / ".venv").symlink_to(Path(sys.prefix))
    return place


def run(command: list[str], place: Path) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        command, cwd=place, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=120
    )


def test_the_two_commands_that_do_everything_come_first(readme: str) -> None:
    verbs = [" ".join(shlex.split(command, comments=True)) for command in commands(readme)[:2]]
    assert verbs == ["make forge", "make test"]


def test_the_commands_of_the_original_are_there_word_for_word(readme: str) -> None:
    assert "python main.py --blueprint text_classification --steps=train,export" in commands(readme)
    assert "python scripts/interactive_tester.py" in commands(readme)


def test_both_tell_the_same_commands() -> None:
    english, chinese = ([shlex.split(c, comments=True)[:3] for c in commands(readme)] for readme in READMES)
    assert english == chinese


def test_every_command_runs(copy: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    every = dict.fromkeys(command for readme in READMES for command in commands(readme))
    ran = 0
    for command in every:
        words = shlex.split(command, comments=True)
        if words[0] == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets, command
            continue
        done = run(["sh", "-e", "-c", runnable(command)], copy)
        assert done.returncode == 0, f"{command}\n{done.stderr.decode()}"
        assert b"Traceback" not in done.stderr, command
        ran += 1
    assert ran >= 6


def test_every_program_runs(copy: Path) -> None:
    every = [blocks(readme, PYTHON) for readme in READMES]
    assert all(every)
    for program in dict.fromkeys(program for programs in every for program in programs):
        done = run(["python", "-W", "error", "-c", program], copy)
        assert done.returncode == 0, f"{program}\n{done.stderr.decode()}"
        assert done.stdout


def test_links_lead_somewhere(readme: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", (ROOT / readme).read_text("utf-8"))
    assert links
    broken = [link for link in links if "://" not in link and not (ROOT / link).exists()]
    assert broken == []


def test_a_broken_command_would_be_noticed(copy: Path) -> None:
    for command in ("python main.py --blueprint no_such_blueprint", "python main.py ask is_question", "no-such-tool"):
        assert run(["sh", "-e", "-c", runnable(command)], copy).returncode != 0


def test_the_figures_are_those_of_the_models(readme: str) -> None:
    told = [
        line
        for line in (ROOT / readme).read_text("utf-8").splitlines()
        if re.match(r"\| \w+ \| (test|withheld) ", line)
    ]
    rows = []
    for task in ("is_question", "confirmation"):
        for score in json.loads((ROOT / "models" / f"{task}_manifest.json").read_text("utf-8"))["scores"]:
            shares = [f"{100 * score[key]:.1f} %" for key in ("accuracy", "cues_alone_accuracy", "unmarked_accuracy")]
            rows.append([task, score["set"], score["language"], f"{score['rows']:,}", *shares])
    assert told == ["| " + " | ".join(row) + " |" for row in rows]


def test_the_rust_and_c_plus_plus_programs_work_as_pasted(readme: str, tmp_path: Path) -> None:
    """In a project of their own, which knows the runtime by its path alone."""
    crate = ROOT / "rust_runtime"
    (rust,), (cpp,) = blocks(readme, ("rust",)), blocks(readme, ("cpp",))
    project = tmp_path / "stranger"
    (project / "src").mkdir(parents=True)
    (project / "src" / "main.rs").write_text(rust, "utf-8")
    (project / "Cargo.toml").write_text(
        '[package]\nname = "stranger"\nversion = "0.1.0"\nedition = "2021"\n\n'
        f"[dependencies]\ncerebellum = {{ path = {json.dumps(str(crate))} }}\n",
        "utf-8",
    )
    target = crate / "target" / "stranger"
    cargo = ["cargo", "run", "--quiet", "--manifest-path", str(project / "Cargo.toml"), "--target-dir", str(target)]
    library = ["cargo", "build", "--release", "--quiet", "--manifest-path", str(crate / "capi" / "Cargo.toml")]
    (project / "main.cpp").write_text(cpp, "utf-8")
    program = str(tmp_path / "program")
    archive = str(crate / "capi" / "target" / "release" / "libcerebellum.a")
    compiling = ["c++", "-std=c++17", f"-I{crate / 'include'}", str(project / "main.cpp"), archive, "-lpthread", "-ldl"]
    for command in (library, [*compiling, "-lm", "-o", program]):
        done = subprocess.run(command, capture_output=True, timeout=300)
        assert done.returncode == 0, done.stderr.decode()
    for command in (cargo, [program]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=300)
        assert (done.returncode, done.stdout.decode().strip()) == (0, "Question"), done.stderr.decode()

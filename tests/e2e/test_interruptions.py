"""Ctrl-C: exit code 130, a word on how to go on, a terminal in order, and the same bytes in the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Forged
from tests.e2e.conftest import Cli, contents, places

PYTHON = [sys.executable, str(ROOT / "main.py")]
TESTER = [sys.executable, str(ROOT / "scripts" / "interactive_tester.py")]


def interrupted(command: list[str], ready: Callable[[subprocess.Popen[bytes]], object]) -> tuple[int, str]:
    """Start, wait until it is ``ready``, press Ctrl-C; exit code and the rest of stderr."""
    with subprocess.Popen(
        command, stdin=-1, stdout=-1, stderr=-1, start_new_session=True, preexec_fn=listen
    ) as process:
        ready(process)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
        return process.returncode, said.decode()


def listen() -> None:
    """A shell that runs the tests in the background hands down that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def loading(process: subprocess.Popen[bytes]) -> None:
    """Until the package begins to load: ``-X importtime`` tells."""
    assert process.stderr
    while b"foundry_engine" not in process.stderr.readline():
        assert process.poll() is None


def working(folder: Path) -> Callable[[subprocess.Popen[bytes]], None]:
    """Until a step has begun to fill its folder, and a moment longer."""

    def wait(process: subprocess.Popen[bytes]) -> None:
        while not folder.exists():
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(0.15)

    return wait


def prompting(process: subprocess.Popen[bytes]) -> None:
    """Until something has been said."""
    assert process.stdin and process.stdout
    process.stdin.write(b"x\n")
    process.stdin.flush()
    assert process.stdout.read(1)


def test_an_interrupted_forge_goes_on(cli: Cli, own: Forged, forged: Forged) -> None:
    """Interrupted while libraries load and in the middle of a step; what was finished is kept."""
    root = own.runs / own.task / own.task
    shutil.rmtree(root / "5_report")
    shutil.rmtree(own.models)
    command = [*PYTHON, *map(str, places(own))]
    slow = [command[0], "-X", "importtime", *command[1:]]
    for started, ready, told in (
        (slow, loading, "the same command starts again"),
        (command, working(root / "5_report.new"), "the same command goes on from there"),
    ):
        code, said = interrupted(started, ready)
        assert code == 130, said
        assert told in said and "Traceback" not in said
        assert not own.models.exists() or not list(own.models.iterdir())
        assert not list(root.glob("*.new"))
    done = cli(*places(own))
    assert done.code == 0
    assert [line.split()[2] for line in done.err.splitlines() if " unchanged " in line] == ["unchanged"] * 4
    assert contents(own.models) == contents(forged.models)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([*PYTHON, "ask", "{task}", "--stdin", "--models", "{models}"], "interrupted"),
        ([*TESTER, "--task", "{task}", "--models", "{models}"], ""),
    ],
    ids=["ask", "tester"],
)
def test_a_waiting_command_is_interrupted(command: list[str], said: str, forged: Forged) -> None:
    filled = [part.format(task=forged.task, models=forged.models) for part in command]
    code, err = interrupted(filled, prompting)
    assert code == 130 and said in err and "Traceback" not in err


def test_an_interrupted_bar_leaves_the_terminal_in_order(own: Forged) -> None:
    pty = pytest.importorskip("pty")
    shutil.rmtree(own.runs / own.task / own.task / "5_report")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color"}
    command = [*PYTHON, *map(str, places(own)), "--steps", "verify"]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True, preexec_fn=listen
    )
    os.close(theirs)
    out, pressed = b"", False
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:
            break
        if not part:
            break
        out += part
        if not pressed and b"?25l" in out and b"1/5" in out:  # the bar is there, the cursor hidden
            pressed = True
            os.killpg(process.pid, signal.SIGINT)
    os.close(ours)
    assert process.wait() == 130
    assert pressed and b"verify" in out
    assert out.rfind(b"\x1b[?25h") > out.rfind(b"\x1b[?25l"), "the cursor stays hidden"
    last = out.split(b"\x1b[?25h")[-1]
    assert b"goes on from there" in last and "━".encode() not in last

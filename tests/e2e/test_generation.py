"""Generation against the fake model server, as a user types it: killed and resumed, with a budget, and dry."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from foundry_engine.records import read_objects
from tests import courtesy
from tests.conftest import ROOT
from tests.e2e.conftest import Cli, contents, edit

PYTHON = [sys.executable, str(ROOT / "main.py")]
IN_FLIGHT = 8
SETTINGS = """provider: openai_compatible
  concurrency: 8
  second_pass: {{share: 0}}
  settings:
    openai_compatible: {{model: fake-model, base_url: '{url}/v1', keys: '', temperature: 0, max_output_tokens: 300}}"""


@contextmanager
def serving() -> Iterator[str]:
    """A fake model server, with no memory of what others were asked; gives its URL."""
    command = [*PYTHON, "fake-llm", "--port", "0", "--latency", "0.02", "--collapse-share", "0.3"]
    command += ["--blueprint", str(courtesy.HERE)]
    with subprocess.Popen(command, stdout=-1, stderr=-3, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture
def fake() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def blueprint(fake: str, tmp_path: Path) -> Path:
    """A small blueprint whose texts the fake writes and reads; at temperature 0 it says the same each time."""
    home = courtesy.copy(tmp_path / "courtesy")
    edit(home / "blueprint.yaml", "provider: offline", SETTINGS.format(url=fake))
    edit(home / "blueprint.yaml", "  settings:\n    scripted: {replies: ['{\"items\": []}']}\n", "")
    return home


def served(url: str) -> int:
    with urllib.request.urlopen(f"{url}/counters", timeout=10) as reply:
        return int(json.loads(reply.read())["total"])


def line(blueprint: Path, runs: Path) -> list[str]:
    return ["--blueprint", str(blueprint), "--runs", str(runs), "--steps", "generate"]


def until(met: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    """Wait for something; ``False`` when the process ends before."""
    while not met():
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    return True


def test_killed_generations_go_on_where_they_were(fake: str, blueprint: Path, tmp_path: Path, cli: Cli) -> None:
    """In the first round: later ones ask for numbers, which the fake draws anew each time it is asked."""
    assert cli(*line(blueprint, tmp_path / "whole")).code == 0
    whole = served(fake)
    assert whole > 40
    with serving() as other:
        edit(blueprint / "blueprint.yaml", fake, other)
        kills = 0
        for after in (3, 14, 26):
            process = subprocess.Popen([*PYTHON, *line(blueprint, tmp_path / "killed")], stdout=-3, stderr=-3)
            kills += until(lambda: served(other) >= after, process)  # noqa: B023
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert kills == 3
        assert cli(*line(blueprint, tmp_path / "killed")).code == 0
        assert whole <= served(other) <= whole + kills * IN_FLIGHT, "at most what was under way is asked again"
    ours, theirs = (contents(tmp_path / name / "courtesy" / "tone" / "1_samples") for name in ("killed", "whole"))
    assert {**ours, "stage.json": b""} == {**theirs, "stage.json": b""}


def test_a_spent_budget_is_said_and_a_larger_one_goes_on(fake: str, blueprint: Path, tmp_path: Path, cli: Cli) -> None:
    options = [*line(blueprint, tmp_path / "runs"), "--json"]

    def step(*more: str) -> dict[str, Any]:
        done = cli(*options, *more)
        assert done.code == 0, done.err
        found: dict[str, Any] = json.loads(done.out)["steps"][0]
        return found

    first = step("--token-budget", "4000")
    spent = sum(first["tokens"].values())
    assert 1500 < spent <= 4000 and first["coverage"]["stopped_by"] == "budget"
    asked = served(fake)
    assert step("--token-budget", "4000")["state"] == "unchanged"
    second = step()
    assert second["coverage"]["stopped_by"] != "budget" and second["samples"] > first["samples"]
    assert served(fake) - asked > 10
    known = tmp_path / "runs" / "courtesy" / "tone" / "journal" / "writer.jsonl"
    assert all("request" in row for _, row in read_objects(known))


def test_a_budget_that_allows_no_request_is_said(blueprint: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli(*line(blueprint, tmp_path / "runs"), "--token-budget", "300")
    assert (done.code, "the budget allows no request" in done.err) == (1, True), done.err


def test_a_budget_in_money_needs_a_price(blueprint: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli(*line(blueprint, tmp_path / "runs"), "--budget", "1")
    assert (done.code, "needs prices" in done.err and "fake-model" in done.err) == (3, True), done.err
    (blueprint / "prices.yaml").write_text("fake-model: {input: 1.0, output: 2.0}\n", "utf-8")
    edit(blueprint / "blueprint.yaml", "  concurrency: 8\n", "  concurrency: 8\n  prices: prices.yaml\n")
    shown = cli(*line(blueprint, tmp_path / "runs"), "--dry-run", "--json")
    assert json.loads(shown.out)["plan"][0]["cost"] > 0
    done = cli(*line(blueprint, tmp_path / "runs"), "--budget", "0.004", "--json")
    assert done.code == 0, done.err
    step = json.loads(done.out)["steps"][0]
    assert 0.002 < step["cost"] <= 0.004 and step["coverage"]["stopped_by"] == "budget"


def test_the_report_is_for_programs_and_people(blueprint: Path, tmp_path: Path, cli: Cli) -> None:
    edit(blueprint / "blueprint.yaml", "{share: 0}", "{votes: 1}")
    assert cli(*line(blueprint, tmp_path / "runs")).code == 0
    folder = tmp_path / "runs" / "courtesy" / "tone" / "1_samples"
    report = json.loads((folder / "generation.json").read_bytes())
    coverage = report["coverage"]
    assert coverage["full"] + coverage["saturated"] + coverage["unfinished"] == coverage["cells"]
    assert report["second_pass"]["read"] > 10 and report["second_pass"]["kappa"] < 0.7, "the fake reads at random"
    for ending in ("md", "html"):
        text = (folder / f"generation.{ending}").read_text("utf-8")
        assert "Coverage" in text and "kappa" in text and "openai_compatible" in text

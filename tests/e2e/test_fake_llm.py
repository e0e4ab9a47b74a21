"""``main.py fake-llm`` as a user runs it, and a whole step generate against it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from foundry_engine.records import Sample, read_records
from tests import courtesy
from tests.conftest import ROOT, Run


@contextmanager
def fake(*options: str | Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, str(ROOT / "main.py"), "fake-llm", "--port", "0", *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().strip(), running
        finally:
            running.kill()


def counters(url: str) -> dict[str, dict[str, int]]:
    with urllib.request.urlopen(f"{url}/counters") as answer:
        found: dict[str, dict[str, int]] = json.load(answer)
        return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_clean(number: signal.Signals) -> None:
    with fake("--seed", "3") as (url, running):
        assert url.startswith("http://127.0.0.1:") and counters(url)["total"] == 0
        running.send_signal(number)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 0 and "served 0 requests" in said and "Traceback" not in said


WRONG = [
    (["--fault", "drop"], 2, "'drop' is not NAME=RATE"),
    (["--fault", "drop=often"], 2, "'often' is no rate"),
    (["--fault", "dorp=0.1"], 3, "no fault 'dorp'"),
    (["--fault", "drop=0.9", "--fault", "empty=0.2"], 3, "add up to 1.1"),
    (["--rps", "0"], 3, "rps: Input should be greater than 0"),
    (["--blueprint", "nowhere"], 3, "no blueprint 'nowhere'"),
]


@pytest.mark.parametrize(("options", "code", "message"), WRONG)
def test_wrong_options_are_said(main: Run, options: list[str], code: int, message: str) -> None:
    done = main("fake-llm", *options)
    assert (done.returncode, message in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr


def test_a_port_that_is_taken_is_said(main: Run) -> None:
    with fake() as (url, _):
        done = main("fake-llm", "--port", url.rsplit(":", 1)[1])
    assert done.returncode == 1 and "address already in use" in done.stderr.lower()


POOL = """pool:
    - provider: openai_compatible
      settings: {{model: cheap, base_url: '{url}/v1', timeout: 5.0, max_output_tokens: 256}}
      weight: 2
      price: {{input: 1, output: 2}}
    - provider: gemini
      settings: {{model: good, base_url: '{url}', timeout: 5.0, max_output_tokens: 256}}
      price: {{input: 1, output: 2}}
  concurrency: 8
  second_pass: {{share: 0}}
  budget: {budget}"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return courtesy.copy(tmp_path / "courtesy")


def generate(main: Run, home: Path, url: str, budget: float) -> subprocess.CompletedProcess[str]:
    courtesy.edit(home, "blueprint", "provider: offline", POOL.format(url=url, budget=budget))
    places = ("--runs", home.parent / "runs", "--models", home.parent / "models")
    keys = {"OPENAI_API_KEYS": "sk-good0001,sk-bad00002", "GEMINI_API_KEYS": "AIza-good0003"}
    return main("--blueprint", home, "--steps=generate", *places, "--verbose", env={**os.environ, **keys})


def test_a_pool_generates_through_faults_and_a_bad_key(main: Run, home: Path) -> None:
    faults = [
        word for name in ("server_error", "drop", "malformed", "truncated") for word in ("--fault", f"{name}=0.05")
    ]
    keys = ("--key", "sk-good0001", "--key", "AIza-good0003")
    with fake("--latency", "0.01", "--blueprint", courtesy.HERE, *faults, *keys) as (url, _):
        done = generate(main, home, url, budget=5.0)
        seen = counters(url)
    assert done.returncode == 0, done.stderr
    samples = read_records(home.parent / "runs" / "courtesy" / "tone" / "1_samples" / "samples.jsonl", Sample)
    assert len(samples) > 50 and {s.source for s in samples} == {"pool"}
    assert "key 2 of 2 is refused and dropped: HTTP 401" in done.stderr and "sk-bad" not in done.stderr
    assert set(seen["models"]) == {"cheap", "good"} and seen["statuses"]["401"] <= 16
    assert Counter(seen["keys"])["…0001"] > 5


def test_a_budget_in_money_ends_it_and_a_rerun_goes_on(main: Run, home: Path) -> None:
    with fake("--latency", "0", "--blueprint", courtesy.HERE) as (url, _):
        first = generate(main, home, url, budget=0.002)
        paid = counters(url)["total"]
        assert first.returncode == 0 and "STOPPED BY THE BUDGET" in first.stderr, first.stderr
        courtesy.edit(home, "blueprint", "budget: 0.002", "budget: 5")
        places = ("--runs", home.parent / "runs", "--models", home.parent / "models")
        keys = {"OPENAI_API_KEYS": "sk-good0001", "GEMINI_API_KEYS": "AIza-good0003"}
        second = main("--blueprint", home, "--steps=generate", *places, env={**os.environ, **keys})
    assert 0 < paid < 40 and second.returncode == 0, second.stderr

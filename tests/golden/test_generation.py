"""Plans and prompts, whole: the expected texts lie beside, ``BLESS=1`` rewrites them, the diff is for a person."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from foundry_engine.generation.plan import make_plan
from foundry_engine.generation.prompt import request_for
from foundry_engine.records import lines_of
from tests import courtesy

HERE = Path(__file__).parent / "generation"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def agrees(name: str, text: str) -> None:
    path = HERE / name
    if os.environ.get("BLESS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    assert text == path.read_text("utf-8"), f"{name} differs: if that is meant, make bless and look at the diff"


def test_the_plan() -> None:
    agrees("plan.jsonl", lines_of(make_plan(courtesy.declared(), courtesy.TASK)).decode())


@pytest.mark.parametrize("kind", ["axes", "trap", "pair"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_prompt(kind: str, language: str) -> None:
    cells = make_plan(courtesy.declared(), courtesy.TASK)
    cell = next(c for c in cells if (c.kind, c.language) == (kind, language))
    asked = request_for(cell, courtesy.law(), 0, 3)
    facts = {"schema": asked.schema, "cell": asked.cell, "count": asked.count, "seed": asked.seed}
    shown = json.dumps(facts, ensure_ascii=False, indent=1)
    agrees(f"prompt_{kind}_{language}.txt", f"--- system\n{asked.system}--- user\n{asked.user}--- besides\n{shown}\n")


def test_a_dry_run_shows_the_plan_and_makes_nothing(main: Run, tmp_path: Path) -> None:
    line = ("--blueprint", courtesy.HERE, "--runs", tmp_path / "runs", "--models", tmp_path / "models", "--dry-run")
    shown = main(*line)
    assert (shown.returncode, shown.stderr) == (0, "")
    agrees("dry_run.txt", shown.stdout)
    cells = json.loads(main(*line, "--json").stdout)["plan"][0]["cells"]
    assert [cell["id"] for cell in cells] == [c.id for c in make_plan(courtesy.declared(), courtesy.TASK)]
    assert list(tmp_path.iterdir()) == []

"""Plans and prompts, whole: the expected texts lie beside, ``BLESS=1`` rewrites them, the diff is for a person."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from foundry_engine.completions import CompletionRequest
from foundry_engine.generation.plan import make_plan
from foundry_engine.generation.prompt import Order, request_for
from foundry_engine.generation.second_pass import reading_request
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


def shown(asked: CompletionRequest) -> str:
    facts = {"schema": asked.schema, "cell": asked.cell, "count": asked.count, "seed": asked.seed}
    besides = json.dumps(facts, ensure_ascii=False, indent=1)
    return f"--- system\n{asked.system}--- user\n{asked.user}--- besides\n{besides}\n"


SEEN = {"zh": ("老板，请给我盐", "谢谢小李"), "en": ("could you please pass me the salt, boss", "thank you mom")}
TWIN = {"zh": "请老板把盐拿过来", "en": "please let mom bring the tea"}


@pytest.mark.parametrize("kind", ["axes", "trap", "pair", "near"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_prompt(kind: str, language: str) -> None:
    """Of a provider that reads; the first round is plain, later ones ask for what few would think of."""
    declared = courtesy.reading(near_share=0.2)
    cells = make_plan(declared, courtesy.TASK)
    cell = [c for c in cells if (c.kind, c.language) == (kind, language)][-1]
    seen = SEEN[language]
    order = Order(
        cell, kind == "trap", 3, cell.attributes, TWIN[language] if kind == "pair" else "", seen[:1], seen[1:]
    )
    asked = request_for(order, declared.constitutions[courtesy.TASK], variation=2 if kind == "near" else 0)
    agrees(f"prompt_{kind}_{language}.txt", shown(asked))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_blind_reading(language: str) -> None:
    agrees(f"reading_{language}.txt", shown(reading_request(SEEN[language], language, courtesy.law(), "seed")))


def test_a_dry_run_shows_the_plan_and_makes_nothing(main: Run, tmp_path: Path) -> None:
    line = ("--blueprint", courtesy.HERE, "--runs", tmp_path / "runs", "--models", tmp_path / "models", "--dry-run")
    shown = main(*line)
    assert (shown.returncode, shown.stderr) == (0, "")
    agrees("dry_run.txt", shown.stdout)
    cells = json.loads(main(*line, "--json").stdout)["plan"][0]["cells"]
    assert [cell["id"] for cell in cells] == [c.id for c in make_plan(courtesy.declared(), courtesy.TASK)]
    assert list(tmp_path.iterdir()) == []

"""The pool against the fake model server over real connections: nothing lost, nothing wrong; and the docs' examples."""

from __future__ import annotations

import asyncio
import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from foundry_engine import blueprint
from foundry_engine.completions import CompletionRequest
from foundry_engine.fake_llm.faults import FAULTS
from foundry_engine.llm_pool import LlmPool, ModelEntry
from tests import courtesy
from tests.conftest import ROOT
from tests.served_fake import served_fake

SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "label": {"enum": ["A", "B"]}},
    "required": ["text", "label"],
    "additionalProperties": False,
}
FINAL = {"refused", "blocked"}
"""What a model says no to is an answer too, and never asked again."""


def answered(url: str, provider: str, count: int) -> list[dict[str, Any]]:
    """Rows the pool got, all of them at once."""
    base = {"openai_compatible": f"{url}/v1", "gemini": url}[provider]
    entry = ModelEntry(provider=provider, settings={"model": "m", "base_url": base, "timeout": 1.5})

    async def go() -> list[dict[str, Any]]:
        async with LlmPool.open([entry], {"OPENAI_API_KEYS": "sk-1", "GEMINI_API_KEYS": "AIza-1"}) as pool:
            requests = [CompletionRequest("You label.", f"Text {n}", SCHEMA, seed=n) for n in range(count)]
            done = await asyncio.gather(*(pool.complete(request) for request in requests))
            assert pool.scopes[0].in_flight == 0
        return [json.loads(completion.text) for completion in done]

    return asyncio.run(go())


CASES = [("openai_compatible", name, 0.1) for name in FAULTS if name not in FINAL] + [("gemini", "", 0.0)]


@pytest.mark.parametrize(("provider", "fault", "rate"), CASES)
def test_no_fault_loses_a_row_or_spoils_one(provider: str, fault: str, rate: float) -> None:
    faults = {fault: rate} if fault else {}
    with served_fake(faults=faults, seed=5, latency=0.005, hang=10, slow=0.2, retry_after=0.2) as url:
        rows = answered(url, provider, 120)
    assert len(rows) == 120 and {row["label"] for row in rows} == {"A", "B"}
    assert all(set(row) == {"text", "label"} and isinstance(row["text"], str) for row in rows)


@pytest.mark.parametrize("provider", ["openai_compatible", "gemini"])
def test_all_faults_at_once(provider: str) -> None:
    names = [name for name in FAULTS if name not in FINAL]
    faults = dict.fromkeys(names, 0.3 / len(names))
    with served_fake(faults=faults, seed=5, latency=0.005, hang=10, slow=0.2, retry_after=0.2) as url:
        assert len(answered(url, provider, 150)) == 150


# the docs


def block(page: str, kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", (ROOT / "docs" / page).read_text("utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("page", ["pool.md", "pool.zh-CN.md"])
def test_the_program_in_the_docs_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEYS", "sk-1")
    with served_fake(latency=0) as url:
        program = block(page, "python").replace("https://api.deepseek.com", url).replace("http://127.0.0.1:8000", url)
        (tmp_path / "program.py").write_text(program, "utf-8")
        runpy.run_path(str(tmp_path / "program.py"))
    assert "prompt_tokens" in capsys.readouterr().out


@pytest.mark.parametrize("page", ["pool.md", "pool.zh-CN.md"])
def test_the_blueprint_in_the_docs_loads(page: str, tmp_path: Path) -> None:
    home = courtesy.copy(tmp_path / "courtesy")
    declared = block(page, "yaml").removeprefix("generate:\n")
    courtesy.edit(home, "blueprint", "  provider: offline\n", declared)
    generate = blueprint.load(home).declaration.generate
    assert [entry.provider for entry in generate.pool] == ["gemini", "openai_compatible", "openai_compatible"]
    assert (generate.source, generate.token_budget) == ("pool", 2_000_000)


@pytest.mark.parametrize("page", ["pool.md", "pool.zh-CN.md"])
def test_the_docs_name_every_setting_and_fault(page: str) -> None:
    from foundry_engine.providers.openai_compatible import Settings

    text = (ROOT / "docs" / page).read_text("utf-8")
    names = [*ModelEntry.model_fields, *Settings.model_fields, *FAULTS]
    assert [name for name in names if f"`{name}`" not in text] == []

"""The frozen cases and toy models: they are what the script writes, and Python holds to them."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from foundry_engine.artifact import parity_cases
from foundry_engine.artifact.files import tasks_in
from foundry_engine.errors import VersionMismatch
from foundry_engine.features.ngrams import NGramSettings, ngrams
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import PatternMatcher, patterns_of
from foundry_engine.runtime import MicroModel
from foundry_engine.verification.agreement import replay

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
TOYS = tasks_in(FOLDER / "toy")


def rows(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode("utf-8").split("\n") if line]


def cases(name: str) -> list[dict[str, Any]]:
    return rows((FOLDER / "cases" / f"{name}.jsonl").read_bytes())


@pytest.fixture(scope="module")
def models() -> dict[str, MicroModel]:
    return {task: MicroModel.load(FOLDER / "toy", task) for task in TOYS}


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_parity_cases", ROOT / "scripts" / "build_parity_cases.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_files_are_what_the_script_writes() -> None:
    outputs = script().outputs()
    there = {path for folder in ("cases", "toy") for path in (FOLDER / folder).iterdir()}
    assert {path.resolve() for path in outputs} == {path.resolve() for path in there}
    for path, data in outputs.items():
        if not path.name.endswith("_parity.jsonl"):
            assert path.read_bytes() == data, f"{path.name} is stale: run scripts/build_parity_cases.py"
            continue
        for frozen, fresh in zip(rows(path.read_bytes()), rows(data), strict=True):
            for step in ("logits", "probabilities"):
                old, new = frozen.pop(step), fresh.pop(step)
                near = pytest.approx([parity_cases.from_bits(b) for b in new], rel=0, abs=1e-15)
                assert [parity_cases.from_bits(b) for b in old] == near
            assert frozen == fresh, f"{path.name} is stale: run scripts/build_parity_cases.py"


def test_the_draft_of_the_format_is_refused_with_what_to_do() -> None:
    said = r"toy_preprocessor\.bin: format version 0, this runtime reads 1\. Forge the model again"
    with pytest.raises(VersionMismatch, match=said):
        MicroModel.load(FOLDER / "version_0", "toy")


def test_normalize() -> None:
    for case in cases("normalize"):
        assert normalize(case["text"]) == case["normalized"]


def test_ngrams(models: dict[str, MicroModel]) -> None:
    for case in cases("ngrams"):
        settings = NGramSettings(**case["settings"])
        assert models[case["model"]].preprocessor.ngrams == settings
        assert ngrams(normalize(case["text"]), settings) == case["ngrams"]
        assert models[case["model"]].steps(case["text"]).ngrams == case["ngrams"]


def test_patterns(models: dict[str, MicroModel]) -> None:
    found = set()
    for case in cases("patterns"):
        assert PatternMatcher(patterns_of(case["groups"])).groups_in(normalize(case["text"])) == case["found"]
        model = models[case["model"]]
        terms = len(model.preprocessor.terms)
        assert [i - terms for i in model.steps(case["text"]).indices if i >= terms] == case["found"]
        found |= set(case["found"])
    assert found == set(range(len(case["groups"]))), "every group is found in some text"


@pytest.mark.parametrize("task", TOYS)
def test_toy_models_replay(task: str, models: dict[str, MicroModel]) -> None:
    both = {"plain": models[task], "onnxruntime": MicroModel.load(FOLDER / "toy", task, "onnxruntime")}
    cases = parity_cases.read_cases(FOLDER / "toy" / f"{task}_parity.jsonl")
    assert replay(both, cases) == 2 * len(cases)
    if task == "toy":
        assert {case["outcome"] for case in cases} == {"accepted", "abstained", "reflex"}
        assert {case["label"] for case in cases} == set(models[task].labels)

"""Every blueprint of the repository: it loads, editors can check it, and its corpus says where each row is from."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from foundry_engine import blueprint, data_generator, data_refiner, strict_yaml
from foundry_engine.blueprint import Blueprint
from foundry_engine.features.normalizer import normalize
from foundry_engine.folders import RunFolder
from foundry_engine.language.script import language_of
from foundry_engine.records import Example, read_objects, read_records
from foundry_engine.refinery.operators.boundary_twins import is_boundary_twin
from tests import courtesy

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "foundry_engine" / "cli" / "template"
FOLDERS = [ROOT / "blueprints" / "text_classification", ROOT / "blueprints" / "toxicity"]
"""The shipped ones: what is asked of them is more than what a user's own blueprint beside them needs."""
TASKS = [
    pytest.param(folder, task, id=f"{folder.name}-{task}")
    for folder in FOLDERS
    for task in blueprint.load(folder).tasks
]
FIELDS = {"text", "label", "language", "origin", "source", "licence"}


@cache
def loaded(folder: Path) -> Blueprint:
    return blueprint.load(folder)


@cache
def corpus(folder: Path, task: str) -> list[dict[str, Any]]:
    return [row for _, row in read_objects(loaded(folder).corpus(task))]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
def test_it_loads_and_has_its_folders_name(folder: Path) -> None:
    assert loaded(folder).name == folder.name
    constitutions = {path.stem for path in (folder / "constitutions").glob("*.yaml")}
    assert constitutions == set(loaded(folder).tasks), "no constitution lies about that no task reads"


# the constitutions


@pytest.mark.parametrize(("folder", "task"), TASKS)
def test_boundary_cases(folder: Path, task: str) -> None:
    cases = loaded(folder).constitutions[task].boundary_cases
    assert len(cases) >= 60
    languages = Counter(language_of(case.text) for case in cases)
    assert languages["zh"] >= 20 and languages["en"] >= 20, languages
    labels = Counter(case.label for case in cases)
    assert set(labels) == set(loaded(folder).constitutions[task].label_names)
    assert sum(case.reach == "out" for case in cases) <= len(cases) // 4, "most of them are gated"


@pytest.mark.parametrize(("folder", "task"), TASKS)
def test_every_trap_has_a_case_and_every_label_a_mould_in_every_language(folder: Path, task: str) -> None:
    law = loaded(folder).constitutions[task]
    assert set(law.traps) == {case.trap for case in law.boundary_cases}
    moulds = {(mould.label, mould.language) for mould in law.grammar.moulds.values()}
    languages = loaded(folder).declaration.languages
    assert moulds == {(label, language) for label in law.label_names for language in languages}


@pytest.mark.parametrize(("folder", "task"), TASKS)
def test_the_prompt_asks_for_what_the_cell_says(folder: Path, task: str) -> None:
    prompt = loaded(folder).constitutions[task].prompt
    both = prompt.system + prompt.user
    assert all("{" + name + "}" in both for name in ("label", "definition", "language", "count", "rules"))


@pytest.mark.parametrize(("folder", "task"), TASKS)
def test_the_grammars_training_output_holds_no_boundary_case(folder: Path, task: str, tmp_path: Path) -> None:
    """Nor a typo twin of one. The corpus stays out: its rows go through the same operator, which has its own table."""
    declaration = loaded(folder).declaration
    without = declaration.generate.model_copy(update={"corpus": False, "provider": "offline"})
    declared = loaded(folder).model_copy(update={"declaration": declaration.model_copy(update={"generate": without})})
    run = RunFolder(tmp_path)
    data_generator.run(declared, task, run)
    data_refiner.run(declared, task, run)
    texts = [normalize(e.text) for e in read_records(run.dataset / "examples.jsonl", Example)]
    assert len(texts) > 300
    cases = [normalize(case.text) for case in loaded(folder).constitutions[task].boundary_cases]
    assert [(case, text) for case in cases for text in texts if is_boundary_twin(case, text)] == []


# the corpus


@pytest.mark.parametrize(("folder", "task"), TASKS)
def test_every_row_says_what_it_is_and_where_it_is_from(folder: Path, task: str) -> None:
    declared = loaded(folder)
    rows = corpus(folder, task)
    assert [
        row for row in rows if not set(row) >= FIELDS or not all(isinstance(row[f], str) and row[f] for f in FIELDS)
    ] == []
    assert {row["label"] for row in rows} == set(declared.constitutions[task].label_names)
    assert {row["language"] for row in rows} == set(declared.declaration.languages)
    assert {row["origin"] for row in rows} <= {"corpus", "written"}
    assert [row["text"] for row in rows if row["text"] != row["text"].strip() or "\n" in row["text"]] == []
    licences: dict[str, set[str]] = {}
    for row in rows:
        licences.setdefault(row["source"], set()).add(row["licence"])
    assert {source: found for source, found in licences.items() if len(found) > 1} == {}
    assert not [source for source in licences if "weibo" in source.lower()]


@pytest.mark.parametrize(("folder", "task"), TASKS)
def test_withheld_sources_are_in_the_corpus(folder: Path, task: str) -> None:
    withheld = loaded(folder).declaration.refine.split.withhold.get(task, [])
    sources = Counter(row["source"] for row in corpus(folder, task))
    assert [source for source in withheld if not sources[source]] == []
    assert set(sources) - set(withheld), "something is left to train on"


def test_the_sizes_that_were_agreed() -> None:
    folder = ROOT / "blueprints" / "text_classification"
    real = Counter(row["language"] for row in corpus(folder, "is_question") if row["origin"] == "corpus")
    assert min(real["zh"], real["en"]) >= 2_500
    written = Counter(row["language"] for row in corpus(folder, "confirmation") if row["origin"] == "written")
    assert min(written["zh"], written["en"]) >= 600


def test_nothing_outside_the_repository_is_read() -> None:
    files = list((ROOT / "foundry_engine").rglob("*.py")) + [p for f in FOLDERS for p in f.rglob("*.yaml")]
    assert [p for p in files if "../shared" in p.read_text("utf-8") or "/work/" in p.read_text("utf-8")] == []


# the JSON Schemas that editors use

YAMLS = [path for folder in FOLDERS for path in sorted(folder.rglob("*.yaml"))]
YAMLS += [courtesy.HERE / name for name in courtesy.FILES.values()]


def schema_of(path: Path) -> Path:
    """The schema that the first line of a file names."""
    first = path.read_text("utf-8").splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+\.schema\.json)", first)
    assert found, f"{path}: its first line names no schema"
    return (path.parent / found[1]).resolve()


@pytest.mark.parametrize("path", YAMLS, ids=lambda p: "-".join(p.parts[-2:]))
def test_the_named_schema_holds(path: Path) -> None:
    schema = schema_of(path)
    assert schema.parent == ROOT / "blueprints" / "schemas"
    kind = "constitution" if path.parent.name == "constitutions" else "blueprint"
    assert schema.name == f"{kind}.schema.json"
    validate(strict_yaml.read(path).data, kind)


@cache
def validator(kind: str) -> jsonschema.protocols.Validator:
    schema = json.loads((ROOT / "blueprints" / "schemas" / f"{kind}.schema.json").read_text("utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def validate(data: object, kind: str) -> None:
    validator(kind).validate(data)


def test_the_template_names_its_schemas() -> None:
    for name in ("blueprint.yaml", "constitutions/task.yaml"):
        first = (TEMPLATE / name).read_text("utf-8").splitlines()[0]
        assert re.fullmatch(
            r"# yaml-language-server: \$schema=\{schema\}/(blueprint|constitution)\.schema\.json", first
        )


def test_what_new_makes_is_valid_and_finds_its_schemas(small_blueprint: Path) -> None:
    for path in sorted(small_blueprint.rglob("*.yaml")):
        assert schema_of(path).is_file()
        validate(strict_yaml.read(path).data, "constitution" if path.parent.name == "constitutions" else "blueprint")


REJECTED = [
    ("blueprint", "seed: 7", "sed: 7"),
    ("blueprint", "seed: 7", "seed: -1"),
    ("blueprint", "seed: 7", "seed: seven"),
    ("blueprint", "name: courtesy", "name: cour-tesy"),
    ("blueprint", "name: courtesy\n", ""),
    ("blueprint", "languages: [zh, en]", "languages: [zh, de]"),
    ("blueprint", "languages: [zh, en]", "languages: []"),
    ("blueprint", "provider: offline", "provider: ofline"),
    ("blueprint", "[normalise,", "[normalize,"),
    ("blueprint", "trainer: tfidf_linear", "trainer: tfidf"),
    ("blueprint", "trap_share: 0.2", "trap_share: 2"),
    ("blueprint", "scripted: {replies:", "scripted: {reply:"),
    ("blueprint", "scripted: {replies:", "scriptd: {replies:"),
    ("blueprint", "measure: recall", "measure: f1"),
    ("blueprint", "withhold: {tone: [letters]}", "withhold: {tone: letters}"),
    ("constitution", "task: tone", "task: 1"),
    ("constitution", "labels:", "label:"),
    ("constitution", "label: Rude, trap: sarcasm}\n  - {text: 您", "labl: Rude, trap: sarcasm}\n  - {text: 您"),
    ("constitution", "max_error: 0.1", "max_error: 0.5"),
    ("constitution", "confidence: 0.9}", "confidence: 1.0}"),
    ("constitution", "start: [滚]", "begin: [滚]"),
    ("constitution", "start: [滚]", "start: 滚"),
    ("constitution", "- [Polite, Rude]", "- [Polite]"),
    ("constitution", "shop: 2", "shop: -2"),
    ("constitution", "title: {en: Is it polite?, zh: 是否礼貌}", "title: Is it polite?"),
]


@pytest.mark.parametrize(("kind", "old", "new"), REJECTED)
def test_the_schemas_reject_typical_mistakes(tmp_path: Path, kind: str, old: str, new: str) -> None:
    home = courtesy.copy(tmp_path)
    courtesy.edit(home, kind, old, new)
    with pytest.raises(jsonschema.ValidationError):
        validate(strict_yaml.read(home / courtesy.FILES[kind]).data, kind)


def test_the_committed_schemas_are_those_of_the_types() -> None:
    script = ROOT / "scripts" / "build_schemas.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr

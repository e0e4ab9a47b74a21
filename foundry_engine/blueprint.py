"""A blueprint: the declaration of a family of models, ``blueprint.yaml`` with its constitutions and corpus.

``load`` reads everything, reports all mistakes at once as ``file:line:column`` with the nearest known name, and gives
frozen, typed values.
"""

from __future__ import annotations

import types
import typing
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from foundry_engine import registry, strict_yaml
from foundry_engine.constitution import Constitution, Language, LocalText, Name, Share, Strict, findings
from foundry_engine.errors import FoundryError, InvalidSetting
from foundry_engine.strict_yaml import Document, Path_, Problem

FILE = "blueprint.yaml"
Model = TypeVar("Model", bound=BaseModel)
MAX_PROBLEMS = 50
"""At most this many mistakes are printed at once."""


class Generate(Strict):
    """Settings of step generate.

    ``cells_per_label`` counts cells of the coverage plan per label and language; shares are parts of them.
    ``settings`` holds each provider's own settings under its name.
    """

    provider: Name = "offline"
    cells_per_label: Annotated[int, Field(ge=0, le=100_000)] = 60
    samples_per_cell: Annotated[int, Field(ge=1, le=50)] = 4
    trap_share: Share = 0.2
    pair_share: Share = 0.15
    max_rounds: Annotated[int, Field(ge=1, le=20)] = 3
    concurrency: Annotated[int, Field(ge=1, le=256)] = 4
    corpus: bool = True
    min_length: Annotated[int, Field(ge=1)] = 1
    max_length: Annotated[int, Field(ge=1, le=100_000)] = 200
    near_duplicate: Annotated[float, Field(gt=0, le=1)] = 0.85
    settings: dict[Name, dict[str, Any]] = {}


class Split(Strict):
    """How examples are divided; by family, never by row.

    ``withhold`` names, for a task, the sources that are test rows only.
    """

    calibration: Annotated[float, Field(gt=0, lt=0.9)] = 0.2
    test: Annotated[float, Field(gt=0, lt=0.9)] = 0.1
    withhold: dict[Name, list[str]] = {}
    test_distance: Annotated[float, Field(gt=0, le=1)] = 0.6


class Refine(Strict):
    """Settings of step refine: the operators in order, each with its own settings."""

    operators: Annotated[list[Name], Field(min_length=1)] = [
        "normalise",
        "exact_duplicates",
        "conflicts",
        "near_duplicates",
        "typo_twins",
        "boundary_twins",
        "families",
        "balance",
    ]
    settings: dict[Name, dict[str, Any]] = {}
    split: Split = Split()


class Train(Strict):
    """Settings of step train: which trainer, with its own settings."""

    trainer: Name = "tfidf_linear"
    settings: dict[Name, dict[str, Any]] = {}


class Export(Strict):
    """Settings of step export. ``max_bytes`` bounds ``.onnx`` and ``.bin`` together."""

    max_bytes: Annotated[int, Field(ge=4_096, le=100_000_000)] = 128_000
    parity_cases: Annotated[int, Field(ge=1, le=100_000)] = 520


class Floor(Strict):
    """A least value a forged model must reach on its test rows.

    ``set`` is ``test`` (families of the training sources) or ``withheld`` (whole sources never trained on).
    """

    measure: Literal["accuracy", "recall", "precision"]
    at_least: Share
    set: Literal["test", "withheld"] = "test"
    language: Language | None = None
    label: Name | None = None


class Verify(Strict):
    """Settings of step verify: floors for each task, and how many random strings the runtimes are compared on."""

    floors: dict[Name, list[Floor]] = {}
    random_strings: Annotated[int, Field(ge=0, le=10_000_000)] = 2_000


class Declaration(Strict):
    """What ``blueprint.yaml`` may say."""

    name: Name
    title: LocalText
    languages: Annotated[list[Language], Field(min_length=1)]
    tasks: Annotated[list[Name], Field(min_length=1)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    generate: Generate = Generate()
    refine: Refine = Refine()
    train: Train = Train()
    export: Export = Export()
    verify: Verify = Verify()


class Blueprint(BaseModel):
    """A declaration with its constitutions, and where it stands."""

    folder: Path
    declaration: Declaration
    constitutions: dict[str, Constitution]

    @property
    def name(self) -> str:
        """The blueprint's name."""
        return self.declaration.name

    @property
    def tasks(self) -> list[str]:
        """Its tasks, in order."""
        return self.declaration.tasks

    def corpus(self, task: str) -> Path:
        """The task's file of human-written sentences; it need not exist."""
        return self.folder / "corpus" / f"{task}.jsonl"


COMPONENTS = {"generate": "providers", "refine": "operators", "train": "trainers"}
"""Step: kind of the components whose own settings stand under ``<step>.settings.<name>``."""


def load(folder: Path) -> Blueprint:
    """Read a blueprint's folder.

    Raises ``InvalidSetting`` listing every mistake in every file of it.
    """
    if not (folder / FILE).is_file():
        raise InvalidSetting(
            f"{folder / FILE}: no such file. A blueprint is a folder with a {FILE}; start one with `new`."
        )
    document = strict_yaml.read(folder / FILE)
    declaration, problems = _typed(document, Declaration)
    constitutions: dict[str, Constitution] = {}
    for i, task in enumerate(_task_names(document)):
        path = folder / "constitutions" / f"{task}.yaml"
        if not path.is_file():
            near = registry.suggest(task, sorted(p.stem for p in path.parent.glob("*.yaml")))
            problems.append(document.problem(("tasks", i), f"no constitution: expected {path}; {near}"))
            continue
        law = strict_yaml.read(path)
        constitution, wrong = _typed(law, Constitution)
        if constitution is not None and not wrong:
            languages = [str(x) for x in declaration.languages] if declaration else list(typing.get_args(Language))
            wrong = [
                law.problem(p, _nearest(m, constitution), at_key=p[0] == "abstain")  # there the label is a key
                for p, m in findings(constitution, languages)
            ]
            if constitution.task != task:
                wrong.append(law.problem(("task",), f"task '{constitution.task}' in the file of task '{task}'"))
            constitutions[task] = constitution
        problems += wrong
    if declaration is not None:
        problems += _cross_checks(document, declaration, constitutions)
    if problems:
        raise InvalidSetting(_listed(problems), problems=problems)
    assert declaration is not None  # no declaration always comes with a problem
    return Blueprint(folder=folder, declaration=declaration, constitutions=constitutions)


def _task_names(document: Document) -> list[str]:
    data = document.data
    tasks = data.get("tasks") if isinstance(data, dict) else None
    return [t for t in tasks if isinstance(t, str) and t.isidentifier()] if isinstance(tasks, list) else []


def _listed(problems: list[Problem]) -> str:
    ordered = sorted(set(problems))
    lines = [str(problem) for problem in ordered[:MAX_PROBLEMS]]
    if len(ordered) > MAX_PROBLEMS:
        lines.append(f"… and {len(ordered) - MAX_PROBLEMS} more")
    return "\n".join(lines)


def _nearest(message: str, constitution: Constitution) -> str:
    """The message with the nearest declared label, where it complains of an undeclared one."""
    if message.startswith("label '") and message.endswith("is not declared"):
        return f"{message}; {registry.suggest(message.split(chr(39))[1], constitution.label_names)}"
    return message


def _typed(document: Document, kind: type[Model]) -> tuple[Model | None, list[Problem]]:
    """The document's data as a type, or what is wrong with it."""
    problems = list(document.problems)
    if problems:
        return None, problems
    try:
        return kind.model_validate(document.data), []
    except ValidationError as error:
        return None, [_problem(document, kind, dict(wrong)) for wrong in error.errors()]


def _problem(document: Document, kind: type[BaseModel], wrong: dict[str, Any], prefix: Path_ = ()) -> Problem:
    """One of pydantic's errors in words, at its place."""
    location = wrong["loc"]
    path = (*prefix, *location)
    if wrong["type"] == "extra_forbidden":
        message = f"unknown key '{location[-1]}'; {registry.suggest(str(location[-1]), _keys_at(kind, location[:-1]))}"
        return document.problem(path, message, at_key=True)
    if wrong["type"] == "missing":
        return document.problem(path[:-1], f"key '{location[-1]}' is missing")
    if wrong["type"] == "literal_error":
        known = [part.strip("' ") for part in wrong["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return document.problem(
            path, f"'{wrong['input']}' is not allowed here; {registry.suggest(str(wrong['input']), known)}"
        )
    if location and location[-1] == "[key]":
        return document.problem(path[:-1], f"key '{location[-2]}': {wrong['msg'].lower()}", at_key=True)
    if wrong["type"] == "string_type" and isinstance(wrong["input"], (bool, int, float)):
        word = str(wrong["input"]).lower() if isinstance(wrong["input"], bool) else str(wrong["input"])
        return document.problem(path, f'a text was expected; put it in quotes: "{word}"')
    shown = repr(wrong["input"])
    got = f", got {shown if len(shown) < 60 else type(wrong['input']).__name__}"
    return document.problem(path, wrong["msg"][0].lower() + wrong["msg"][1:] + got)


def _keys_at(kind: Any, path: Path_) -> list[str]:
    """Names of the keys the type allows at a path."""
    for part in path:
        kind = _strip(kind)
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin is list:
            kind = arguments[0]
        elif origin is dict:
            kind = arguments[1]
        elif isinstance(kind, type) and issubclass(kind, BaseModel) and part in kind.model_fields:
            kind = kind.model_fields[str(part)].annotation
        else:
            return []
    kind = _strip(kind)
    return sorted(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def _strip(kind: Any) -> Any:
    """A type without ``Annotated`` and ``| None``."""
    while typing.get_origin(kind) in (Annotated, typing.Union, types.UnionType):
        kind = typing.get_args(kind)[0]
    return kind


def _cross_checks(
    document: Document, declaration: Declaration, constitutions: dict[str, Constitution]
) -> list[Problem]:
    problems = _component_problems(document, declaration)
    for i, task in enumerate(declaration.tasks):
        if task in declaration.tasks[:i]:
            problems.append(document.problem(("tasks", i), f"task '{task}' again"))
    for i, operator in enumerate(declaration.refine.operators):
        if operator in declaration.refine.operators[:i]:
            problems.append(document.problem(("refine", "operators", i), f"operator '{operator}' again"))
    named: list[tuple[Path_, str]] = [(("verify", "floors", task), task) for task in declaration.verify.floors]
    named += [(("refine", "split", "withhold", task), task) for task in declaration.refine.split.withhold]
    for path, task in named:
        if task not in declaration.tasks:
            message = f"task '{task}' is not in this blueprint; {registry.suggest(task, list(declaration.tasks))}"
            problems.append(document.problem(path, message, at_key=True))
    for task, floors in declaration.verify.floors.items():
        known = constitutions[task].label_names if task in constitutions else None
        for i, floor in enumerate(floors):
            path = ("verify", "floors", task, i)
            if floor.measure != "accuracy" and floor.label is None:
                problems.append(document.problem(path, f"a floor for {floor.measure} names a label"))
            if floor.label is not None and known is not None and floor.label not in known:
                message = f"label '{floor.label}' is not declared; {registry.suggest(floor.label, known)}"
                problems.append(document.problem((*path, "label"), message))
            if floor.language is not None and floor.language not in declaration.languages:
                problems.append(
                    document.problem((*path, "language"), f"language '{floor.language}' is not in the blueprint")
                )
    if declaration.refine.split.calibration + declaration.refine.split.test >= 1:
        problems.append(document.problem(("refine", "split"), "calibration and test leave nothing to train on"))
    if declaration.generate.min_length > declaration.generate.max_length:
        problems.append(document.problem(("generate", "min_length"), "min_length is above max_length"))
    return problems


def _component_problems(document: Document, declaration: Declaration) -> list[Problem]:
    """Components that do not exist, and mistakes in their own settings."""
    used: list[tuple[str, Path_, str]] = [
        ("providers", ("generate", "provider"), declaration.generate.provider),
        ("trainers", ("train", "trainer"), declaration.train.trainer),
        *(("operators", ("refine", "operators", i), name) for i, name in enumerate(declaration.refine.operators)),
    ]
    problems: list[Problem] = []
    for step, kind in COMPONENTS.items():
        for name in getattr(declaration, step).settings:
            used.append((kind, (step, "settings", name), name))
    for kind, path, name in used:
        try:
            component = registry.find(kind, name)
        except FoundryError as error:
            problems.append(document.problem(path, error.message, at_key=path[-1] == name))
            continue
        if path[-1] == name and path[1] == "settings":
            try:
                component.Settings.model_validate(getattr(declaration, str(path[0])).settings[name])
            except ValidationError as error:
                problems += [_problem(document, component.Settings, dict(wrong), path) for wrong in error.errors()]
    return problems

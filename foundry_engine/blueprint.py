"""A blueprint: the declaration of a family of models, ``blueprint.yaml`` with its constitutions and corpus.

``load`` reads everything, reports all mistakes at once as ``file:line:column`` with the nearest known name, and gives
frozen, typed values.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, Literal

from pydantic import BaseModel, Field, ValidationError

from foundry_engine import registry, strict_yaml
from foundry_engine.constitution import Constitution, Language, LocalText, findings
from foundry_engine.declared import Name, Share, Strict
from foundry_engine.errors import FoundryError, InvalidSetting
from foundry_engine.pool_settings import ModelEntry
from foundry_engine.strict_yaml import Document, Path_, Problem
from foundry_engine.typed_yaml import MAX_PROBLEMS, Model, component_problems, listed, settings_problems, typed

FILE = "blueprint.yaml"


class SecondPass(Strict):
    """How generated texts are read a second time by a model that is not told the wanted label.

    Where the texts come from a provider that writes from a grammar there is nobody to ask, unless ``provider`` names
    one.
    """

    provider: Name | None = None
    """Who reads; the provider that writes if not given."""
    settings: dict[str, Any] = {}
    """Put over the reader's own settings under ``generate.settings``: another model, another temperature."""
    share: Share = 1.0
    """Share of the accepted texts that is read; 0 reads nothing."""
    votes: Annotated[int, Field(ge=1, le=9)] = 3
    """Readings of a text in a borderline cell: a trap, a pair, a near miss, or a cell in doubt."""
    doubt: Share = 0.8
    """A cell whose agreement is below this is in doubt."""
    texts: Annotated[int, Field(ge=1, le=50)] = 10
    """Texts read in one request."""


class Generate(Strict):
    """Settings of step generate.

    ``cells_per_label`` counts cells of the coverage plan per label and language; shares are parts of them.
    ``settings`` holds each provider's own settings under its name.
    """

    provider: Name = "offline"
    """Who writes the texts: a file in ``providers/``."""
    cells_per_label: Annotated[int, Field(ge=0, le=100_000)] = 60
    """Cells of the coverage plan, per label and language; 0 generates nothing."""
    samples_per_cell: Annotated[int, Field(ge=1, le=50)] = 4
    """Texts wanted of each axis and trap cell; a pair cell is one text."""
    trap_share: Share = 0.1
    """Share of cells that ask for a trap."""
    pair_share: Share = 0.15
    """Share of cells that are halves of minimal pairs."""
    near_share: Share = 0.05
    """Share of cells that ask for a near miss; only where the constitution declares some."""
    max_rounds: Annotated[int, Field(ge=1, le=20)] = 3
    """How often cells that are not full are asked for again, the first time included."""
    examples: Annotated[int, Field(ge=0, le=20)] = 4
    """Accepted texts shown in a prompt, others each time."""
    avoid: Annotated[int, Field(ge=0, le=50)] = 10
    """Accepted texts a prompt says not to write again."""
    least_novelty: Share = 0.15
    """A round in which less than this share of a cell's offered texts is kept is a dull one."""
    patience: Annotated[int, Field(ge=1, le=20)] = 2
    """After so many dull rounds in a row a cell is saturated: it is asked for no more, and named in the report."""
    second_pass: SecondPass = SecondPass()
    """The blind second reading."""
    concurrency: Annotated[int, Field(ge=1, le=256)] = 4
    """Requests under way at a time."""
    corpus: bool = True
    """Whether the rows of ``corpus/<task>.jsonl`` are samples too."""
    min_length: Annotated[int, Field(ge=1)] = 1
    """Least code points of a normalized text."""
    max_length: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Most code points of a normalized text."""
    near_duplicate: Annotated[float, Field(gt=0, le=1)] = 0.85
    """Jaccard similarity from which a generated text is rejected as a near duplicate."""
    settings: dict[Name, dict[str, Any]] = {}
    """Provider: its own settings."""
    pool: list[ModelEntry] = []
    """Several models as one, instead of ``provider``."""
    budget: Annotated[Annotated[float, Field(gt=0, allow_inf_nan=False)] | None, Field(exclude=True)] = None
    """Most US dollars one task's generation may cost; needs a known price for every model."""
    token_budget: Annotated[Annotated[int, Field(gt=0)] | None, Field(exclude=True)] = None
    """Most tokens, of prompts and answers, one task's generation may use."""
    prices: Annotated[str, Field(exclude=True)] = ""
    """A price file of one's own, beside ``blueprint.yaml``; its prices go before the shipped ones."""

    @property
    def writers(self) -> list[ModelEntry]:
        """The models that write."""
        one = ModelEntry(provider=self.provider, settings=self.settings.get(self.provider, {}))
        return self.pool or [one.model_copy(update={"concurrency": self.concurrency})]

    @property
    def readers(self) -> list[ModelEntry]:
        """The models that read a second time: the writers, if no other provider or setting is named."""
        second = self.second_pass
        if second.provider is None and not second.settings:
            return self.writers
        name = second.provider or self.provider
        settings = {**self.settings.get(name, {}), **second.settings}
        return [ModelEntry(provider=name, settings=settings, concurrency=self.concurrency)]

    @property
    def source(self) -> str:
        """Who writes the texts, in a word."""
        return "pool" if self.pool else self.provider


class Split(Strict):
    """How examples are divided; by family, never by row.

    ``withhold`` names, for a task, the sources that are test rows only.
    """

    calibration: Annotated[float, Field(gt=0, lt=0.9)] = 0.2
    """Share of the rows that temperature and thresholds are learned from."""
    test: Annotated[float, Field(gt=0, lt=0.9)] = 0.1
    """Share of the rows that are only tested on."""
    withhold: dict[Name, list[str]] = {}
    """Task: sources that are only tested on, as a whole."""
    test_distance: Annotated[float, Field(gt=0, le=1)] = 0.6
    """Tested rows of this Jaccard similarity to a training or calibration row are removed."""


class Gate(Strict):
    """A least value of one part of the dataset's quality, or of ``total``, the one number made of them."""

    measure: Literal[
        "validity", "uniqueness", "label_health", "balance", "diversity", "safety", "split_hygiene", "total"
    ]
    """Which part."""
    at_least: Share
    """0 to 1."""


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
    """Files in ``refinery/operators/``, in the order they are applied."""
    settings: dict[Name, dict[str, Any]] = {}
    """Operator: its own settings."""
    remove: list[Name] | None = None
    """Reasons that remove a row; without it all of ``refinery/decide.py``. The others are only reported."""
    split: Split = Split()
    """How examples are divided."""
    gates: list[Gate] = []
    """Least values of the dataset's quality; below one of them the step fails, and its report says why."""


class Train(Strict):
    """Settings of step train: which trainer, with its own settings."""

    trainer: Name = "tfidf_linear"
    """A file in ``trainers/``, without ``_trainer``."""
    settings: dict[Name, dict[str, Any]] = {}
    """Trainer: its own settings."""


class Export(Strict):
    """Settings of step export. ``max_bytes`` bounds ``.onnx`` and ``.bin`` together."""

    max_bytes: Annotated[int, Field(ge=4_096, le=100_000_000)] = 128_000
    """Most bytes of ``.onnx`` and ``.bin`` together; terms are selected to fit."""
    parity_cases: Annotated[int, Field(ge=1, le=100_000)] = 520
    """Least number of parity cases; hard texts and boundary cases are always in."""


class Floor(Strict):
    """A least value a forged model must reach on its test rows.

    ``set`` is ``test`` (families of the training sources) or ``withheld`` (whole sources never trained on).
    """

    measure: Literal["accuracy", "recall", "precision"]
    """Recall and precision need a ``label``."""
    at_least: Share
    """0 to 1; below it nothing is shipped."""
    set: Literal["test", "withheld"] = "test"
    """Which rows it is measured on."""
    language: Language | None = None
    """Only rows of this language."""
    label: Name | None = None
    """Whose recall or precision."""


class Verify(Strict):
    """Settings of step verify: floors for each task, and how many random strings the runtimes are compared on."""

    floors: dict[Name, list[Floor]] = {}
    """Task: what its model has to reach."""
    random_strings: Annotated[int, Field(ge=0, le=10_000_000)] = 2_000
    """Random Unicode texts the runtimes are compared on."""


class Declaration(Strict):
    """What ``blueprint.yaml`` may say."""

    name: Name
    """Name of the folder in ``runs/``."""
    title: LocalText
    """For people."""
    languages: Annotated[list[Language], Field(min_length=1)]
    """Which languages texts may be in; the first one is taken for texts without letters."""
    tasks: Annotated[list[Name], Field(min_length=1)]
    """Each has its law in ``constitutions/<task>.yaml`` and becomes one model."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Of everything that is drawn; another seed makes another model."""
    generate: Generate = Generate()
    """Step 1: a constitution becomes samples."""
    refine: Refine = Refine()
    """Step 2: samples become a dataset."""
    train: Train = Train()
    """Step 3: a dataset becomes a fitted model."""
    export: Export = Export()
    """Step 4: a fitted model becomes artifacts."""
    verify: Verify = Verify()
    """Step 5: artifacts are proven and put into ``models/``."""


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
    declaration, problems = typed(document, Declaration)
    sound = _sound_part(document, Declaration)
    languages = list(typing.get_args(Language))
    if sound is not None and "languages" not in sound.doubtful:
        languages = [str(language) for language in sound.model.languages]
    constitutions: dict[str, Constitution] = {}
    labels: dict[str, list[str]] = {}
    for i, task in enumerate(_task_names(document)):
        path = folder / "constitutions" / f"{task}.yaml"
        if not path.is_file():
            near = registry.suggest(task, sorted(p.stem for p in path.parent.glob("*.yaml")))
            problems.append(document.problem(("tasks", i), f"no constitution: expected {path}; {near}"))
            continue
        law = strict_yaml.read(path)
        constitution, wrong = typed(law, Constitution)
        rest = _sound_part(law, Constitution)
        if rest is not None:
            found = [(p, m) for p, m in findings(rest.model, languages) if rest.knows(m)]
            wrong += [
                rest.document.problem(p, _nearest(m, rest.model) if n < MAX_PROBLEMS else m, at_key=p[0] == "abstain")
                for n, (p, m) in enumerate(found)  # under abstain the label is a key
            ]
            if rest.model.task != task and "task" not in rest.doubtful:
                wrong.append(law.problem(("task",), f"task '{rest.model.task}' in the file of task '{task}'"))
            if "labels" not in rest.doubtful:
                labels[task] = rest.model.label_names
        if constitution is not None:
            constitutions[task] = constitution
        problems += wrong
    if sound is not None:
        checked = _cross_checks(sound.document, sound.model, labels)
        problems += [problem for problem in checked if sound.knows(problem.message)]
    if problems:
        raise InvalidSetting(listed(problems), problems=problems)
    assert declaration is not None  # no declaration always comes with a problem
    return Blueprint(folder=folder, declaration=declaration, constitutions=constitutions)


STAND_INS: dict[type[BaseModel], dict[str, Any]] = {
    Declaration: {"name": "x", "title": {"en": "x", "zh": "x"}, "languages": ["zh", "en"], "tasks": ["x"]},
    Constitution: {
        "task": "x",
        "title": {"en": "x", "zh": "x"},
        "labels": [{"name": name, "definition": {"en": "x", "zh": "x"}} for name in ("X", "Y")],
        "prompt": {"system": "x", "user": "x"},
    },
}
"""What takes the place of needed keys that are missing or wrong, so that the rest of a file is checked too."""
DOUBTS = {
    "labels": "label '",
    "traps": "trap '",
    "axes": "axis '",
    "patterns": "a group",
    "grammar": "slot '",
    "near_misses": "near miss '",
    "languages": "language '",
    "tasks": "task '",
    "generate": "min_length",
    "refine": "calibration",
}
"""Top-level key: how the findings begin that mean nothing when a part of it was taken out."""


@dataclass(frozen=True, slots=True)
class _Sound(Generic[Model]):
    """What of a file has the right types; something was taken out under the top-level keys in ``doubtful``."""

    model: Model
    document: Document
    doubtful: frozenset[str]

    def knows(self, finding: str) -> bool:
        """Whether a finding can be told from the part that is here."""
        return not any(finding.startswith(DOUBTS[key]) for key in self.doubtful if key in DOUBTS)


def _sound_part(document: Document, kind: type[Model]) -> _Sound[Model] | None:
    """The file less everything of a wrong type; ``None`` when nothing can be made of it."""
    part, doubtful = document, set[str]()
    while isinstance(part.data, dict):
        doubtful |= STAND_INS[kind].keys() - part.data.keys()
        try:
            return _Sound(kind.model_validate({**STAND_INS[kind], **part.data}), part, frozenset(doubtful))
        except ValidationError as error:
            cut = {_innermost(part, wrong["loc"]) for wrong in error.errors()}
        if () in cut:
            return None
        doubtful |= {str(path[0]) for path in cut}
        part = part.without(cut)
    return None


def _innermost(document: Document, path: Path_) -> Path_:
    """The longest beginning of a path that is in the file."""
    while path and path not in document.values:
        path = path[:-1]
    return path


def _task_names(document: Document) -> list[str]:
    data = document.data
    tasks = data.get("tasks") if isinstance(data, dict) else None
    return (
        [t for t in tasks if isinstance(t, str) and t.isidentifier() and len(t) < 65] if isinstance(tasks, list) else []
    )


def _nearest(message: str, constitution: Constitution) -> str:
    """The message with the nearest declared label, where it complains of an undeclared one."""
    if message.startswith("label '") and message.endswith("is not declared"):
        return f"{message}; {registry.suggest(message.split(chr(39))[1], constitution.label_names)}"
    return message


def _cross_checks(document: Document, declaration: Declaration, labels: dict[str, list[str]]) -> list[Problem]:
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
        known = labels.get(task)
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
    used: list[tuple[str, Path_, str, object]] = [
        ("providers", ("generate", "provider"), declaration.generate.provider, None),
        ("trainers", ("train", "trainer"), declaration.train.trainer, None),
    ]
    for step, kind in COMPONENTS.items():
        for name, own in getattr(declaration, step).settings.items():
            used.append((kind, (step, "settings", name), name, own))
    refine, generate = declaration.refine, declaration.generate
    used += [("operators", ("refine", "operators", i), name, None) for i, name in enumerate(refine.operators)]
    problems = component_problems(document, used)
    return problems + _pool_problems(document, generate) + _reader_problems(document, generate)


def _pool_problems(document: Document, generate: Generate) -> list[Problem]:
    """Mistakes in the models of a pool."""
    problems: list[Problem] = []
    if generate.pool and "provider" in generate.model_fields_set:
        problems.append(document.problem(("generate", "pool"), "provider and pool exclude each other", at_key=True))
    for i, entry in enumerate(generate.pool):
        path: Path_ = ("generate", "pool", i)
        try:
            component = registry.find("providers", entry.provider)
        except FoundryError as error:
            problems.append(document.problem((*path, "provider"), error.message))
            continue
        place = (*path, "settings") if "settings" in entry.model_fields_set else path
        problems += settings_problems(document, component.Settings, entry.settings, place)
    return problems


def _reader_problems(document: Document, generate: Generate) -> list[Problem]:
    """A second reader that does not exist, and mistakes in the settings it is given."""
    second = generate.second_pass
    if second.provider is None and not second.settings:
        return []
    path: Path_ = ("generate", "second_pass")
    if second.provider is None and generate.pool:
        return [document.problem((*path, "settings"), "whose settings? A pool writes: name the provider that reads")]
    name = second.provider or generate.provider
    try:
        component = registry.find("providers", name)
    except FoundryError as error:
        return [document.problem((*path, "provider"), error.message)] if second.provider else []
    given = {**generate.settings.get(name, {}), **second.settings}
    return settings_problems(
        document, component.Settings, given, (*path, "settings" if second.settings else "provider")
    )

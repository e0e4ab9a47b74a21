"""What ``refine.yaml`` may say: raw files in, a dataset out, with the operators of a blueprint's ``refine:``."""

from __future__ import annotations

import codecs
import typing
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from foundry_engine import strict_yaml
from foundry_engine.blueprint import Refine
from foundry_engine.constitution import Constitution, Language, findings
from foundry_engine.declared import Name, Strict, Text
from foundry_engine.errors import InvalidSetting
from foundry_engine.strict_yaml import Document, Problem
from foundry_engine.typed_yaml import component_problems, listed, typed

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "tsv", ".parquet": "parquet"}
"""How a file is read, by the end of its name."""
AUTO = "auto"


class Columns(Strict):
    """The input's names for what a row has. All but ``text`` and ``label`` may be absent."""

    text: Text = "text"
    """What is classified."""
    label: Text | None = "label"
    """Its label; null for texts without labels."""
    language: Text = "language"
    """Language of the text; told by its characters where it is absent."""
    source: Text = "source"
    """Where the row comes from."""
    licence: Text = "licence"
    """What allows its use."""
    task: Text = "task"
    """Which task the row is for, where one file serves several."""
    mould: Text = "mould"
    """What the text was made from; rows of one mould are never split."""
    pair: Text = "pair"
    """Minimal pair of the text; its halves are never split."""

    def declared(self) -> set[str]:
        """Fields that the file names itself: their columns have to be there."""
        return set(self.model_fields_set)


class Input(Strict):
    """One or more files of the same make."""

    path: Text
    """A file, or a pattern such as ``data/*.jsonl``, from the folder of this file."""
    format: Literal["jsonl", "csv", "tsv", "parquet"] | None = None
    """How to read it; told by the name's end."""
    encoding: Text = AUTO
    """UTF-8, GB18030 and UTF-16 with a mark are recognised; others are named, as Python names them."""
    columns: Columns = Columns()
    """What the columns are called."""
    origin: Literal["corpus", "written", "generated", "imported"] = "imported"
    """How the texts came to be; real ones are preferred when one of several is kept."""
    source: Text | None = None
    """Source of rows that name none; the file's name."""
    licence: str = ""
    """Licence of rows that name none."""


class RefineJob(Refine):
    """A refining of raw files, outside any blueprint."""

    task: Name
    """Task of rows that name none."""
    inputs: Annotated[list[Input], Field(min_length=1)]
    """Raw files."""
    output: Text
    """Folder of the dataset, from the folder of this file; it is replaced as a whole."""
    format: Literal["jsonl", "parquet"] = "jsonl"
    """How examples are written."""
    constitution: Text | None = None
    """The task's law; without it the labels are those that occur."""
    blocks: Annotated[list[Literal["task", "language", "label", "source"]], Field()] = ["task", "language"]
    """Rows are compared with rows that agree in these; language here is what the characters tell."""
    divide: bool = True
    """Whether the rows are split into train, calibration and test; else all are ``train``."""
    withhold: list[str] = []
    """Sources that are only tested on."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of everything that is drawn."""
    memory_gib: Annotated[float, Field(gt=0, le=10_000)] = 4.0
    """Most memory to use; a block that needs more is refused. It never changes the result."""


class JobFile:
    """A job with the folder its paths start from and its law, if it names one."""

    def __init__(self, job: RefineJob, folder: Path, law: Constitution | None = None) -> None:
        self.job, self.folder, self.law = job, folder, law

    def files(self, given: Input) -> list[Path]:
        """The files of an input, sorted."""
        return files_of(self.folder, given)


def files_of(folder: Path, given: Input) -> list[Path]:
    """What a path or pattern names, sorted; empty when nothing is there."""
    path = folder / given.path
    if path.is_file():
        return [path]
    base, pattern = (
        (Path(path.anchor), str(path.relative_to(path.anchor))) if path.is_absolute() else (Path(), str(path))
    )
    return sorted(found for found in base.glob(pattern) if found.is_file())


def load(path: Path) -> JobFile:
    """Read ``refine.yaml``; raises ``InvalidSetting`` listing every mistake as ``file:line:column``."""
    document = strict_yaml.read(path)
    job, problems = typed(document, RefineJob)
    law = None
    if job is not None:
        problems += _input_problems(document, job, path.parent)
        used: list[tuple[str, strict_yaml.Path_, str, object]] = [
            ("operators", ("operators", i), name, None) for i, name in enumerate(job.operators)
        ]
        used += [("operators", ("settings", name), name, own) for name, own in job.settings.items()]
        problems += component_problems(document, used)
        problems += [
            document.problem(("operators", i), f"operator '{name}' again")
            for i, name in enumerate(job.operators)
            if name in job.operators[:i]
        ]
        if job.split.calibration + job.split.test >= 1:
            problems.append(document.problem(("split",), "calibration and test leave nothing to train on"))
        if job.constitution is not None:
            law, wrong = _law(document, path.parent / job.constitution)
            problems += wrong
    if problems:
        raise InvalidSetting(listed(problems), problems=problems)
    assert job is not None  # no job always comes with a problem
    return JobFile(job, path.parent, law)


def _input_problems(document: Document, job: RefineJob, folder: Path) -> list[Problem]:
    problems = []
    for i, given in enumerate(job.inputs):
        found = files_of(folder, given)
        if not found:
            problems.append(document.problem(("inputs", i, "path"), f"no file: {folder / given.path}"))
        for file in found:
            if given.format is None and file.suffix.lower() not in FORMATS:
                known = ", ".join(sorted(FORMATS))
                message = f"{file.name}: its end says no format (known: {known}); name it: `format: jsonl`"
                problems.append(document.problem(("inputs", i, "path"), message))
        if given.encoding != AUTO:
            try:
                codecs.lookup(given.encoding)
            except (LookupError, ValueError):
                message = f"no encoding '{given.encoding}'; try auto, utf-8, gb18030, utf-16-le"
                problems.append(document.problem(("inputs", i, "encoding"), message))
    return problems


def _law(document: Document, path: Path) -> tuple[Constitution | None, list[Problem]]:
    if not path.is_file():
        return None, [document.problem(("constitution",), f"no file: {path}")]
    own = strict_yaml.read(path)
    law, problems = typed(own, Constitution)
    if law is not None:
        problems += [own.problem(place, message) for place, message in findings(law, list(typing.get_args(Language)))]
    return law, problems

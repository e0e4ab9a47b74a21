"""A streaming run as a YAML file: what ``python main.py stream run FILE.yaml`` reads.

Paths in URIs and ``results`` are relative to the folder of the file; modules are looked for there first.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from foundry_engine import strict_yaml
from foundry_engine.errors import ConfigError, FoundryError, InvalidSetting
from foundry_engine.folders import fingerprint_of
from foundry_engine.registry import suggest
from foundry_engine.streaming import FunctionOperator, RetryPolicy, UnifiedPipeline
from foundry_engine.streaming.identity import identity
from foundry_engine.streaming.run_report import live_report
from foundry_engine.streaming.stage import INPUT
from foundry_engine.strict_yaml import Document, Path_, Problem
from foundry_engine.typed_yaml import listed, typed

Count = Annotated[int, Field(ge=1, le=10_000)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")]
Address = Annotated[str, Field(pattern=r"^[a-z][a-z0-9+.-]*://.+$")]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Retry(_Declared):
    """Chances of a row; see ``RetryPolicy``."""

    again: Annotated[int, Field(ge=0, le=1_000)] = 4
    reask: Annotated[int, Field(ge=0, le=1_000)] = 2
    wait_seconds: Annotated[float, Field(ge=0, le=86_400)] = 600.0
    first_delay: Annotated[float, Field(ge=0, le=3_600)] = 0.5
    longest_delay: Annotated[float, Field(ge=0, le=3_600)] = 60.0


class DeclaredOperator(_Declared):
    """One operator: ``call`` is ``module:attribute``, a function, an operator, or a class made with ``settings``."""

    call: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")]
    name: Word | None = None
    version: str | None = None
    settings: dict[str, Any] = {}
    parallel_size: Count | None = None
    batch_size: Count | None = None
    timeout: Seconds | None = None
    output: Address | None = None


class StreamFile(_Declared):
    """What the file may say; the names are those of ``RunSettings``."""

    pipeline: Word
    input: Address
    output: Address
    operators: Annotated[list[DeclaredOperator], Field(min_length=1)]
    parallel_size: Count = 1
    batch_size: Count = 1
    timeout: Seconds | None = None
    retry: Retry = Retry()
    max_quarantined: Annotated[float, Field(ge=0, le=1)] = 0.5
    id_field: str | None = None
    lineage: str | None = "_i"
    durable: bool = False
    queue_size: Annotated[int, Field(ge=1)] = 1_000
    queue_bytes: Annotated[int, Field(ge=1)] = 16_000_000
    results: str = "runs/streaming"


def report_of(path: Path) -> dict[str, Any]:
    """The report of the file's run as it stands now."""
    _, declared = _read(path)
    return live_report(path.parent / declared.results / declared.pipeline)


def load(path: Path, restart_from: str | None = None) -> UnifiedPipeline:
    """The file's pipeline, created and ready to run.

    Raises ``InvalidSetting`` with every mistake as ``file:line:column``.
    """
    document, declared = _read(path)
    operators = _operators(document, declared, path.resolve().parent)
    names = [INPUT, *(operator.name or type(operator).__name__ for operator in operators)]
    if restart_from is not None and restart_from not in names:
        raise InvalidSetting(f"no stage '{restart_from}' in {path}; {suggest(restart_from, names)}")
    settings = declared.model_dump(exclude={"pipeline", "input", "output", "operators", "results", "retry"})
    return UnifiedPipeline(operators).create(
        declared.pipeline,
        input_uri=_placed(declared.input, path),
        output_uri=_placed(declared.output, path),
        node_configs=[_node(one, path) for one in declared.operators],
        retry=RetryPolicy(**declared.retry.model_dump()),
        results_dir=path.parent / declared.results,
        restart_from=restart_from,
        **settings,
    )


def _read(path: Path) -> tuple[Document, StreamFile]:
    document = strict_yaml.read(path)
    declared, problems = typed(document, StreamFile)
    if declared is None or problems:
        raise InvalidSetting(listed(problems), problems=problems)
    return document, declared


def _placed(uri: str, file: Path) -> str:
    """A URI with its path taken from the folder of the file."""
    scheme, _, rest = uri.partition("://")
    return uri if scheme == "memory" else f"{scheme}://{file.parent / rest}"


def _node(declared: DeclaredOperator, file: Path) -> dict[str, Any]:
    given = declared.model_dump(include={"parallel_size", "batch_size", "timeout"}, exclude_none=True)
    return {**given, **({"output_uri": _placed(declared.output, file)} if declared.output else {})}


def _operators(document: Document, declared: StreamFile, folder: Path) -> list[Any]:
    """The operators the file names; raises ``InvalidSetting`` with all that cannot be had."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    operators: list[Any] = []
    problems: list[Problem] = []
    for i, one in enumerate(declared.operators):
        path: Path_ = ("operators", i, "call")
        try:
            operators.append(_operator(one))
        except FoundryError as error:
            problems.append(document.problem(path, error.message))
        except Exception as error:  # the user's module, which may raise anything
            problems.append(document.problem(path, f"{one.call} cannot be had: {type(error).__name__}: {error}"))
    if problems:
        raise InvalidSetting(listed(problems), problems=problems)
    return operators


def _operator(declared: DeclaredOperator) -> Any:
    module_name, _, attribute = declared.call.partition(":")
    found: Any = import_module(module_name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            known = sorted(name for name in vars(found) if not name.startswith("_"))
            raise ConfigError(f"{declared.call}: there is no '{part}'; {suggest(part, known)}")
        found = getattr(found, part)
    if isinstance(found, type):
        found = found(**declared.settings)
    elif declared.settings:
        raise ConfigError(f"{declared.call} is no class, so it takes no settings")
    if not (hasattr(found, "process_item") or hasattr(found, "process_batch")):
        if not callable(found):
            raise ConfigError(f"{declared.call} is neither a function nor an operator")
        return FunctionOperator(found, name=declared.name, version=declared.version)
    if declared.name is not None:
        found.name = declared.name
    if declared.version is not None:
        found.version = declared.version
    if declared.settings:  # they are declared, so unlike values in the code they are part of what the stage is
        found.version = f"{identity(found)} settings:{fingerprint_of(declared.settings)[:16]}"
    return found

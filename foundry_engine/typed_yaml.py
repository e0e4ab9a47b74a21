"""A strict YAML document as a pydantic model, or every mistake in words at its ``file:line:column``."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ValidationError

from foundry_engine import registry
from foundry_engine.errors import FoundryError
from foundry_engine.strict_yaml import Document, Path_, Problem

Model = TypeVar("Model", bound=BaseModel)
MAX_PROBLEMS = 50
"""At most this many mistakes are printed at once."""
SECRET_FIELDS = ("keys", "api_key", "api_keys")
"""A provider's settings that name an environment variable; a message never shows what was written there."""


def typed(document: Document, kind: type[Model]) -> tuple[Model | None, list[Problem]]:
    """The document's data as a type, or what is wrong with it."""
    problems = list(document.problems)
    if problems and document.data is None:
        return None, problems
    try:
        model = kind.model_validate(document.data)
        return None if problems else model, problems
    except ValidationError as error:
        return None, problems + [problem_of(document, kind, dict(wrong)) for wrong in error.errors()]


def component_problems(document: Document, used: Iterable[tuple[str, Path_, str, object]]) -> list[Problem]:
    """Components that do not exist, and mistakes in their own settings.

    ``used`` names kind, path, name and, where the path is one of settings, what is declared there (else ``None``).
    """
    problems: list[Problem] = []
    for kind, path, name, own in used:
        try:
            component = registry.find(kind, name)
        except FoundryError as error:
            problems.append(document.problem(path, error.message, at_key=path[-1] == name))
            continue
        if own is not None:
            problems += settings_problems(document, component.Settings, own, path)
    return problems


def settings_problems(document: Document, kind: type[BaseModel], given: object, path: Path_) -> list[Problem]:
    """Mistakes in a component's own settings."""
    try:
        kind.model_validate(given)
    except ValidationError as error:
        return [problem_of(document, kind, dict(wrong), path) for wrong in error.errors()]
    return []


def problem_of(document: Document, kind: type[BaseModel], wrong: dict[str, Any], prefix: Path_ = ()) -> Problem:
    """One of pydantic's errors in words, at its place."""
    location = wrong["loc"]
    path = (*prefix, *location)
    names = [part for part in path if isinstance(part, str)]
    if wrong["type"] not in ("extra_forbidden", "missing") and "settings" in names and names[-1] in SECRET_FIELDS:
        return document.problem(path, f"'{names[-1]}' names an environment variable, not a key")
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


def listed(problems: list[Problem]) -> str:
    """All problems as one message, in the order of the file, the first ``MAX_PROBLEMS`` of them."""
    ordered = sorted(set(problems))
    lines = [str(problem) for problem in ordered[:MAX_PROBLEMS]]
    if len(ordered) > MAX_PROBLEMS:
        lines.append(f"… and {len(ordered) - MAX_PROBLEMS} more")
    return "\n".join(lines)

"""Asking a model from the command line: one sentence, or a stream of JSON Lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from foundry_engine.artifact.files import ArtifactFiles, tasks_in
from foundry_engine.errors import InvalidText, MissingPart
from foundry_engine.features.normalizer import MAX_CODE_POINTS, text_problem
from foundry_engine.registry import suggest
from foundry_engine.runtime import MicroModel

MAX_LINE_BYTES = 13 * MAX_CODE_POINTS
"""A text of the largest allowed size, every code point as a pair of \\u escapes, and a little more."""


def load(models: Path, task: str, engine: str) -> MicroModel:
    """A model; a missing one names the tasks that are there."""
    if not ArtifactFiles(models, task).preprocessor.exists():
        known = suggest(task, tasks_in(models))
        raise MissingPart(f"no model for task '{task}' in {models}; {known}. Forge it first.")
    return MicroModel.load(models, task, cast(Literal["plain", "onnxruntime"], engine))


def answer_object(model: MicroModel, text: object) -> dict[str, Any]:
    """An answer for programs; raises ``InvalidText``."""
    problem = text_problem(text)
    if problem:
        raise InvalidText(problem)
    answer = model.predict(str(text))
    return {
        "label": answer.label,
        "confidence": answer.confidence,
        "outcome": answer.outcome,
        "probabilities": dict(zip(model.labels, answer.probabilities, strict=True)),
    }


def answer_lines(model: MicroModel, text: str) -> list[str]:
    """An answer for people, with its reasons."""
    data = answer_object(model, text)
    lines = [f"{data['label']}  {data['confidence']:.1%}  {data['outcome']}"]
    if data["outcome"] == "reflex":
        return [*lines, f"  reflex: {model.steps(text).reflex}"]
    return [*lines, *(f"  {c.value:+.3f}  {c.feature}" for c in model.explain(text))]


def answer_stream(model: MicroModel, source: BinaryIO, target: BinaryIO) -> None:
    """One line out for every line in, in order; lines end with LF only, and a broken line gets an error object."""
    while line := source.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = source.readline(MAX_LINE_BYTES)
            reply = _error("too_long", f"a line of more than {MAX_LINE_BYTES:,} bytes")
        else:
            reply = answer_line(model, line)
        target.write(json.dumps(reply, ensure_ascii=False).encode("utf-8") + b"\n")
        target.flush()


def answer_line(model: MicroModel, line: bytes) -> dict[str, Any]:
    """The reply to one line: an answer, or ``{"error": {"code", "message"}}``."""
    body = line.removesuffix(b"\n")
    if not body.strip():
        return _error("blank", "a blank line")
    try:
        data = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        return _error("not_utf8", f"not UTF-8 at byte {error.start}")
    except (ValueError, RecursionError) as error:
        return _error("not_json", f"not JSON: {str(error).splitlines()[0][:120] if str(error) else 'too deep'}")
    text = data.get("text") if isinstance(data, dict) else data
    if not isinstance(text, str):
        return _error("no_text", 'expected a JSON string or an object with "text"')
    try:
        return answer_object(model, text)
    except InvalidText as error:
        return _error("too_long" if len(text) > MAX_CODE_POINTS else "not_unicode", error.message)


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}

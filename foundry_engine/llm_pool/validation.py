"""Whether an answer is what was asked for: JSON, and valid by the request's JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

import jsonschema_rs

from foundry_engine.errors import InvalidSetting

MAX_SAID = 300
MAX_CHARACTERS = 4_000_000


def body_of(text: str) -> str:
    r"""The inside of a Markdown code fence, which models put around JSON; any other text as it is.

    >>> body_of("```json\n{}\n```")
    '{}'
    """
    bare = text.strip()
    if bare.startswith("```") and bare.endswith("```") and "\n" in bare:
        return bare[bare.index("\n") + 1 : -3].strip()
    return text


def validator_of(schema: Mapping[str, object]) -> Any:
    """What checks answers against a schema; made once for equal schemas.

    Raises ``InvalidSetting`` for a schema that is none, or that refers to another address: nothing is fetched.
    """
    try:
        return _validator(json.dumps(schema))
    except (ValueError, TypeError) as error:
        raise InvalidSetting(
            f"the schema of a request is no JSON Schema: {str(error).splitlines()[0][:MAX_SAID]}. Correct it."
        ) from error


def problem_of(text: str, validator: Any) -> str:
    """What is wrong with an answer, in words a model can act on; empty when nothing is.

    >>> problem_of('{"n": "x"}', validator_of({"properties": {"n": {"type": "integer"}}}))
    'at n: "x" is not of type "integer"'
    """
    if len(text) > MAX_CHARACTERS:
        return f"the answer has more than {MAX_CHARACTERS:,} characters"
    try:
        first = next(iter(validator.iter_errors(json.loads(text, parse_constant=_no_number))), None)
    except RecursionError:
        return "the JSON is nested too deeply"
    except ValueError as error:
        return f"the answer is not JSON: {str(error)[:MAX_SAID]}"
    if first is None:
        return ""
    place = ".".join(str(part) for part in first.instance_path)
    return f"at {place}: {first.message[:MAX_SAID]}" if place else str(first.message[:MAX_SAID])


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    return jsonschema_rs.validator_for(json.loads(schema), offline=True)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")

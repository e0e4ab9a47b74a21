"""What an operator made of a row, as the journal keeps it: a state and the text of the rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from foundry_engine.errors import DataError

ONE = -1
"""State: one row, which keeps its path. States from 0 up count the children of a fan-out; 0 is a row dropped."""
DROPPED = 0

Outcome = tuple[int, str]

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_encode_ascii = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


_scan: Callable[[str, int], tuple[Any, int]] = vars(json.JSONDecoder(parse_constant=_refuse_constant))["scan_once"]


def to_text(value: object) -> str:
    """A value as one line of JSON that any reader takes; NaN raises ``ValueError``, a strange type ``TypeError``."""
    text = _encode(value)
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:  # half of a surrogate pair stays readable as an escape
            return _encode_ascii(value)
    return text


def from_text(text: str) -> Any:
    """The value of a text that ``to_text`` made or a source has checked."""
    return _scan(text, 0)[0]


def outcome_of(result: Any, lineage: str, field: str | None) -> Outcome:
    """Check and encode what an operator returned for one row.

    Raises ``DataError`` that says what was returned in place of a dict, a list of dicts or ``None``.
    """
    if type(result) is dict:
        return ONE, _row(result, lineage, field)
    if result is None:
        return DROPPED, ""
    if isinstance(result, (list, tuple)):
        texts = [_row(row, lineage, field) for row in result]
        return len(texts), "\n".join(texts)
    return ONE, _row(result, lineage, field)


def _row(row: Any, lineage: str, field: str | None) -> str:
    if not isinstance(row, dict):
        if hasattr(row, "close") and hasattr(row, "cr_code"):
            row.close()
            raise DataError("returned a coroutine: declare the function with 'async def'")
        raise DataError(f"returned {type(row).__name__}; expected a dict, a list of dicts, or None to drop the row")
    if field is not None and field in row:
        if row[field] != lineage:
            raise DataError(
                f"returned {field} = {str(row[field])[:60]!r} for row {lineage!r}: {field} is the lineage id and the "
                "engine's; use another key"
            )
        row = {key: value for key, value in row.items() if key != field}
    try:
        return to_text(row)
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"returned a row that is not JSON: {error}") from error


def texts_of(state: int, payload: str) -> Sequence[str]:
    """The rows of an outcome, each one line of JSON."""
    if state == DROPPED:
        return ()
    return (payload,) if state == ONE else payload.split("\n")

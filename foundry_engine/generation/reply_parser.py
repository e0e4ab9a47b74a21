"""A provider's raw reply as items; anything else is a reason, never an exception."""

from __future__ import annotations

import json
from dataclasses import dataclass

MAX_REPLY_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Item:
    """One text of a reply. ``label`` is what the provider claims, if it claims one; ``mould`` what it wrote from.

    ``evidence`` are the words it says decide; ``probability`` how likely it says it would be to write the text.
    """

    text: object
    label: object = None
    mould: str = ""
    evidence: str = ""
    probability: float = 1.0


def parse_reply(text: str, finish: str) -> tuple[list[Item], str]:
    """Items of a reply and the reason it has none: ``blocked``, ``empty``, ``truncated``, ``not_json`` or ``schema``.

    >>> parse_reply('{"items": [{"text": "hi"}]}', "stop")[0][0].text
    'hi'
    >>> parse_reply("<html>", "stop")
    ([], 'not_json')
    """
    rows, reason = _rows(text, finish)
    items = [_item(row) if isinstance(row, dict) and "text" in row else Item(None) for row in rows]
    return items, reason or ("" if items else "empty")


def parse_votes(text: str, finish: str, count: int) -> dict[int, str]:
    """What a reader said of texts 1 to ``count``, by number; what cannot be read is left out, and so is a text
    that was given two labels.

    >>> parse_votes('{"items": [{"n": 1, "evidence": "hi", "label": "A"}, {"n": 9, "label": "B"}]}', "stop", 2)
    {1: 'A'}
    """
    votes: dict[int, set[str]] = {}
    for row in _rows(text, finish)[0]:
        n, label = (row.get("n"), row.get("label")) if isinstance(row, dict) else (None, None)
        if isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= count and isinstance(label, str):
            votes.setdefault(n, set()).add(label)
    return {n: labels.pop() for n, labels in votes.items() if len(labels) == 1}


def _rows(text: str, finish: str) -> tuple[list[object], str]:
    if finish == "blocked":
        return [], "blocked"
    body = _unfenced(text.strip())
    if not body:
        return [], "empty"
    if len(body) > MAX_REPLY_CHARACTERS:
        return [], "too_long"
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return [], "truncated" if finish == "length" else "not_json"
    rows = data.get("items") if isinstance(data, dict) else data
    return (rows, "") if isinstance(rows, list) else ([], "schema")


def _item(row: dict[str, object]) -> Item:
    mould, evidence, probability = row.get("mould"), row.get("evidence"), row.get("probability")
    if not isinstance(mould, str) or not (mould.isascii() and mould.isidentifier()):
        mould = ""
    if isinstance(probability, bool) or not isinstance(probability, (int, float)) or not 0 <= probability <= 1:
        probability = 1.0
    return Item(row["text"], row.get("label"), mould, evidence if isinstance(evidence, str) else "", probability)


def _unfenced(text: str) -> str:
    """The inside of a Markdown code fence, which models put around JSON."""
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        return text[text.index("\n") + 1 : -3].strip()
    return text

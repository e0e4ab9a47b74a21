"""A provider's raw reply as items; anything else is a reason, never an exception."""

from __future__ import annotations

import json
from dataclasses import dataclass

MAX_REPLY_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Item:
    """One text of a reply. ``label`` is what the provider claims, if it claims one; ``mould`` what it wrote from."""

    text: object
    label: object = None
    mould: str = ""


def parse_reply(text: str, finish: str) -> tuple[list[Item], str]:
    """Items of a reply and the reason it has none: ``blocked``, ``empty``, ``truncated``, ``not_json`` or ``schema``.

    >>> parse_reply('{"items": [{"text": "hi"}]}', "stop")
    ([Item(text='hi', label=None, mould='')], '')
    >>> parse_reply("<html>", "stop")
    ([], 'not_json')
    """
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
    if not isinstance(rows, list):
        return [], "schema"
    items = []
    for row in rows:
        if isinstance(row, dict) and "text" in row:
            mould = row.get("mould")
            if not isinstance(mould, str) or not (mould.isascii() and mould.isidentifier()):
                mould = ""
            items.append(Item(row["text"], row.get("label"), mould))
        else:
            items.append(Item(None))
    return items, "" if items else "empty"


def _unfenced(text: str) -> str:
    """The inside of a Markdown code fence, which models put around JSON."""
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        return text[text.index("\n") + 1 : -3].strip()
    return text

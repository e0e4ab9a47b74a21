"""A request and how often it came before become an answer, the same for the same seed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from foundry_engine.fake_llm import chance, schema_writer
from foundry_engine.fake_llm.collapse import ranks
from foundry_engine.fake_llm.settings import FakeSettings
from foundry_engine.fake_llm.texts import Texts
from foundry_engine.fake_llm.wire import Answer, Asked, Finish

BYTES_A_TOKEN = 4
MAX_STRINGS = 200
PLAIN_ITEMS = 1


def tokens_of(text: str) -> int:
    """About how many tokens a text has: a quarter of its UTF-8 bytes."""
    return max(1, len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN)


class Answering:
    """Writes answers."""

    def __init__(self, settings: FakeSettings, texts: Texts) -> None:
        self._settings, self._texts = settings, texts

    async def answer(self, asked: Asked, digest: str, nth: int, fault: str | None) -> Answer:
        """The ``nth`` answer to a request, spoilt as the fault says."""
        text, finish = await self._text(asked, digest, nth, fault), "stop"
        if fault in ("refused", "blocked", "empty"):
            text, finish = "", "stop" if fault == "empty" else fault
        elif fault in ("truncated", "malformed"):
            text, finish = text[: max(1, len(text) // 2)], "length" if fault == "truncated" else "stop"
        if asked.max_tokens is not None and tokens_of(text) > asked.max_tokens:
            cut = text.encode("utf-8", "replace")[: asked.max_tokens * BYTES_A_TOKEN]
            text, finish = cut.decode("utf-8", "ignore"), "length"
        said: Finish = finish  # type: ignore[assignment]
        paid = tokens_of(text) if text else 0
        return Answer(f"{digest[:12]}-{nth}", text, said, tokens_of(asked.prompt), paid)

    async def _text(self, asked: Asked, digest: str, nth: int, fault: str | None) -> str:
        wish = self._texts.wish(asked.prompt)
        schema = asked.schema if asked.schema is not None or not asked.json_mode else schema_in(asked.prompt)
        structured = schema is not None or asked.json_mode
        count = min(MAX_STRINGS, wish.count or schema_writer.USUAL_ITEMS) if structured else PLAIN_ITEMS
        drawn = ranks(
            self._settings.collapse, self._settings.seed, asked.prompt, f"{digest}:{nth}", count, asked.temperature
        )
        texts = [await self._texts.text(wish, asked.prompt, rank) for rank in drawn]
        if not structured:
            return texts[0]
        if schema is None:
            return json.dumps({"items": [{"text": text} for text in texts]}, ensure_ascii=False)
        strings = _endless(texts)
        random = chance.random(self._settings.seed, "value", digest, nth)
        value = schema_writer.write(schema, random, lambda: next(strings), wish.count)
        if fault == "outside_schema":
            value = schema_writer.spoilt(value, schema)
        return json.dumps(value, ensure_ascii=False)


def schema_in(prompt: str) -> Mapping[str, Any] | None:
    """The JSON Schema that stands in a prompt, for services that take none beside it.

    >>> schema_in('Answer with JSON by {"type": "null"} please')
    {'type': 'null'}
    """
    start = prompt.find("{")
    while start >= 0:
        try:
            found, _ = json.JSONDecoder().raw_decode(prompt, start)
            if isinstance(found, dict) and {"type", "properties", "enum", "$ref"} & found.keys():
                return found
        except (ValueError, RecursionError):
            pass  # a brace of the text
        start = prompt.find("{", start + 1)
    return None


def _endless(texts: list[str]) -> Iterator[str]:
    """The texts in order; schemas with more strings get them again with a number."""
    yield from texts
    n = 1
    while True:
        n += 1
        yield from (f"{text} ({n})" for text in texts)

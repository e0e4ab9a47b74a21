"""The fixed evaluation of the scanner: values in hand-written contexts, and texts in which nothing is to be found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.sensitive.lookalike_values import LOOKALIKES
from tests.sensitive.values import KEYS, PII, SECRETS, hard

HERE = Path(__file__).resolve().parent
KINDS = {**PII, **SECRETS}
NEEDS_CONTEXT = {"assignment", "passport", "iban", "landline", "us_phone", "us_ssn", "private_key"}
"""Kinds that are only put into sentences of their own."""


@dataclass(frozen=True)
class Case:
    """A text; ``kind`` is what was planted at ``start``, ``end``, or empty; ``form`` is plain or hard."""

    text: str
    kind: str = ""
    start: int = 0
    end: int = 0
    form: str = "plain"
    sort: str = ""


def contexts(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (HERE / name).read_text("utf-8").splitlines()]


def positives(kind: str, count: int, seed: int) -> Iterator[Case]:
    """Half in Chinese, half in English, four in ten in a hard form."""
    random = Random(f"{kind} {seed}")
    wanted = {kind, "key" if kind in KEYS else kind, kind if kind in NEEDS_CONTEXT else "any"}
    rows = [row for row in contexts("contexts.jsonl") if wanted & set(row["kinds"])]  # type: ignore[call-overload]
    by_language = {lang: [str(row["text"]) for row in rows if row["language"] == lang] for lang in ("zh", "en")}
    for n in range(count):
        template = random.choice(by_language["zh" if n % 2 else "en"])
        value, form = KINDS[kind](random), "plain"
        if random.random() < 0.4 and (written := hard(kind, value, random)) != value:
            value, form = written, "hard"
        start = template.index("{value}")
        yield Case(template.replace("{value}", value), kind, start, start + len(value), form)


def negatives(count: int, seed: int) -> Iterator[Case]:
    """Every look-alike context in turn; those without a value once."""
    random = Random(f"look-alikes {seed}")
    rows = contexts("lookalikes.jsonl")
    plain = [row for row in rows if not row["value"]]
    yield from (Case(str(row["text"]), sort="plain") for row in plain)
    slotted = [row for row in rows if row["value"]]
    for n in range(count - len(plain)):
        row = slotted[n % len(slotted)]
        value = LOOKALIKES[str(row["value"])](random)
        yield Case(str(row["text"]).replace("{value}", value), sort=str(row["value"]))

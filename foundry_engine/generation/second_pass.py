"""The blind second pass: a reader names each text's label without being told which one was wanted.

What it reads is another wording of the law, with the labels in another order each time and texts of all labels mixed.
One reading a text; texts in borderline cells, and in cells whose agreement is low, are read ``votes`` times and the
majority decides. Where the reader does not agree, the text is kept apart with the reason and never trained on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from foundry_engine.blueprint import SecondPass
from foundry_engine.completions import Completion, CompletionRequest
from foundry_engine.constitution import Constitution
from foundry_engine.folders import fingerprint_of
from foundry_engine.generation.plan import BOUNDARY, Cell
from foundry_engine.generation.prompt import LANGUAGE_NAMES
from foundry_engine.generation.reply_parser import parse_votes
from foundry_engine.records import Sample

UNSURE = "?"
"""What a reader says when no label fits, or two fit equally well; no label can have this name."""
TASKS = (
    "You are given single texts. Say of each which of the meanings below it has, judging it by itself.",
    "Sort single texts by the definitions below. Each text stands alone; the others tell nothing about it.",
    "Below are definitions and then texts. For every text find the one definition it falls under.",
)
FORM = (
    'Answer with JSON: {"items": [{"n": …, "evidence": …, "label": …}]}, one object for each text: its number, the few '
    f'words of it that decide, then the name of the definition, or "{UNSURE}" where none fits or two fit equally.'
)

Ask = Callable[[Sequence[Callable[[int], CompletionRequest]]], Awaitable[Sequence[Completion | None]]]
"""Asks the reader; each request is made by its variation, so that no two prompts of a run are equal."""


@dataclass
class Reading:
    """A sample with its cell and what the reader said of it."""

    sample: Sample
    cell: Cell
    votes: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """The label more than half of the readings gave; ``?`` without one, empty when nothing was read."""
        if not self.votes:
            return ""
        label, count = Counter(self.votes).most_common(1)[0]
        return label if 2 * count > len(self.votes) else UNSURE

    @property
    def agrees(self) -> bool:
        """Whether the verdict is the wanted label."""
        return self.verdict == self.sample.label

    @property
    def reason(self) -> str:
        """Why the sample is not to be trained on: ``unread``, ``unsure`` or ``disagreement``; empty if it is."""
        if self.agrees:
            return ""
        return "unread" if not self.votes else "unsure" if self.verdict == UNSURE else "disagreement"


async def read(
    readings: Sequence[Reading],
    before: Mapping[str, tuple[int, int]],
    constitution: Constitution,
    settings: SecondPass,
    ask: Ask,
    seed: str,
) -> None:
    """Fill in the votes; ``before`` holds, by cell, how many earlier texts agreed, of how many."""
    await _vote(readings, constitution, settings, ask, f"{seed}:1")
    doubtful = _doubtful(readings, before, settings.doubt)
    again = [r for r in readings if r.cell.kind in BOUNDARY or r.cell.id in doubtful]
    for vote in range(2, settings.votes + 1):
        await _vote(again, constitution, settings, ask, f"{seed}:{vote}")


def _doubtful(readings: Sequence[Reading], before: Mapping[str, tuple[int, int]], doubt: float) -> set[str]:
    agreed, read_ = Counter[str](), Counter[str]()
    for reading in readings:
        agreed[reading.cell.id] += reading.agrees
        read_[reading.cell.id] += 1
    for cell in read_:
        ours, all_ = before.get(cell, (0, 0))
        agreed[cell] += ours
        read_[cell] += all_
    return {cell for cell in read_ if agreed[cell] < doubt * read_[cell]}


async def _vote(
    readings: Sequence[Reading], constitution: Constitution, settings: SecondPass, ask: Ask, seed: str
) -> None:
    """One more reading of each text; texts without an answer are asked for once more."""
    for attempt in range(2):
        votes_before = {id(reading): len(reading.votes) for reading in readings}
        batches = _batches(readings, settings.texts, Random(f"{seed}:{attempt}"))
        makers = [_maker(batch, constitution, f"{seed}:{attempt}:{i}") for i, batch in enumerate(batches)]
        for batch, completion in zip(batches, await ask(makers), strict=True):
            if completion is None:
                continue
            found = parse_votes(completion.text, completion.finish, len(batch))
            for n, reading in enumerate(batch, start=1):
                if found.get(n) in (*constitution.label_names, UNSURE):
                    reading.votes.append(found[n])
        readings = [reading for reading in readings if len(reading.votes) == votes_before[id(reading)]]
        if not readings:
            return


def _batches(readings: Sequence[Reading], size: int, random: Random) -> list[list[Reading]]:
    """Texts of one language and of all labels, mixed: a batch of one label would give the label away."""
    batches = []
    for language in sorted({reading.sample.language for reading in readings}):
        mixed = [reading for reading in readings if reading.sample.language == language]
        random.shuffle(mixed)
        batches += [mixed[i : i + size] for i in range(0, len(mixed), size)]
    return batches


def _maker(batch: Sequence[Reading], constitution: Constitution, seed: str) -> Callable[[int], CompletionRequest]:
    texts, language = [reading.sample.text for reading in batch], batch[0].sample.language
    return lambda variation: reading_request(texts, language, constitution, f"{seed}:{variation}", variation)


def reading_request(
    texts: Sequence[str], language: str, constitution: Constitution, seed: str, variation: int = 0
) -> CompletionRequest:
    """What the reader is asked: the law in another wording and order, and the texts by number."""
    random = Random(seed)
    labels = random.sample(constitution.label_names, len(constitution.label_names))
    meanings = [f"- {name}: {constitution.label(name).definition.of(language)}" for name in labels]
    rules = [f"- {rule.of(language)}" for rule in constitution.rules]
    system = [random.choice(TASKS), "Definitions:", *meanings, *(["In doubt:", *rules] if rules else []), FORM]
    numbered = [f"{n}. {json.dumps(text, ensure_ascii=False)}" for n, text in enumerate(texts, start=1)]
    head = (
        f"Texts in {LANGUAGE_NAMES[language]}, reading {variation + 1}:"
        if variation
        else (f"Texts in {LANGUAGE_NAMES[language]}:")
    )
    item = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1, "maximum": len(texts)},
            "evidence": {"type": "string"},
            "label": {"type": "string", "enum": [*labels, UNSURE]},
        },
        "required": ["n", "label"],
    }
    items = {"type": "array", "items": item, "maxItems": len(texts)}
    return CompletionRequest(
        system="\n".join(system) + "\n",
        user="\n".join([head, *numbered]) + "\n",
        schema={"type": "object", "properties": {"items": items}, "required": ["items"]},
        cell={"texts": list(texts), "labels": labels, "language": language},
        count=len(texts),
        seed=int(fingerprint_of({"reading": seed, "texts": list(texts)})[:15], 16),
    )

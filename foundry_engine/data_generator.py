"""Step 1, generate: a constitution becomes labelled samples in ``1_samples/``.

A coverage plan says what is wanted; a provider writes it; replies are journalled before they are used; gates accept or
reject each text in plan order, so a resumed run gives the bytes of an unbroken one. The blueprint's corpus, or one's
own file, goes through the same gates.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foundry_engine.blueprint import Blueprint
from foundry_engine.completions import CompletionRequest
from foundry_engine.errors import DataError, EmptyDataset, ProviderError
from foundry_engine.features.normalizer import normalize
from foundry_engine.folders import (
    REJECTED_FILE,
    SAMPLES_FILE,
    RunFolder,
    StageResult,
    run_stage,
    sha256_of,
    write_atomic,
)
from foundry_engine.generation.asking import ask_all
from foundry_engine.generation.gates import Gates, reasons_in_order
from foundry_engine.generation.own_rows import read_rows
from foundry_engine.generation.plan import Cell, make_plan
from foundry_engine.generation.prompt import request_for
from foundry_engine.generation.reply_parser import parse_reply
from foundry_engine.generation.source import open_source
from foundry_engine.log import Progress, Silent
from foundry_engine.records import Sample, lines_of, record_id
from foundry_engine.streaming.journal import Journal, Reply

PLAN = "plan.jsonl"


@dataclass
class Harvest:
    """What the gates have let through and rejected so far."""

    gates: Gates
    samples: list[Sample] = field(default_factory=list)
    rejected: list[dict[str, object]] = field(default_factory=list)
    accepted_in: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)

    def reject(self, reason: str, text: object, label: object, cell: str, source: str) -> None:
        """Keep a rejected text with its reason."""
        shown = {"text": _shown(text), "label": _shown(label)}
        self.rejected.append({"reason": reason, **shown, "cell": cell, "source": source})

    def reasons(self) -> dict[str, int]:
        """How many were rejected for which reason."""
        return dict(reasons_in_order(Counter(str(row["reason"]) for row in self.rejected)))


def run(
    blueprint: Blueprint,
    task: str,
    folder: RunFolder,
    *,
    environment: Mapping[str, str] | None = None,
    own_file: Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> StageResult:
    """Generate the samples of one task.

    Raises ``EmptyDataset`` when a label ends with no sample, ``ProviderError`` when the provider cannot go on;
    replies received until then are kept and a rerun goes on from there.
    """
    settings = blueprint.declaration.generate
    constitution = blueprint.constitutions[task]
    corpus = blueprint.corpus(task)
    used = own_file or (corpus if settings.corpus and os.path.lexists(corpus) else None)
    if used is not None and not used.is_file():
        what = "is not a regular file" if used.exists() else "cannot be read: no such file"
        raise DataError(f"{used}: {what}. Give a .jsonl or .csv file of labelled rows.")
    inputs: dict[str, object] = {
        "step": "generate",
        "task": task,
        "languages": list(blueprint.declaration.languages),
        "seed": blueprint.declaration.seed,
        "settings": settings.model_dump(mode="json"),
        "constitution": constitution.model_dump(mode="json"),
        "corpus": sha256_of(corpus) if used == corpus else None,
        "own_file": sha256_of(own_file) if own_file is not None else None,
    }

    def work(fresh: Path) -> Mapping[str, object]:
        harvest = Harvest(Gates(constitution, settings))
        if own_file is not None:
            _take_rows(harvest, blueprint, task, own_file, "imported")
        else:
            if used is not None:
                _take_rows(harvest, blueprint, task, corpus, "corpus")
            plan = make_plan(blueprint, task)
            write_atomic(fresh / PLAN, lines_of(plan))
            folder.root.mkdir(parents=True, exist_ok=True)
            with Journal(folder.journal) as journal:
                asyncio.run(
                    _take_plan(harvest, blueprint, task, plan, journal, environment or {}, progress or Silent())
                )
        _require_every_label(harvest, constitution.label_names, task)
        write_atomic(fresh / SAMPLES_FILE, lines_of(harvest.samples))
        write_atomic(fresh / REJECTED_FILE, lines_of(harvest.rejected))
        return _summary(harvest)

    return run_stage(folder.samples, inputs, work, force)


def _take_rows(harvest: Harvest, blueprint: Blueprint, task: str, path: Path, origin: str) -> None:
    """People's own rows through the gates; near duplicates of real rows are left to refining, which sees them all."""
    labels = blueprint.constitutions[task].label_names
    for line, row in read_rows(path, labels, list(blueprint.declaration.languages)):
        source = row.get("source", path.stem)
        reason = harvest.gates.check(row["text"], row["label"], row["language"], near_duplicates=False)
        if reason:
            harvest.reject(reason, row["text"], row["label"], f"{path.name}:{line}", source)
            continue
        harvest.samples.append(
            Sample(
                id=record_id(task, row["label"], normalize(row["text"])),
                text=row["text"],
                label=row["label"],
                language=row["language"],
                origin=row.get("origin", origin),
                source=source,
                licence=row.get("licence", ""),
            )
        )


async def _take_plan(
    harvest: Harvest,
    blueprint: Blueprint,
    task: str,
    plan: Sequence[Cell],
    journal: Journal,
    environment: Mapping[str, str],
    progress: Progress,
) -> None:
    """Ask for the plan in rounds: every round asks again for what the gates left missing in each cell."""
    settings = blueprint.declaration.generate
    constitution = blueprint.constitutions[task]
    pool, identity = open_source(blueprint, task, environment)
    try:
        for attempt in range(settings.max_rounds):
            missing = [cell for cell in plan if harvest.accepted_in[cell.id] < cell.samples]
            if not missing:
                break
            requests: list[CompletionRequest] = [
                request_for(cell, constitution, attempt, cell.samples - harvest.accepted_in[cell.id])
                for cell in missing
            ]
            progress.start(f"{task}: {settings.source}, round {attempt + 1}", len(requests))
            replies = await ask_all(pool, identity, requests, journal, settings.concurrency, progress)
            progress.finish()
            before = len(harvest.samples)
            for cell, reply in zip(missing, replies, strict=True):
                _take_reply(harvest, task, cell, reply, settings.source)
            if len(harvest.samples) == before:
                break
    finally:
        await pool.close()
    if plan and not harvest.accepted_in:
        _nothing_usable(harvest, settings.source)


def _take_reply(harvest: Harvest, task: str, cell: Cell, reply: Reply | None, source: str) -> None:
    if reply is None:
        harvest.reject("no_reply", "", cell.label, cell.id, source)
        return
    harvest.tokens.update(prompt=reply.prompt_tokens, output=reply.output_tokens)
    items, problem = parse_reply(reply.text, reply.finish)
    if problem:
        harvest.reject(problem, reply.text, cell.label, cell.id, source)
    for item in items:
        if harvest.accepted_in[cell.id] >= cell.samples:
            break
        claimed = cell.label if item.label is None else item.label
        reason = "label" if claimed != cell.label else harvest.gates.check(item.text, claimed, cell.language)
        if reason:
            harvest.reject(reason, item.text, claimed, cell.id, source)
            continue
        harvest.accepted_in[cell.id] += 1
        text = str(item.text)
        harvest.samples.append(
            Sample(
                id=record_id(task, cell.label, normalize(text)),
                text=text,
                label=cell.label,
                language=cell.language,
                origin="generated",
                source=source,
                cell=cell.id,
                mould=item.mould,
                pair=f"{cell.pair}:{cell.replica}" if cell.pair else "",
            )
        )


def _nothing_usable(harvest: Harvest, provider: str) -> None:
    rejected = [row for row in harvest.rejected if row["source"] == provider]
    counts = reasons_in_order(Counter(str(row["reason"]) for row in rejected))
    example = next((str(row["text"])[:120] for row in rejected if row["text"]), "")
    raise ProviderError(
        f"provider '{provider}': none of its {len(rejected)} texts and replies is usable "
        f"({', '.join(f'{count} × {reason}' for reason, count in counts)}). "
        f"First: {json.dumps(example, ensure_ascii=False)}. "
        "Check the provider's model and prompt in the blueprint, or choose --provider offline."
    )


def _require_every_label(harvest: Harvest, labels: list[str], task: str) -> None:
    counts = Counter(sample.label for sample in harvest.samples)
    empty = [label for label in labels if not counts[label]]
    if empty:
        raise EmptyDataset(
            f"task '{task}': no sample for label {' and '.join(empty)} "
            f"(samples: {dict(counts)}, rejected: {harvest.reasons()}). "
            "Add moulds or corpus rows for it, or use a provider that can write it."
        )


def _summary(harvest: Harvest) -> dict[str, object]:
    counts = Counter((s.origin, s.language, s.label) for s in harvest.samples)
    return {
        "samples": len(harvest.samples),
        "rejected": len(harvest.rejected),
        "reasons": harvest.reasons(),
        "counts": [[*key, count] for key, count in sorted(counts.items())],
        "tokens": dict(harvest.tokens),
    }


def _shown(value: object) -> str:
    """What a provider sent, of whatever type, as a text that can be written."""
    text = value if isinstance(value, str) else repr(value)
    return text[:500].encode("utf-8", "backslashreplace").decode("utf-8")

"""Step 1, generate: a constitution becomes labelled samples in ``1_samples/``.

A coverage plan says what is wanted; a provider writes it; replies are journalled before they are used; gates accept or
reject each text in plan order; a reader blind to the wanted label confirms it; steering says what to ask next.
A resumed run gives the bytes of an unbroken one. The blueprint's corpus, or one's own file, passes the gates, too.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from foundry_engine.blueprint import Blueprint, Generate
from foundry_engine.completions import Usage
from foundry_engine.errors import BudgetSpent, DataError, EmptyDataset, ProviderError
from foundry_engine.folders import (
    REJECTED_FILE,
    SAMPLES_FILE,
    RunFolder,
    StageResult,
    run_stage,
    sha256_of,
    write_atomic,
)
from foundry_engine.generation import report
from foundry_engine.generation.desk import Desk
from foundry_engine.generation.estimate import Purse
from foundry_engine.generation.gates import Gates, reasons_in_order
from foundry_engine.generation.harvest import Harvest
from foundry_engine.generation.plan import make_plan
from foundry_engine.generation.repertoire import Repertoire
from foundry_engine.generation.rounds import Rounds
from foundry_engine.generation.source import open_source, reads_prompt
from foundry_engine.generation.steering import Steering
from foundry_engine.llm_pool import Budget, LlmPool, ModelEntry
from foundry_engine.log import Progress, Silent
from foundry_engine.records import lines_of
from foundry_engine.streaming.signals import draining_on_signals

PLAN, REQUESTS, PROVENANCE, QUARANTINE = "plan.jsonl", "requests.jsonl", "provenance.jsonl", "quarantine.jsonl"
REPORT = "generation"
"""Name of the report's files, with ``.json``, ``.md`` and ``.html``."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One task's generation and where it works."""

    blueprint: Blueprint
    task: str
    folder: RunFolder
    environment: Mapping[str, str]
    progress: Progress


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
        "budgets": [settings.budget, settings.token_budget],
        "withheld": _withheld(blueprint, task),
        "constitution": constitution.model_dump(mode="json"),
        "corpus": sha256_of(corpus) if used == corpus else None,
        "own_file": sha256_of(own_file) if own_file is not None else None,
    }
    job = _Job(blueprint, task, folder, environment or {}, progress or Silent())

    def work(fresh: Path) -> Mapping[str, object]:
        harvest = Harvest(Gates(constitution, settings))
        labels, languages = constitution.label_names, list[str](blueprint.declaration.languages)
        if used is not None:
            harvest.take_rows(task, used, labels, languages, "imported" if own_file else "corpus")
        more = {} if own_file else asyncio.run(_generate(job, harvest, fresh))
        if more is None:
            raise KeyboardInterrupt
        _require_every_label(harvest, labels, task)
        write_atomic(fresh / SAMPLES_FILE, lines_of(harvest.samples))
        write_atomic(fresh / REJECTED_FILE, lines_of(harvest.rejected))
        return {**_summary(harvest), **more}

    return run_stage(folder.samples, inputs, work, force)


async def _generate(job: _Job, harvest: Harvest, fresh: Path) -> dict[str, object] | None:
    """Fill the plan and write down how; what the step's summary says of it, ``None`` when a signal ended it."""
    plan = make_plan(job.blueprint, job.task)
    job.folder.root.mkdir(parents=True, exist_ok=True)
    settings = job.blueprint.declaration.generate
    budget = Budget(settings.budget, settings.token_budget)
    async with AsyncExitStack() as stack:
        pool, writer = read_by, _ = await _desk(job, "writer", settings.source, settings.writers, budget, stack)
        unread = _why_unread(settings)
        reader: Desk | None = None
        if not unread and settings.readers == settings.writers:
            reader = writer.as_role("reader")
        elif not unread:
            name = str(settings.second_pass.provider or settings.provider)
            read_by, reader = await _desk(job, "reader", name, settings.readers, budget, stack)
        seed, constitution = job.blueprint.declaration.seed, job.blueprint.constitutions[job.task]
        steering = Steering(plan, constitution, settings, job.task, seed, writer.reads_prompt)
        rounds = Rounds(
            task=job.task,
            seed=seed,
            constitution=constitution,
            settings=settings,
            harvest=harvest,
            steering=steering,
            repertoire=_repertoire(job, harvest) if writer.reads_prompt else Repertoire(constitution),
            writer=writer,
            reader=reader,
            purse=Purse(settings.token_budget, settings.budget, lambda usage: _dearest(pool, usage)),
        )
        if not await _run_drained(rounds, (pool, read_by)):
            return None
    if rounds.out_of_budget and not rounds.tokens.total():
        raise BudgetSpent(
            "the budget allows no request: before the first answers each is taken to need as many tokens as its prompt "
            "and max_output_tokens. Raise the budget, or lower max_output_tokens in the provider's settings."
        )
    if rounds.out_of_budget:
        _require_every_label(harvest, constitution.label_names, job.task, spent=True)
    if plan and not harvest.accepted_in.total() and not harvest.quarantine:
        _nothing_usable(harvest, settings.source)
    made = report.make_report(rounds, unread)
    write_atomic(fresh / PLAN, lines_of(steering.cells))
    rows = ((REQUESTS, rounds.requests), (PROVENANCE, harvest.provenance), (QUARANTINE, harvest.quarantine))
    for name, lines in rows:
        write_atomic(fresh / name, lines_of(lines))
    text = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
    shown = {"json": text, "md": report.as_markdown(made), "html": report.as_html(made)}
    for ending, content in shown.items():
        write_atomic(fresh / f"{REPORT}.{ending}", content.encode("utf-8"))
    coverage = {name: made["coverage"][name] for name in ("cells", "full", "saturated", "unfinished", "stopped_by")}
    return {
        "tokens": made["tokens"],
        "cost": made["cost"],
        "coverage": coverage,
        "quarantined": len(harvest.quarantine),
    }


async def _run_drained(rounds: Rounds, pools: Sequence[LlmPool]) -> bool:
    """Run the rounds; ``False`` when a signal came: what was under way has ended then, and is journalled."""
    loop = asyncio.get_running_loop()

    def drain() -> None:
        for pool in pools:
            loop.call_soon_threadsafe(pool.drain)  # from a signal's handler: the loop has to be woken

    with draining_on_signals(drain) as seen:
        try:
            await rounds.run()
        except ProviderError:
            if not seen.count:
                raise
    return not seen.count


async def _desk(
    job: _Job, role: str, name: str, models: Sequence[ModelEntry], budget: Budget, stack: AsyncExitStack
) -> tuple[LlmPool, Desk]:
    """Declared models with their journal, ready to be asked."""
    pool, identity = open_source(job.blueprint, job.task, job.environment, models, budget)
    await stack.enter_async_context(pool)
    concurrency = job.blueprint.declaration.generate.concurrency
    desk = Desk(role, name, reads_prompt(models), pool, identity, job.folder.journal, concurrency, job.progress)
    return pool, desk


def _why_unread(settings: Generate) -> str:
    """Why nobody reads a second time; empty if somebody does."""
    if not settings.second_pass.share:
        return "not verified (second_pass.share is 0)"
    if not reads_prompt(settings.readers):
        return f"not verified ({settings.second_pass.provider or settings.source})"
    return ""


def _dearest(pool: LlmPool, usage: Usage) -> float:
    """What a usage costs when it is the dearest model's; nothing where no price is known."""
    return max(scope.cost_of(usage) or 0.0 for scope in pool.scopes)


def _repertoire(job: _Job, harvest: Harvest) -> Repertoire:
    """What prompts may show of the corpus: nothing from sources that are only tested on."""
    withheld = set(_withheld(job.blueprint, job.task))
    repertoire = Repertoire(job.blueprint.constitutions[job.task])
    for sample in harvest.samples:
        if sample.source not in withheld:
            repertoire.add_corpus(sample.text, (sample.label, sample.language))
    return repertoire


def _withheld(blueprint: Blueprint, task: str) -> list[str]:
    return blueprint.declaration.refine.split.withhold.get(task, [])


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


def _require_every_label(harvest: Harvest, labels: list[str], task: str, *, spent: bool = False) -> None:
    counts = Counter(sample.label for sample in harvest.samples)
    empty = [label for label in labels if not counts[label]]
    if empty:
        apart = Counter(str(row["label"]) for row in harvest.quarantine)
        facts = f"samples: {dict(counts)}, rejected: {harvest.reasons()}"
        advice = "Add moulds or corpus rows for it, or use a provider that can write it."
        if apart:
            facts += f", kept apart by the second pass: {dict(apart)}"
            advice = "See that the law says what the labels mean, or name another reader in generate.second_pass."
        if spent:
            advice = "The budget is spent. Raise it: what was answered is kept and not paid for again."
        raise EmptyDataset(f"task '{task}': no sample for label {' and '.join(empty)} ({facts}). {advice}")


def _summary(harvest: Harvest) -> dict[str, object]:
    counts = Counter((s.origin, s.language, s.label) for s in harvest.samples)
    return {
        "samples": len(harvest.samples),
        "rejected": len(harvest.rejected),
        "reasons": harvest.reasons(),
        "counts": [[*key, count] for key, count in sorted(counts.items())],
    }

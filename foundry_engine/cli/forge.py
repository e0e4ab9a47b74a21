"""The line itself: ``main.py --blueprint NAME --steps=…`` runs the steps of every task, in order."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from foundry_engine import registry
from foundry_engine.blueprint import Blueprint
from foundry_engine.cli import console
from foundry_engine.cli.workspace import Workspace
from foundry_engine.errors import FoundryError, InvalidSetting, UnknownComponent
from foundry_engine.folders import STEP_OF, StageResult, locked
from foundry_engine.log import Progress

STEPS = tuple(STEP_OF.values())
"""In the order they run; verify always follows export."""
IMPORT = "import"
"""Stands for one's own file in the place of a provider."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line asks for."""

    blueprint: Blueprint
    tasks: Sequence[str]
    steps: Sequence[str]
    own_file: Path | None
    environment: Mapping[str, str]
    force: bool


def parse_steps(text: str) -> list[str]:
    """Steps in running order from ``generate,refine``; raises ``ValueError`` with the nearest name.

    >>> parse_steps("export,train")
    ['train', 'export', 'verify']
    """
    asked = [part.strip() for part in text.split(",") if part.strip()]
    for step in asked:
        if step not in STEPS:
            raise ValueError(f"no step '{step}'; {registry.suggest(step, list(STEPS))}")
    if not asked:
        raise ValueError(f"no step given (known: {', '.join(STEPS)})")
    if "export" in asked:
        asked.append("verify")
    return [step for step in STEPS if step in asked]


def overridden(
    declared: Blueprint,
    provider: str | None,
    seed: int | None,
    budget: float | None = None,
    token_budget: int | None = None,
) -> Blueprint:
    """The blueprint with what the command line overrules: defaults < blueprint < environment < command line."""
    declaration = declared.declaration
    if provider not in (None, IMPORT):
        known = [*registry.names("providers"), IMPORT]
        if provider not in known:
            raise UnknownComponent(f"no provider '{provider}'; {registry.suggest(provider, known)}")
        component = registry.find("providers", provider)
        try:
            component.Settings.model_validate(declaration.generate.settings.get(provider, {}))
        except ValidationError as error:
            wrong = error.errors()[0]
            place = ".".join(map(str, ("generate", "settings", provider, *wrong["loc"])))
            raise InvalidSetting(
                f"provider '{provider}' needs {place} in the blueprint: {wrong['msg'].lower()}"
            ) from error
        generate = declaration.generate.model_copy(update={"provider": provider, "pool": []})
        declaration = declaration.model_copy(update={"generate": generate})
    caps = {name: cap for name, cap in (("budget", budget), ("token_budget", token_budget)) if cap is not None}
    if caps:
        generate = declaration.generate.model_copy(update=caps)
        declaration = declaration.model_copy(update={"generate": generate})
    if seed is not None:
        declaration = declaration.model_copy(update={"seed": seed})
    return declared.model_copy(update={"declaration": declaration})


def forge(order: Order, workspace: Workspace) -> list[dict[str, object]]:
    """Run the ordered steps; gives one record a task and step.

    A task whose verification fails does not keep the others from being forged; its error is raised at the end.
    """
    records: list[dict[str, object]] = []
    failed: list[FoundryError] = []
    with locked(workspace.runs / order.blueprint.name):
        for task in order.tasks:
            try:
                for step in order.steps:
                    records.append(_step(step, task, order, workspace))
            except FoundryError as error:
                records.append({"task": task, "state": "failed", "error": error.message})
                failed.append(error)
                if len(order.tasks) == 1:
                    raise
                console.complain(error.message)
    if failed:
        names = ", ".join(str(r["task"]) for r in records if r["state"] == "failed")
        raise type(failed[0])(f"not every task was forged: {names}")
    return records


def _step(step: str, task: str, order: Order, workspace: Workspace) -> dict[str, object]:
    begun = time.monotonic()
    progress = console.progress()
    try:
        result = _run(step, task, order, workspace, progress)
    finally:
        progress.finish()  # also after an error or Ctrl-C: a bar hides the cursor and draws on
    seconds = time.monotonic() - begun
    note = "unchanged" if result.state == "unchanged" else f"{seconds:.1f} s"
    console.say(f"{task:16s} {step:9s} {note:>10s}  {_told(step, result.summary)}")
    return {"task": task, "step": step, "state": result.state, "seconds": round(seconds, 2), **dict(result.summary)}


def _run(step: str, task: str, order: Order, workspace: Workspace, progress: Progress) -> StageResult:
    """Through the stage's front door; heavy libraries are imported when a step begins, not before."""
    blueprint, force, folder = order.blueprint, order.force, workspace.run_folder(order.blueprint, task)
    if step == "generate":
        from foundry_engine import data_generator

        own_file, environment = order.own_file, order.environment
        return data_generator.run(
            blueprint, task, folder, environment=environment, own_file=own_file, force=force, progress=progress
        )
    if step == "refine":
        from foundry_engine import data_refiner

        return data_refiner.run(blueprint, task, folder, force=force, progress=progress)
    if step == "train":
        from foundry_engine import trainers

        return trainers.run(blueprint, task, folder, force=force, progress=progress)
    if step == "export":
        from foundry_engine import exporter

        return exporter.run(blueprint, task, folder, force=force, progress=progress)
    from foundry_engine import verifier

    return verifier.run(blueprint, task, folder, models=workspace.models, force=force, progress=progress)


def _told(step: str, s: Mapping[str, Any]) -> str:
    """A step's summary in a line."""
    if step == "generate":
        reasons = ", ".join(f"{count} {reason}" for reason, count in s["reasons"].items())
        apart = f", {s['quarantined']:,} kept apart" if s.get("quarantined") else ""
        stopped = "; STOPPED BY THE BUDGET" if (s.get("coverage") or {}).get("stopped_by") == "budget" else ""
        rejected = f"{s['rejected']:,} rejected" + (f" ({reasons})" if reasons else "")
        return f"{s['samples']:,} samples, {rejected}{apart}{stopped}"
    if step == "refine":
        order = ("train", "calibration", "test", "withheld")
        return ", ".join(f"{s['splits'][name]:,} {name}" for name in order if name in s["splits"])
    if step == "train":
        return f"{s['terms']:,} of {s['terms_before_selection']:,} terms, temperature {s['temperature']:.2f}"
    if step == "export":
        return f"{s['bytes']:,} bytes, {s['parity_cases']} parity cases"
    held, total = s["boundaries"]
    unsure = "".join(f", NO VALID THRESHOLD for {label}: it always abstains" for label in s["uncertified"])
    return f"boundary cases {held}/{total}, changed answers: {s['changes']}{unsure}"


def score_lines(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """The scores of verified tasks as a table."""
    rows = []
    for record in records:
        for score in record.get("scores") or ():
            row = [record["task"], score["set"], score["language"], f"{score['rows']:,}"]
            row += [console.percent(score[key]) for key in ("accuracy", "cues_alone_accuracy", "unmarked_accuracy")]
            rows.append([*row, ", ".join(f"{k} {console.percent(v)}" for k, v in score["recall"].items())])
    head = ("task", "rows of", "language", "rows", "accuracy", "patterns alone", "no end marks", "recall")
    return console.columns(head, rows) if rows else []


def plan_lines(order: Order) -> tuple[list[str], list[dict[str, object]]]:
    """The coverage plan of every task, as lines and as data."""
    from foundry_engine.generation.forecast import dollars, forecast
    from foundry_engine.generation.plan import boundary_share, make_plan, summary

    lines: list[str] = []
    data: list[dict[str, object]] = []
    for task in order.tasks:
        cells = make_plan(order.blueprint, task)
        rows = list(summary(cells))
        corpus = order.blueprint.corpus(task)
        provider = order.blueprint.declaration.generate.source
        requests, usage = forecast(order.blueprint, task, cells)
        lines.append(
            f"{task}: {len(cells)} cells, {sum(c.samples for c in cells):,} texts from {provider}, "
            f"{boundary_share(cells):.0%} of them at a label's border"
        )
        if requests:
            lines.append(
                f"  about {requests:,} requests, {usage.prompt_tokens:,} tokens in prompts and "
                f"{usage.output_tokens:,} in answers, if every text is kept the first time"
            )
            cost = dollars(order.blueprint, usage)
            lines.append("  the price is not known" if cost is None else f"  about {cost:.2f} US dollars")
        if order.blueprint.declaration.generate.corpus and corpus.is_file():
            with corpus.open("rb") as file:
                lines.append(f"  and the rows of {corpus.name}: {sum(1 for _ in file):,}")
        lines += ["  " + line for line in console.columns(("label", "language", "kind", "cells", "texts"), rows)]
        lines.append("")
        tokens = {"prompt": usage.prompt_tokens, "output": usage.output_tokens}
        shown = [{name: getattr(cell, name) for name in cell.__slots__} for cell in cells]
        cost = dollars(order.blueprint, usage) if requests else None
        data.append({"task": task, "requests": requests, "tokens": tokens, "cost": cost, "cells": shown})
    return lines, data

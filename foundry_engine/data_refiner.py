"""Step 2, refine: samples become a dataset in ``2_dataset/``.

Operators tag an Arrow table in the order of the blueprint; one last step decides; families keep together in the split;
a quality report says what was found. Nothing is removed without a row in ``removed.jsonl``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from foundry_engine.blueprint import Blueprint
from foundry_engine.errors import EmptyDataset, QualityGateFailed
from foundry_engine.folders import (
    EXAMPLES_FILE,
    QUALITY_FILE,
    REJECTED_FILE,
    SAMPLES_FILE,
    RunFolder,
    StageResult,
    content_of,
    run_stage,
    write_atomic,
)
from foundry_engine.log import Progress
from foundry_engine.records import Example, Sample, lines_of, read_lines, read_records
from foundry_engine.refinery import decide, quality, report, splits
from foundry_engine.refinery.engines.local import LocalEngine
from foundry_engine.refinery.outcome import conclude
from foundry_engine.refinery.plan import make_plan
from foundry_engine.refinery.salt import salt_fingerprint
from foundry_engine.refinery.tally import merged, tally

REMOVED, CONFLICTS = "removed.jsonl", "conflicts.jsonl"
ORDER, TEXT_REPORT = "generation_order.json", "quality.txt"
UNBOUNDED = 2**62
"""Samples of a blueprint are in memory already; only raw files have a budget."""


def run(
    blueprint: Blueprint, task: str, folder: RunFolder, *, force: bool = False, progress: Progress | None = None
) -> StageResult:
    """Refine the samples of one task.

    Raises ``EmptyDataset`` when a label has no row left to train on, and ``QualityGateFailed`` after the dataset is
    written when it is below one of the blueprint's gates.
    """
    settings = blueprint.declaration.refine
    constitution = blueprint.constitutions[task]
    inputs = {
        "step": "refine",
        "task": task,
        "seed": blueprint.declaration.seed,
        "settings": settings.model_dump(mode="json"),
        "constitution": constitution.model_dump(mode="json", exclude={"grammar", "prompt", "patterns", "abstain"}),
        "samples": dict(content_of(folder.samples)),
        "salt": salt_fingerprint(),
    }

    def work(fresh: Path) -> Mapping[str, object]:
        table = samples_table(
            read_records(folder.samples / SAMPLES_FILE, Sample), settings.split.withhold.get(task, [])
        )
        engine = LocalEngine(UNBOUNDED, progress)
        table = engine.run(make_plan(settings.operators, settings.settings), table, constitution, f"{task}: refine")
        outcome = conclude(table, settings, blueprint.declaration.seed)
        examples, split_of, reasons = outcome.examples(), outcome.splits, outcome.reasons
        _require_training_rows(examples, constitution.label_names, task, reasons)
        table = outcome.table
        rejected = sum(1 for _ in read_lines(folder.samples / REJECTED_FILE))
        found = {"rejected": rejected, **quality.report(table, split_of, reasons)}
        removed = list(decide.removed_rows(table, reasons))
        for name, rows in ((EXAMPLES_FILE, examples), (REMOVED, removed)):
            write_atomic(fresh / name, lines_of(rows))
        conflicts = sorted(
            (row for row in removed if row["reason"] in decide.CONFLICTS), key=lambda row: str(row["text"])
        )
        write_atomic(fresh / CONFLICTS, lines_of(conflicts))
        write_atomic(fresh / ORDER, _json(quality.generation_order(table, split_of)))
        write_atomic(fresh / QUALITY_FILE, _json(found))
        write_atomic(fresh / TEXT_REPORT, quality.as_text(found).encode("utf-8"))
        page = report.data(
            title=task,
            found=merged([tally(outcome)]),
            refine=settings,
            rejected={"gate": rejected} if rejected else {},
            seed=blueprint.declaration.seed,
            inputs={  # only what rows are made from: where other words of the law change, training does not begin anew
                "settings": inputs["settings"],
                "samples": {SAMPLES_FILE: content_of(folder.samples)[SAMPLES_FILE]},
            },
        )
        report.write(fresh, page)
        splits_of = dict(Counter(e.split for e in examples))
        return {"splits": splits_of, "removed": found["removed"], "failed_gates": report.failed_gates(page)}

    result = run_stage(folder.dataset, inputs, work, force)
    if result.summary["failed_gates"]:
        raise QualityGateFailed(
            f"task '{task}': the dataset is below its gates: {'; '.join(result.summary['failed_gates'])}. "
            f"See {folder.dataset / report.PAGE}."
        )
    return result


def samples_table(samples: list[Sample], withheld: list[str]) -> pa.Table:
    """Samples as an Arrow table, a row each, with a column ``withheld``: whether the row's source is tested on only."""
    columns: dict[str, list[object]] = {name: [] for name in Sample.__slots__}
    for sample in samples:
        for name, values in columns.items():
            values.append(getattr(sample, name))
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    return table.append_column("withheld", pa.array([s.source in withheld for s in samples], pa.bool_()))


def _require_training_rows(examples: list[Example], labels: list[str], task: str, reasons: list[str]) -> None:
    counts = Counter(e.label for e in examples if e.split == splits.TRAIN)
    empty = [label for label in labels if not counts[label]]
    if empty:
        why = dict(Counter(reason for reason in reasons if reason))
        raise EmptyDataset(
            f"task '{task}': nothing to train on for label {' and '.join(empty)} (training rows: {dict(counts)}, "
            f"removed: {why}). Add samples for it, or withhold fewer sources."
        )


def _json(data: object) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode("utf-8")

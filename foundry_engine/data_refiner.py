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

from foundry_engine import registry
from foundry_engine.blueprint import Blueprint
from foundry_engine.errors import EmptyDataset, InvalidSetting
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
from foundry_engine.log import Progress, Silent
from foundry_engine.records import Example, Sample, lines_of, read_lines, read_records
from foundry_engine.refinery import decide, quality, splits
from foundry_engine.refinery.salt import salt_fingerprint
from foundry_engine.refinery.written import written_texts

REMOVED, CONFLICTS = "removed.jsonl", "conflicts.jsonl"
ORDER, TEXT_REPORT = "generation_order.json", "quality.txt"


def run(
    blueprint: Blueprint, task: str, folder: RunFolder, *, force: bool = False, progress: Progress | None = None
) -> StageResult:
    """Refine the samples of one task.

    Raises ``EmptyDataset`` when a label has no row left to train on.
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
        watch = progress or Silent()
        table = samples_table(
            read_records(folder.samples / SAMPLES_FILE, Sample), settings.split.withhold.get(task, [])
        )
        watch.start(f"{task}: refine", len(settings.operators) + 1)
        for name in settings.operators:
            table = _apply(name, table, blueprint, task)
            watch.advance()
        _require_tags(table, settings.operators)
        reasons = decide.removal_reasons(table)
        split_of, reasons = splits.assign(table, reasons, settings.split, blueprint.declaration.seed)
        examples = _examples(table, split_of)
        _require_training_rows(examples, constitution.label_names, task, reasons)
        rejected = sum(1 for _ in read_lines(folder.samples / REJECTED_FILE))
        report = {"rejected": rejected, **quality.report(table, split_of, reasons)}
        removed = list(decide.removed_rows(table, reasons))
        for name, rows in ((EXAMPLES_FILE, examples), (REMOVED, removed)):
            write_atomic(fresh / name, lines_of(rows))
        conflicts = sorted((row for row in removed if row["reason"] == "conflict"), key=lambda row: str(row["text"]))
        write_atomic(fresh / CONFLICTS, lines_of(conflicts))
        write_atomic(fresh / ORDER, _json(quality.generation_order(table, split_of)))
        write_atomic(fresh / QUALITY_FILE, _json(report))
        write_atomic(fresh / TEXT_REPORT, quality.as_text(report).encode("utf-8"))
        watch.advance()
        watch.finish()
        return {"splits": dict(Counter(e.split for e in examples)), "removed": report["removed"]}

    return run_stage(folder.dataset, inputs, work, force)


def samples_table(samples: list[Sample], withheld: list[str]) -> pa.Table:
    """Samples as an Arrow table, a row each, with a column ``withheld``: whether the row's source is tested on only."""
    columns: dict[str, list[object]] = {name: [] for name in Sample.__slots__}
    for sample in samples:
        for name, values in columns.items():
            values.append(getattr(sample, name))
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    return table.append_column("withheld", pa.array([s.source in withheld for s in samples], pa.bool_()))


def _apply(name: str, table: pa.Table, blueprint: Blueprint, task: str) -> pa.Table:
    operator = registry.find("operators", name)
    own = operator.Settings.model_validate(blueprint.declaration.refine.settings.get(name, {}))
    try:
        return operator.apply(table, own, blueprint.constitutions[task])
    except KeyError as error:
        tag = str(error.args[0]).replace("Field ", "").split(" does not")[0].strip('"')
        raise InvalidSetting(
            f"operator '{name}' needs the tag '{tag}', which no operator before it makes. "
            f"Order now: {', '.join(blueprint.declaration.refine.operators)}."
        ) from error


def _require_tags(table: pa.Table, operators: list[str]) -> None:
    """Splitting, the report and the examples need these; other operators may be left out."""
    missing = [tag for tag in ("normalized", "neighbours", "family", "weight") if tag not in table.column_names]
    if missing:
        raise InvalidSetting(
            f"refine.operators make no tag {' and '.join(repr(tag) for tag in missing)}, which splitting needs. "
            f"Order now: {', '.join(operators)}; "
            "needed are normalise, exact_duplicates, near_duplicates, families, balance."
        )


def _examples(table: pa.Table, split_of: list[str]) -> list[Example]:
    columns = ["id", "text", "label", "language", "origin", "source", "family", "weight"]
    rows = zip(table.select(columns).to_pylist(), written_texts(table), split_of, strict=True)
    return [Example(split=split, **{**row, "text": text}) for row, text, split in rows if split]


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

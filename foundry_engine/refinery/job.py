"""Raw files to a dataset: read, part into blocks, refine each, write; every part is kept until the whole is done.

Killed anywhere and started again it goes on from the last finished part and writes the bytes of an unbroken run: what
is finished is told by fingerprints, never by a file being there.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from foundry_engine.constitution import Constitution
from foundry_engine.errors import EmptyDataset, InvalidSetting, QualityGateFailed
from foundry_engine.folders import STAGE_FILE, StageResult, locked, run_stage, sha256_of, write_atomic
from foundry_engine.log import Progress
from foundry_engine.records import lines_of, to_json
from foundry_engine.refinery import report
from foundry_engine.refinery.bare_law import bare_law
from foundry_engine.refinery.block import RESULTS, refine_block
from foundry_engine.refinery.engines.local import READING, Block, LocalEngine
from foundry_engine.refinery.inputs import FIELDS, rows_of
from foundry_engine.refinery.job_file import JobFile
from foundry_engine.refinery.plan import make_plan
from foundry_engine.refinery.salt import salt_fingerprint
from foundry_engine.refinery.tally import merged

CHUNK_ROWS = 20_000
"""Rows read into one table."""
REJECTED = "rejected.jsonl"
KEYS = {"language": "reads_as"}
"""What a name under ``blocks`` reads, where it is not the column of that name."""


def run(file: JobFile, *, force: bool = False, progress: Progress | None = None) -> StageResult:
    """Refine the files of a job into its output folder.

    Raises ``EmptyDataset`` when no row can be read, ``InvalidSetting`` when a block does not fit the budget, and, after
    the dataset is written, ``QualityGateFailed`` when it is below one of the job's gates.
    """
    output = (file.folder / file.job.output).resolve()
    _require_ours(output, file)
    work = output.with_name(output.name + ".work")
    with locked(work):
        result = _Run(file, output, work, progress).run(force)
    shutil.rmtree(work, ignore_errors=True)
    failed = result.summary["failed_gates"]
    if failed:
        raise QualityGateFailed(
            f"{output}: below its gates: {'; '.join(failed)}. The dataset is written and its report says why: "
            f"{output / report.PAGE}"
        )
    return result


class _Run:
    """One run of a job."""

    def __init__(self, file: JobFile, output: Path, work: Path, progress: Progress | None) -> None:
        self.file, self.job, self.output, self.work, self.progress = file, file.job, output, work, progress
        self.engine = LocalEngine(int(file.job.memory_gib * 2**30), progress)
        self.plan = make_plan(self.job.operators, self.job.settings, [KEYS.get(n, n) for n in self.job.blocks])
        self.inputs = [(path, given) for given in self.job.inputs for path in file.files(given)]

    def run(self, force: bool) -> StageResult:
        sums = [[path.name, sha256_of(path)] for path, _ in self.inputs]
        settings = self.job.model_dump(mode="json", exclude={"memory_gib", "output"})
        law = None if self.file.law is None else self.file.law.model_dump(mode="json")
        inputs = {
            "step": "refine",
            "inputs": sums,
            "settings": settings,
            "constitution": law,
            "salt": salt_fingerprint(),
        }
        return run_stage(self.output, inputs, lambda fresh: self._work(fresh, inputs), force)

    def _work(self, fresh: Path, inputs: Mapping[str, Any]) -> Mapping[str, object]:
        folder = self.work / "1_blocks"
        read = run_stage(folder, {**inputs, "part": "read"}, self._read).summary
        blocks = [Block(tuple(b["key"]), folder / b["file"], b["rows"], b["characters"]) for b in read["blocks"]]
        for block in blocks:
            self.engine.require_room(block.name, block.rows, block.characters, READING)
        done = []
        laws = {task: self._law(task, labels) for task, labels in read["labels"].items()}
        for number, block in enumerate(blocks):
            place = self.work / "2_refined" / f"{number:04d}"
            part = {**inputs, "part": "refine", "block": sha256_of(block.path), "labels": read["labels"]}
            run_stage(place, part, partial(self._refine, block, laws))
            done.append(place)
        return self._write(fresh, done, read, inputs)

    def _read(self, fresh: Path) -> Mapping[str, object]:
        """All inputs, parted; what cannot be a row goes to ``rejected.jsonl``."""
        labels: dict[str, Counter[str]] = {}
        reasons: Counter[str] = Counter()
        with (fresh / REJECTED).open("wb") as rejected:

            def reject(place: str, reason: str, detail: str) -> None:
                reasons[reason] += 1
                rejected.write((to_json({"place": place, "reason": reason, "detail": detail}) + "\n").encode())

            tables = self._tables(reject, labels)
            blocks = self.engine.exchange(tables, self.plan.blocks, fresh)
        if not blocks:
            raise EmptyDataset(self._nothing(reasons, fresh / REJECTED))
        return {
            "blocks": [{"key": b.key, "file": b.path.name, "rows": b.rows, "characters": b.characters} for b in blocks],
            "labels": {task: sorted(found) for task, found in sorted(labels.items())},
            "rejected": dict(sorted(reasons.items())),
        }

    def _tables(self, reject: Any, labels: dict[str, Counter[str]]) -> Iterator[pa.Table]:
        withheld = set(self.job.withhold)
        columns: dict[str, list[str]] = {name: [] for name in FIELDS}

        def table() -> pa.Table:
            made = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
            flags = [source in withheld for source in columns["source"]]
            for values in columns.values():
                values.clear()
            return made.append_column("withheld", pa.array(flags, pa.bool_()))

        for path, given in self.inputs:
            for row in rows_of(path, given, self.job.task, reject):
                labels.setdefault(row["task"], Counter())[row["label"]] += 1
                for name, values in columns.items():
                    values.append(row[name])
                if len(columns["id"]) >= CHUNK_ROWS:
                    yield table()
        if columns["id"]:
            yield table()

    def _nothing(self, reasons: Counter[str], rejected: Path) -> str:
        names = ", ".join(path.name for path, _ in self.inputs)
        if not reasons:
            return f"{names}: 0 rows. Nothing to refine: check `inputs`."
        with rejected.open("rb") as file:
            first = json.loads(file.readline())
        counts = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
        return f"{names}: no row can be read, {counts}. The first: {first['place']}: {first['detail']}"

    def _law(self, task: str, labels: list[str]) -> Constitution:
        law = self.file.law
        return law if law is not None and law.task == task else bare_law(task, labels)

    def _refine(self, block: Block, laws: Mapping[str, Constitution], fresh: Path) -> Mapping[str, object]:
        return refine_block(block, self.plan, self.job, laws, self.engine, fresh)

    def _write(
        self, fresh: Path, parts: list[Path], read: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> Mapping[str, object]:
        """The blocks' results behind one another, and the report over all of them."""
        if self.job.format == "parquet":
            with pq.ParquetWriter(fresh / "examples.parquet", _schema(parts), compression="zstd") as writer:
                for part in parts:
                    writer.write_table(pq.read_table(part / RESULTS.examples))
        else:
            with (fresh / "examples.jsonl").open("wb") as file:
                for part in parts:
                    for batch in pq.ParquetFile(part / RESULTS.examples).iter_batches():
                        file.write(lines_of(batch.to_pylist()))
        for name in (RESULTS.removed, RESULTS.conflicts):
            _concatenate([part / name for part in parts], fresh / name)
        _concatenate([self.work / "1_blocks" / REJECTED], fresh / REJECTED)
        order = [wish for part in parts for wish in json.loads((part / RESULTS.order).read_bytes())]
        write_atomic(fresh / RESULTS.order, _json(order))
        found = merged([json.loads((part / RESULTS.tally).read_bytes()) for part in parts])
        data = report.data(
            title=self.job.task,
            found=found,
            refine=self.job,
            rejected=read["rejected"],
            seed=self.job.seed,
            inputs=inputs,
        )
        report.write(fresh, data)
        return {
            "splits": found["kept"],
            "removed": found["removed"],
            "rejected": read["rejected"],
            "score": data["score"]["after"]["total"],
            "failed_gates": report.failed_gates(data),
        }


def _require_ours(output: Path, file: JobFile) -> None:
    """An output folder is replaced as a whole, so it must be new, empty or an earlier output."""
    if output.exists() and not output.is_dir():
        raise InvalidSetting(f"{output}: is a file; `output` names a folder.")
    held = [path.resolve() for given in file.job.inputs for path in file.files(given)] + [file.folder.resolve() / "x"]
    if any(output in path.parents for path in held):
        raise InvalidSetting(f"{output}: holds the job's own files and would be replaced. Name a folder of its own.")
    if output.is_dir() and any(output.iterdir()) and not (output / STAGE_FILE).is_file():
        raise InvalidSetting(
            f"{output}: holds files that no refining wrote, and would be replaced. Name a new or empty folder."
        )


def _schema(parts: list[Path]) -> pa.Schema:
    return pq.read_schema(parts[0] / RESULTS.examples)


def _concatenate(parts: list[Path], target: Path) -> None:
    with target.open("wb") as file:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, file)


def _json(data: object) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode("utf-8")

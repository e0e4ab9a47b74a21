"""One block of raw rows to the files of its result."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from foundry_engine.constitution import Constitution
from foundry_engine.folders import write_atomic
from foundry_engine.records import lines_of
from foundry_engine.refinery import decide, quality
from foundry_engine.refinery.engines.local import Block, LocalEngine, distinct
from foundry_engine.refinery.job_file import RefineJob
from foundry_engine.refinery.outcome import Outcome, conclude
from foundry_engine.refinery.plan import Plan
from foundry_engine.refinery.preference import ranks
from foundry_engine.refinery.tally import tally
from foundry_engine.refinery.written import written_texts

RESULTS = SimpleNamespace(
    examples="examples.parquet",
    removed="removed.jsonl",
    conflicts="conflicts.jsonl",
    tally="tally.json",
    order="generation_order.json",
)
EXAMPLE_COLUMNS = (
    "id",
    "task",
    "text",
    "label",
    "language",
    "origin",
    "source",
    "licence",
    "family",
    "split",
    "weight",
)
MORE_COLUMNS = ("repeat", "copies", "place")
"""Written beside where they are there: how often to draw the row, how many equal rows it stands for, file and line."""
WRITTEN_ROWS = 10_000


def refine_block(
    block: Block, plan: Plan, job: RefineJob, laws: Mapping[str, Constitution], engine: LocalEngine, fresh: Path
) -> Mapping[str, object]:
    """Run the plan over a block, decide, and write what stays, what goes and what was found.

    Equal rows (one ``id``: task, label and normalized text) count as one from the start; the others are removed rows.
    A block of several tasks is refined under the law of the first by name.
    """
    read = block.read()
    table, copies = distinct(read, ranks(read))
    engine.require_room(block.name, table.num_rows, pc.sum(pc.utf8_length(table["text"])).as_py() or 0)
    law = laws[min(table["task"].unique().to_pylist())]
    outcome = conclude(engine.run(plan, table, law, block.name), job, job.seed, job.divide)
    pq.write_table(_examples(outcome), fresh / RESULTS.examples, compression="zstd")
    removed = list(decide.removed_rows(outcome.table, outcome.reasons))
    with (fresh / RESULTS.removed).open("wb") as file:
        file.write(lines_of(removed))
        for rows in _copies(copies):
            file.write(lines_of(rows))
    conflicts = sorted((row for row in removed if row["reason"] in decide.CONFLICTS), key=lambda row: str(row["text"]))
    write_atomic(fresh / RESULTS.conflicts, lines_of(conflicts))
    order = quality.generation_order(outcome.table, outcome.splits)
    write_atomic(fresh / RESULTS.order, json.dumps(order, ensure_ascii=False).encode("utf-8"))
    found = json.dumps(tally(outcome, copies.num_rows), ensure_ascii=False)
    write_atomic(fresh / RESULTS.tally, found.encode("utf-8"))
    return {"rows": block.rows}


def _examples(outcome: Outcome) -> pa.Table:
    table = outcome.table.append_column("split", pa.array(outcome.splits, pa.string()))
    table = table.set_column(table.schema.get_field_index("text"), "text", pa.array(written_texts(table), pa.string()))
    columns = [*EXAMPLE_COLUMNS, *(name for name in MORE_COLUMNS if name in table.column_names)]
    return table.filter(pc.not_equal(table["split"], "")).select(columns).combine_chunks()


def _copies(table: pa.Table) -> Iterator[list[dict[str, object]]]:
    """Rows that are equal to a better one, a few at a time; their text is its text, so it is not written again."""
    names = ["id", "label", "language", "source", "task", "place"]
    for batch in table.select(names).to_batches(max_chunksize=WRITTEN_ROWS):
        yield [
            {"reason": "copy", "rule": "id", "evidence": None, "survivor": row["id"], **row}
            for row in batch.to_pylist()
        ]

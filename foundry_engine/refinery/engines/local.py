"""Runs a plan on this machine: a block at a time, the others spilled to Parquet, within a memory budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from foundry_engine.constitution import Constitution
from foundry_engine.errors import InvalidSetting
from foundry_engine.log import Progress, Silent
from foundry_engine.refinery.plan import ROW, Plan, Step

BATCH_ROWS = 8_192
"""Rows a row pass sees at a time."""
READING = (800, 10)
"""Bytes a row and a character cost while equal rows are found."""
REFINING = (4_000, 250)
"""And what a row that is left costs at the peak, with all operators on; measured by ``scripts/bench_refine.py``."""
BASE_BYTES = 300_000_000
"""The interpreter with its libraries."""
MAX_BLOCKS = 1_000
"""More are a sign that rows are parted by a column that names rows, not kinds of rows."""


@dataclass(frozen=True)
class Block:
    """The rows that agree in the plan's columns, spilled to one file."""

    key: tuple[str, ...]
    path: Path
    rows: int
    characters: int

    @property
    def name(self) -> str:
        """For people: the values that the rows agree in."""
        return " ".join(self.key) or "all rows"

    def read(self) -> pa.Table:
        """The rows, in the order they came."""
        return pq.read_table(self.path)


class LocalEngine:
    """``memory`` is the budget in bytes; what cannot fit is refused before it begins."""

    def __init__(self, memory: int, progress: Progress | None = None) -> None:
        self.memory = memory
        self._progress = progress or Silent()

    def exchange(self, tables: Iterable[pa.Table], keys: Sequence[str], folder: Path) -> list[Block]:
        """Rows parted by ``keys`` into files of ``folder``, in the order of the keys; what is held is bounded."""
        writers = _Spill(folder, keys, limit=max(self.memory // 16, 1_000_000))
        for table in tables:
            writers.add(table)
        return writers.close()

    def require_room(self, name: str, rows: int, characters: int, cost: tuple[int, int] = REFINING) -> None:
        """Refuse a block that would need more than the budget, before it begins.

        Raises ``InvalidSetting`` with advice.
        """
        needed = BASE_BYTES + rows * cost[0] + characters * cost[1]
        if needed > self.memory:
            raise InvalidSetting(
                f"block '{name}': {rows:,} rows of {characters:,} characters need about "
                f"{_gib(needed)} GiB, the budget is {_gib(self.memory)} GiB. Raise `memory_gib`, add a column to "
                "`blocks` so that blocks are smaller, or split the inputs."
            )

    def run(self, plan: Plan, table: pa.Table, constitution: Constitution, what: str = "refine") -> pa.Table:
        """One block with all tags."""
        self._progress.start(what, max(1, table.num_rows) * len(plan.steps))
        for scope, steps in plan.passes():
            if scope == ROW:
                table = self._by_batches(table, steps, constitution)
            else:
                for step in steps:
                    table = step.apply(table, constitution).combine_chunks()
                    self._progress.advance(max(1, table.num_rows))
        self._progress.finish()
        return table

    def _by_batches(self, table: pa.Table, steps: list[Step], constitution: Constitution) -> pa.Table:
        parts = []
        for start in range(0, max(1, table.num_rows), BATCH_ROWS):
            part = table.slice(start, BATCH_ROWS)
            for step in steps:
                part = step.apply(part, constitution)
                self._progress.advance(max(1, part.num_rows))
            parts.append(part)
        return pa.concat_tables(parts).combine_chunks()


def distinct(table: pa.Table, ranks: Sequence[object]) -> tuple[pa.Table, pa.Table]:
    """The best-ranked row of each ``id``, with a column ``copies`` (how many there were), and all other rows."""
    best: dict[str, int] = {}
    count: dict[str, int] = {}
    for row, id_ in enumerate(table["id"].to_pylist()):
        count[id_] = count.get(id_, 0) + 1
        if id_ not in best or ranks[row] < ranks[best[id_]]:  # type: ignore[operator]
            best[id_] = row
    kept = set(best.values())
    mask = pa.array([row in kept for row in range(table.num_rows)], pa.bool_())
    first = table.filter(mask)
    copies = pa.array([count[id_] for id_ in first["id"].to_pylist()], pa.int64())
    return first.append_column("copies", copies), table.filter(pc.invert(mask))


class _Spill:
    """One Parquet file a block, written in pieces; when the pieces held exceed the limit all are written out."""

    def __init__(self, folder: Path, keys: Sequence[str], limit: int) -> None:
        self._folder, self._keys, self._limit = folder, list(keys), limit
        self._held: dict[tuple[str, ...], list[pa.Table]] = {}
        self._bytes = 0
        self._writers: dict[tuple[str, ...], pq.ParquetWriter] = {}
        self._sizes: dict[tuple[str, ...], tuple[int, int]] = {}
        self._paths: dict[tuple[str, ...], Path] = {}

    def add(self, table: pa.Table) -> None:
        for key, part in _parted(table, self._keys):
            self._held.setdefault(key, []).append(part)
            rows, characters = self._sizes.get(key, (0, 0))
            length = pc.sum(pc.utf8_length(part["text"])).as_py() or 0
            self._sizes[key] = rows + part.num_rows, characters + length
            if len(self._sizes) > MAX_BLOCKS:
                raise InvalidSetting(
                    f"more than {MAX_BLOCKS:,} blocks: the columns {', '.join(self._keys)} have too many values. "
                    "Part rows by columns with few values, such as task and language."
                )
        self._bytes += table.nbytes
        if self._bytes > self._limit:
            self._flush()

    def _flush(self) -> None:
        for key, parts in self._held.items():
            if key not in self._writers:
                self._paths[key] = self._folder / f"{len(self._paths):04d}.parquet"
                self._writers[key] = pq.ParquetWriter(self._paths[key], parts[0].schema, compression="zstd")
            self._writers[key].write_table(pa.concat_tables(parts))
        self._held, self._bytes = {}, 0

    def close(self) -> list[Block]:
        self._flush()
        for writer in self._writers.values():
            writer.close()
        return [Block(key, self._paths[key], *self._sizes[key]) for key in sorted(self._sizes)]


def _parted(table: pa.Table, keys: Sequence[str]) -> Iterator[tuple[tuple[str, ...], pa.Table]]:
    if not keys:
        yield (), table
        return
    rows: dict[tuple[str, ...], list[int]] = {}
    for row, key in enumerate(zip(*(table[name].to_pylist() for name in keys), strict=True)):
        rows.setdefault(key, []).append(row)
    for key, numbers in sorted(rows.items()):
        yield key, table.take(pa.array(numbers, pa.int64()))


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f}"

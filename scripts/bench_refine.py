"""Seconds and peak memory of refining 100,000 rows with all text operators on, and of the same rows spread in parts.

Run with ``make bench-refine``; ``--rows N`` for another size. Everything is made from a seed in a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from seeded_task import SeededTask  # noqa: E402

from foundry_engine import registry  # noqa: E402
from foundry_engine.refinery import job, job_file  # noqa: E402

TEXT_OPERATORS = [
    *("normalise", "schema", "language", "length", "secrets", "pii", "redact", "toxicity", "exact_duplicates"),
    *(
        "conflicts",
        "near_duplicates",
        "twin_conflicts",
        "typo_twins",
        "boundary_twins",
        "families",
        "label_errors",
        "quality_score",
    ),
    "balance",
]


class Watch:
    """Says which block is at work."""

    def start(self, what: str, total: int) -> None:
        """A block begins."""
        print(f"{what}: {total:,} steps", flush=True)

    def advance(self, count: int = 1) -> None:
        """Nothing to show."""

    def finish(self) -> None:
        """Nothing to show."""


def write_rows(path: Path, rows: int, seed: int) -> None:
    """Short texts, half Chinese, half English, three tenths of them copies, some with numbers in them."""
    random = Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for language in ("zh", "en"):
            for row in SeededTask(seed, language).training(rows // 2, 0.05, 0.3):
                text = row.text + (f" {random.randrange(10**6)}" if random.random() < 0.1 else "")
                file.write(json.dumps({"text": text, "label": row.label}, ensure_ascii=False) + "\n")


def main() -> None:
    """Refine and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--without", default="", help="operators to leave out, separated by commas")
    options = parser.parse_args()
    there, without = registry.names("operators"), options.without.split(",")
    operators = [name for name in TEXT_OPERATORS if name in there and name not in without]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_rows(folder / "rows.jsonl", options.rows, 7)
        job_yaml = {"task": "bench", "inputs": [{"path": "rows.jsonl"}], "output": "out", "operators": operators}
        (folder / "refine.yaml").write_text(json.dumps(job_yaml), "utf-8")
        begun = time.perf_counter()
        result = job.run(job_file.load(folder / "refine.yaml"), progress=Watch())
        seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{options.rows:,} rows, {len(operators)} operators ({', '.join(operators)})")
    print(
        f"{seconds:.1f} s, {options.rows / seconds:,.0f} rows/s, peak {peak:.2f} GiB, {dict(result.summary['splits'])}"
    )


if __name__ == "__main__":
    main()

"""Near duplicates in one run: exactness against every pair counted, speed against datasketch, growth, planted rows.

``make bench-refinery``; exits 1 when a requirement is missed. Every timing is of a process of its own, from a list of
normalized texts to pairs with their similarities, so its memory is the peak of that process, texts and libraries
included. Ratios are of processor seconds (every engine is one thread), so that what else the machine does counts for
neither side; the 60 seconds for a million rows are of the clock. datasketch makes signatures of the same character
trigrams and answers with its own candidates, unchecked.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from planted_corpus import corpus  # noqa: E402
from planted_requests import OTHER, SAME, planted  # noqa: E402

from foundry_engine.features.normalizer import normalize  # noqa: E402
from foundry_engine.features.patterns import core_span  # noqa: E402
from foundry_engine.similarity.shingles import shingles  # noqa: E402

THRESHOLD, LENGTH = 0.85, 3
ITEMS = 20_000
"""Rows on which datasketch is timed one by one; its time grows a little faster than the rows."""


def cores(rows: int) -> list[str]:
    """Normalized texts of the corpus, without outer punctuation."""
    found = []
    for text in corpus(rows):
        normal = normalize(text)
        first, last = core_span(normal)
        found.append(normal[first:last] or normal)
    return found


def ours(texts: Sequence[str]) -> int:
    """All pairs with their similarity, as lists by row; gives their number."""
    from foundry_engine.similarity.similar_pairs import similar_pairs

    return len(similar_pairs(texts, THRESHOLD, length=LENGTH).lists(len(texts))[1]) // 2


def datasketch_items(texts: Sequence[str]) -> int:
    """Sign, ask, add, one text at a time."""
    from datasketch import MinHash, MinHashLSH

    lsh, found = MinHashLSH(threshold=THRESHOLD, num_perm=128), 0
    for number, text in enumerate(texts):
        signature = MinHash(num_perm=128)
        signature.update_batch([s.encode() for s in shingles(text, LENGTH)])
        found += len(lsh.query(signature))
        lsh.insert(number, signature, check_duplication=False)
    return found


def datasketch_bulk(texts: Sequence[str]) -> int:
    """Sign all, add all in a session, ask for each."""
    from datasketch import MinHash, MinHashLSH

    signatures = MinHash.bulk(([s.encode() for s in shingles(text, LENGTH)] for text in texts), num_perm=128)
    lsh = MinHashLSH(threshold=THRESHOLD, num_perm=128)
    with lsh.insertion_session() as session:
        for number, signature in enumerate(signatures):
            session.insert(number, signature, check_duplication=False)
    return sum(len(lsh.query(signature)) for signature in signatures)


ENGINES: dict[str, Callable[[Sequence[str]], int]] = {
    "ours": ours,
    "datasketch_items": datasketch_items,
    "datasketch_bulk": datasketch_bulk,
}


def timed(engine: str, rows: int, rounds: int) -> dict[str, float]:
    """Median seconds and peak GiB of a process that runs an engine that often."""
    command = [sys.executable, __file__, "--engine", engine, "--rows", str(rows), "--rounds", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def run_engine(engine: str, rows: int, rounds: int) -> dict[str, float]:
    """What ``timed`` asks its process for."""
    texts = cores(rows)
    ENGINES[engine](texts[:1_000])  # imports and first touches
    wall, cpu = [], []
    for _ in range(rounds):
        start, used = time.perf_counter(), time.process_time()
        found = ENGINES[engine](texts)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"rows": rows, "seconds": median(wall), "cpu": median(cpu), "gib": peak, "pairs": found}


def exactness(rows: int, join: str) -> dict[str, float]:
    """Recall and precision of a join against every pair of texts that share a shingle, counted.

    The truth is made from Python's sets by a sparse product, of which only pairs are left out whose sizes alone forbid
    the similarity. Of texts with equal shingles one is taken: the rest of them are its copies.
    """
    from foundry_engine.similarity.similar_pairs import similar_pairs

    sets = {shingles(text, LENGTH): text for text in cores(rows)}
    texts = [sets[s] for s in sorted(sets, key=lambda s: (len(s), sets[s]))]
    true = brute_force(texts)
    starts, others, _ = similar_pairs(texts, THRESHOLD, length=LENGTH, join=join).lists(len(texts))  # type: ignore[arg-type]
    got = {(i, j) for i in range(len(texts)) for j in others[starts[i] : starts[i + 1]].tolist() if i < j}
    return {
        "rows": len(texts),
        "pairs": len(true),
        "recall": len(got & true) / len(true),
        "precision": len(got & true) / max(1, len(got)),
    }


def brute_force(texts: Sequence[str]) -> set[tuple[int, int]]:
    """Pairs ``i < j`` of texts, sorted by size, with enough similarity."""
    import numpy as np
    import scipy.sparse as sp

    numbers: dict[str, int] = {}
    rows = [[numbers.setdefault(s, len(numbers)) for s in shingles(text, LENGTH)] for text in texts]
    sizes = np.array([len(row) for row in rows])
    starts = np.concatenate(([0], np.cumsum(sizes)))
    flat = np.fromiter((n for row in rows for n in row), dtype=np.int32, count=starts[-1])
    matrix = sp.csr_matrix((np.ones(len(flat), dtype=np.int16), flat, starts), shape=(len(rows), len(numbers)))
    found: set[tuple[int, int]] = set()
    for start in range(0, len(rows), 512):
        stop = min(start + 512, len(rows))
        last = int(np.searchsorted(sizes, sizes[stop - 1] / THRESHOLD + 1e-9, "right"))
        shared = sp.coo_matrix(matrix[start:stop] @ matrix[start:last].T)
        i, j, n = shared.row + start, shared.col + start, shared.data
        good = (i < j) & (n / (sizes[i] + sizes[j] - n) >= THRESHOLD)
        found.update(zip(i[good].tolist(), j[good].tolist(), strict=True))
    return found


def planted_rows(requests: int) -> dict[str, float]:
    """Share of rows of each planted kind that the operators remove; a pair of equal requests counts once."""
    from foundry_engine import blueprint, registry
    from foundry_engine.data_refiner import samples_table
    from foundry_engine.records import Sample, record_id

    rows = planted(requests)
    samples = [
        Sample(record_id("bench", "Request", p.text), p.text, "Request", "zh", "imported", "planted") for p in rows
    ]
    table = samples_table(samples, [])
    law = blueprint.load(ROOT / "blueprints" / "text_classification").constitutions["is_question"]
    for name in ("normalise", "exact_duplicates", "near_duplicates", "typo_twins"):
        operator = registry.find("operators", name)
        table = operator.apply(table, operator.Settings(), law)
    gone = [a or b for a, b in zip(*(table[n].to_pylist() for n in ("duplicate_of", "twin_of")), strict=True)]
    alike: dict[int, list[bool]] = {}
    shares: dict[str, list[bool]] = {}
    for row, tag in zip(rows, gone, strict=True):
        if row.kind.startswith(OTHER):
            shares.setdefault(row.kind, []).append(tag is not None)
        else:
            alike.setdefault(row.request, []).append(tag is not None)
    removed = sum(min(sum(tags), 2) for tags in alike.values()) / (2 * len(alike))
    other = [tag for tags in shares.values() for tag in tags]
    report = {f"removed {kind}": sum(tags) / len(tags) for kind, tags in sorted(shares.items())}
    return {"rows": len(rows), f"removed {SAME}": removed, f"removed {OTHER}": sum(other) / len(other), **report}


def main() -> int:
    """Run the parts that were asked for; 1 when a requirement is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=["exact", "speed", "growth", "planted"], action="append")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--largest", type=int, default=1_000_000, help="rows of the last step of growth")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--engine", choices=list(ENGINES), help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(run_engine(options.engine, options.rows, options.rounds)))
        return 0
    parts = options.part or ["exact", "speed", "growth", "planted"]
    figures: dict[str, Any] = {}
    missed: list[str] = []
    for part in parts:
        found, requirements = PARTS[part](options)
        figures[part] = found
        missed += [f"{part}: {what}" for what, reached in requirements.items() if not reached]
        if not options.json:
            print(part, json.dumps(found, indent=1), flush=True)
    if options.json:
        print(json.dumps({"figures": figures, "missed": missed}))
    for what in missed:
        print(f"missed: {what}", file=sys.stderr)
    return 1 if missed else 0


Found = tuple[dict[str, Any], dict[str, bool]]


def _exact(options: argparse.Namespace) -> Found:
    found = {join: exactness(options.rows, join) for join in ("exact", "bands")}
    good = {f"{join} recall": f["recall"] >= 0.999 for join, f in found.items()}
    return found, {**good, **{f"{join} precision": f["precision"] == 1 for join, f in found.items()}}


def _speed(options: argparse.Namespace) -> Found:
    mine, bulk = timed("ours", options.rows, 3), timed("datasketch_bulk", options.rows, 1)
    items = timed("datasketch_items", min(ITEMS, options.rows), 1)
    each = {name: f["cpu"] / f["rows"] for name, f in (("ours", mine), ("items", items), ("bulk", bulk))}
    ratio = {"items": each["items"] / each["ours"], "bulk": each["bulk"] / each["ours"]}
    found = {"ours": mine, "datasketch_items": items, "datasketch_bulk": bulk, "times_faster": ratio}
    return found, {
        "20 x an item": ratio["items"] >= 20,
        "5 x bulk": ratio["bulk"] >= 5,
        "1 GiB": mine["gib"] <= 1,
    }


def _growth(options: argparse.Namespace) -> Found:
    steps = [options.rows // 5, options.rows, options.rows * 5]
    taken = {rows: timed("ours", rows, 3 if rows <= options.rows else 1) for rows in [*steps, options.largest]}
    first, second = (taken[b]["cpu"] / taken[a]["cpu"] for a, b in pairwise(steps))
    found = {"runs": list(taken.values()), "x5": [first, second]}
    last = taken[options.largest]
    return found, {
        "x5 rows <= x8": first <= 8,
        "x5 rows <= x11": second <= 11,
        "60 s": last["seconds"] <= 60,
        "6 GiB": last["gib"] <= 6,
    }


def _planted(options: argparse.Namespace) -> Found:
    found = planted_rows(options.rows // 25)
    return found, {
        "99 % of the same removed": found[f"removed {SAME}"] >= 0.99,
        "1 % of others removed": found[f"removed {OTHER}"] <= 0.01,
    }


PARTS = {"exact": _exact, "speed": _speed, "growth": _growth, "planted": _planted}

if __name__ == "__main__":
    sys.exit(main())

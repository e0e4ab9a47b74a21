"""Pairs that datasketch's ``MinHashLSH`` proposes, its bulk way: the library everyone compares with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from datasketch import MinHash, MinHashLSH

from foundry_engine.similarity.shingle_table import Ints, ShingleTable

PERMUTATIONS = 128


def candidates(table: ShingleTable, threshold: float) -> Iterator[tuple[Ints, Ints]]:
    """Sets ``i < j`` that share a band in datasketch's own layout, each pair once, ascending.

    At its own threshold the library misses many pairs; what it proposes is still counted exactly afterwards.
    """
    if len(table) < 2:
        return
    tokens = [[int(t).to_bytes(4, "little") for t in table.tokens[a:b]] for a, b in _bounds(table)]
    signatures = MinHash.bulk(tokens, num_perm=PERMUTATIONS, seed=1)
    lsh = MinHashLSH(threshold=min(threshold, 0.999), num_perm=PERMUTATIONS)
    with lsh.insertion_session() as session:
        for number, signature in enumerate(signatures):
            session.insert(number, signature, check_duplication=False)
    for number, signature in enumerate(signatures):
        others = np.array(sorted(n for n in lsh.query(signature) if n > number), dtype=np.int64)
        yield np.full(len(others), number, dtype=np.int64), others


def _bounds(table: ShingleTable) -> Iterator[tuple[int, int]]:
    return zip(table.starts[:-1].tolist(), table.starts[1:].tolist(), strict=True)

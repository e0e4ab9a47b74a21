"""An index of accepted texts that answers, one text at a time, whether a near duplicate is in it.

datasketch's ``MinHashLSH`` proposes, exact Jaccard decides: a shared band alone is never a duplicate.
"""

from __future__ import annotations

from zlib import crc32

from datasketch import MinHash, MinHashLSH

from foundry_engine.similarity.shingles import jaccard

PERMUTATIONS = 64
BULK = 16
"""From this many texts datasketch's bulk way is faster; it makes the same signatures."""
PROPOSAL_MARGIN = 0.15
"""Bands are laid out for a lower threshold than the wanted one, because at its own threshold MinHash misses many."""


class OnlineIndex:
    """Texts added so far, in the order they were added; they are signed in bulk when the first question comes."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._lsh = MinHashLSH(threshold=max(0.3, threshold - PROPOSAL_MARGIN), num_perm=PERMUTATIONS)
        self._sets: list[frozenset[str]] = []
        self._indexed = 0
        self._empty = MinHash(num_perm=PERMUTATIONS, seed=1, hashfunc=crc32)

    def near(self, shingle_set: frozenset[str]) -> list[int]:
        """Ascending numbers of the texts with Jaccard similarity at or above the threshold."""
        for signature in self._signatures(self._sets[self._indexed :]):
            self._lsh.insert(self._indexed, signature, check_duplication=False)
            self._indexed += 1
        (question,) = self._signatures([shingle_set])
        proposed = self._lsh.query(question)
        return sorted(n for n in proposed if jaccard(self._sets[n], shingle_set) >= self._threshold)

    def add(self, shingle_set: frozenset[str]) -> int:
        """Add a text's shingles; gives its number."""
        self._sets.append(shingle_set)
        return len(self._sets) - 1

    def _signatures(self, shingle_sets: list[frozenset[str]]) -> list[MinHash]:
        encoded = [[shingle.encode("utf-8", "surrogatepass") for shingle in s] for s in shingle_sets]
        if len(encoded) > BULK:
            return list(MinHash.bulk(encoded, num_perm=PERMUTATIONS, seed=1, hashfunc=crc32))
        signatures = [self._empty.copy() for _ in encoded]
        for signature, tokens in zip(signatures, encoded, strict=True):
            signature.update_batch(tokens)
        return signatures

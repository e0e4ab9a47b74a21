"""Tags rows a slip of the finger away from a better row: removed only when digits, negation and label agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.constitution import Constitution
from foundry_engine.features.normalizer import normalize
from foundry_engine.refinery.neighbours import Ints, Neighbours
from foundry_engine.refinery.preference import ranks
from foundry_engine.similarity.guards import MOST_SLIPS, forms, is_typo_twin

SCOPE = "dataset"
RARER = 20
"""A form so many times rarer than what stands in its place is a slip, however often it was made."""


class Settings(BaseModel):
    """The rule is ``similarity.guards.is_typo_twin`` among neighbours, and a guard on words.

    ``attested`` is in how many texts a word (or a pair of Chinese characters) has to stand to be taken for meant: two
    texts that differ only in meant words, as *kitchen* and *bedroom* are, ask for two things. 0 switches this off.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    attested: Annotated[int, Field(ge=0)] = 3


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``twin_of``: id of the kept row this one is a twin of, or null.

    A kept row absorbs its direct twins only (stars, not chains), so every removed row is close to a row that stays.
    """
    from foundry_engine.similarity.letter_sketches import letter_sketches

    negations = [normalize(text) for text in constitution.negations]
    ids, cores = table["id"].to_pylist(), table["core"].to_pylist()
    order = np.array(sorted(range(len(ids)), key=ranks(table).__getitem__), dtype=np.int64)
    place = np.empty(len(ids), dtype=np.int64)
    place[order] = np.arange(len(ids))
    alive = table["duplicate_of"].is_null().to_numpy()
    rows = _Rows(table, letter_sketches(cores))
    pairs = [rows.near(a, b) for a, b in Neighbours.of(table).row_pairs(order[alive[order]])]
    found = np.concatenate([*pairs, np.empty((2, 0), dtype=np.int64)], axis=1)
    better = np.where(place[found[0]] < place[found[1]], found[0], found[1])
    worse = found.sum(axis=0) - better
    by_rank = np.lexsort((place[worse], place[better]))
    candidates = list(zip(better[by_rank].tolist(), worse[by_rank].tolist(), strict=True))
    meant = _Meant(cores, candidates, settings.attested)
    twin_of: list[str | None] = [None] * len(ids)
    for one, other in candidates:
        if twin_of[one] is None and twin_of[other] is None:
            a, b = cores[one], cores[other]
            if is_typo_twin(a, b, negations) and not meant.differ(a, b):
                twin_of[other] = ids[one]
    return table.append_column("twin_of", pa.array(twin_of, pa.string()))


class _Rows:
    """What is cheap to know of every row: enough to put nearly all pairs aside that are no twins."""

    def __init__(self, table: pa.Table, letters: npt.NDArray[np.uint64]) -> None:
        label, core = (table[name].combine_chunks().dictionary_encode() for name in ("label", "core"))
        self._label, self._core = label.indices.to_numpy(), core.indices.to_numpy()
        self._length = np.fromiter(map(len, table["core"].to_pylist()), dtype=np.int64, count=table.num_rows)
        self._letters = letters

    def near(self, a: Ints, b: Ints) -> Ints:
        """The pairs, ``[2, n]``, of one label whose different cores may be as near as slips leave them."""
        mine, theirs = self._length[a], self._length[b]
        slips = np.clip(np.maximum(mine, theirs) // 20, 1, MOST_SLIPS)
        good = (self._label[a] == self._label[b]) & (self._core[a] != self._core[b])
        good &= np.abs(mine - theirs) <= slips
        good &= np.bitwise_count(self._letters[a] ^ self._letters[b]) <= 2 * slips
        return np.stack((a[good], b[good]))


class _Meant:
    """Knows which of the forms that pairs differ in stand in enough texts to be meant."""

    def __init__(self, cores: Sequence[str], pairs: Iterable[tuple[int, int]], attested: int) -> None:
        self._attested = attested
        wanted: set[str] = set()
        if attested:
            wanted.update(*(forms(cores[one]) ^ forms(cores[other]) for one, other in pairs))
        self._texts: Counter[str] = Counter()
        for core in set(cores) if wanted else ():
            self._texts.update(forms(core) & wanted)

    def differ(self, a: str, b: str) -> bool:
        """Whether the texts differ in words, and both of them in words that are meant."""
        mine, theirs = forms(a), forms(b)
        rarest = [min(self._texts[form] for form in only) for only in (mine - theirs, theirs - mine) if only]
        return bool(rarest) and min(rarest) >= max(self._attested, max(rarest) / RARER) and self._attested > 0

"""Tags rows with their family: what was made from one mould or pair, or is a near duplicate, belongs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.constitution import Constitution
from foundry_engine.refinery.decide import removal_reasons
from foundry_engine.refinery.neighbours import Floats, Ints, Neighbours, components
from foundry_engine.refinery.preference import ranks

SCOPE = "dataset"
Limit = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """``largest`` bounds how many rows similarity may link into one family; moulds and pairs are joined whatever it is.

    Without it, chains of similar texts would make a large dataset one family, which no split can part. Links are made
    from the most similar on. ``keep`` is how many rows of a family stay; unset, all do.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    largest: Limit = 1000
    keep: Limit | None = None


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``family``: the smallest id of the family's rows. Families are never split.

    With ``keep`` also ``crowded_by``: the family of a row beyond those that stay, or null. The best rows stay; rows
    that a tag before this one removes, or that are only tested on, are not counted.
    """
    ids = np.array(table["id"].to_pylist(), dtype=str)
    by_id = np.argsort(ids, kind="stable")
    place = np.empty(len(ids), dtype=np.int64)
    place[by_id] = np.arange(len(ids))
    group = _groups(table, Neighbours.of(table), place, settings.largest)
    smallest = np.full(int(group.max(initial=-1)) + 1, len(ids))
    np.minimum.at(smallest, group, place)
    family = ids[by_id][smallest[group]].tolist()
    table = table.append_column("family", pa.array(family, pa.string()))
    if settings.keep is not None:
        table = table.append_column("crowded_by", pa.array(_crowded(table, family, settings.keep), pa.string()))
    return table


def _groups(table: pa.Table, found: Neighbours, place: Ints, largest: int) -> Ints:
    """A number for each row: joined by mould, pair and equal shingles first, then by similarity."""
    columns: tuple[Sequence[str | int], ...] = (
        table["mould"].to_pylist(),
        table["pair"].to_pylist(),
        found.star.tolist(),
    )
    links = np.array([link for column in columns for link in _links(column)], dtype=np.int64).reshape(-1, 2)
    group = components(len(place), links[:, 0], links[:, 1])
    row_of = np.zeros(len(place), dtype=np.int64)
    row_of[found.star] = np.arange(len(place))
    a, b = group[row_of[found.a]], group[row_of[found.b]]
    linked = components(len(place), a, b)
    sizes = np.bincount(linked[group], minlength=len(place))
    crowd = sizes[linked] > largest
    if crowd.any():
        some = crowd[a]
        linked[crowd] = (
            len(place) + _linked_up_to(largest, group, place, a[some], b[some], found.similarity[some])[crowd]
        )
    return np.asarray(linked[group])


def _links(values: Sequence[str | int]) -> Iterator[tuple[int, int]]:
    """Rows of equal value, each with the one before; empty text is no value."""
    rows: dict[str | int, list[int]] = {}
    for row, value in enumerate(values):
        if value != "":
            rows.setdefault(value, []).append(row)
    return (link for members in rows.values() for link in pairwise(members))


def _linked_up_to(largest: int, group: Ints, place: Ints, a: Ints, b: Ints, similarity: Floats) -> Ints:
    """Groups joined from the most similar on, ties by their smallest ids, while together they are not too large."""
    count = np.bincount(group, minlength=len(place)).tolist()
    name = np.full(len(place), len(place))
    np.minimum.at(name, group, place)
    low, high = np.minimum(name[a], name[b]), np.maximum(name[a], name[b])
    order = np.lexsort((high, low, -similarity))
    parent = list(range(len(place)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in zip(a[order].tolist(), b[order].tolist(), strict=True):
        one, other = root(one), root(other)
        if one != other and count[one] + count[other] <= largest:
            parent[other] = one
            count[one] += count[other]
    return np.array([root(node) for node in range(len(place))], dtype=np.int64)


def _crowded(table: pa.Table, family: list[str], keep: int) -> list[str | None]:
    withheld, gone, rank = table["withheld"].to_pylist(), removal_reasons(table), ranks(table)
    crowded: list[str | None] = [None] * len(family)
    kept: Counter[str] = Counter()
    for row in sorted(range(len(family)), key=rank.__getitem__):
        if not gone[row] and not withheld[row]:
            kept[family[row]] += 1
            if kept[family[row]] > keep:
                crowded[row] = family[row]
    return crowded

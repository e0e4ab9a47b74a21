"""The quality of a dataset: a vector of parts from 0 to 1, each with an interval, and one number made of them last.

The interval is a bootstrap over families (relatives are drawn together): each family's weight in a replicate is a
Poisson(1) number computed from a hash of its name, so replicates of blocks simply add up.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

REPLICATES = 200
WEIGHTS = {
    "validity": 1.0,
    "uniqueness": 1.0,
    "label_health": 1.0,
    "balance": 0.5,
    "diversity": 0.5,
    "safety": 1.0,
    "split_hygiene": 1.0,
}
"""How much each part counts in the one number; the blueprint may say otherwise under ``quality_score``."""
FAIR_SHARE = 0.1
"""The smallest class is no worry from this share of an even one."""
POISSON = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(12)])

Sums = dict[str, list[float]]
"""Name of a count: its value over all rows, then in each replicate. Sums of blocks add up."""


def sums(
    families: Sequence[str], counts: Mapping[str, Sequence[bool]], labels: Sequence[str], copies: Sequence[int] = ()
) -> Sums:
    """Counts of rows, of rows with each flag and of rows of each label, with their replicates.

    ``copies`` is how many equal rows a row stands for; all but one are duplicates.
    """
    place: dict[str, int] = {}
    row_family = np.array([place.setdefault(family, len(place)) for family in families], dtype=np.int64)
    weights = np.vstack([np.ones((1, len(place)), dtype=np.uint8), _replicates(list(place))])
    times = np.asarray(copies, dtype=float) if len(copies) else np.ones(len(families))
    flags = {"rows": times, **{name: np.asarray(flag, dtype=float) * times for name, flag in counts.items()}}
    if "duplicate" in counts:
        flags["duplicate"] = np.where(np.asarray(counts["duplicate"], dtype=bool), times, times - 1)
    names = np.array(labels, dtype=object)
    flags.update({f"label:{label}": (names == label) * times for label in sorted(set(labels))})
    found = {}
    for name, flag in flags.items():
        per_family = np.bincount(row_family, weights=flag, minlength=len(place)) if len(families) else np.zeros(0)
        found[name] = [float(value) for value in weights @ per_family]
    found["families"] = [float(value) for value in weights.sum(axis=1, dtype=np.int64)]
    return found


def merged(parts: Sequence[Sums]) -> Sums:
    """Sums of several blocks as one."""
    total: dict[str, npt.NDArray[np.float64]] = defaultdict(lambda: np.zeros(REPLICATES + 1))
    for part in parts:
        for name, values in part.items():
            total[name] = total[name] + np.array(values)
    return {name: values.tolist() for name, values in sorted(total.items())}


def score(found: Sums, weights: Mapping[str, float] = WEIGHTS) -> dict[str, Any]:
    """Each part with its 95 % interval, then ``total``, their weighted geometric mean. Unknown parts are null."""
    columns = {name: np.array(values) for name, values in found.items()}
    vectors = {name: _part(name, columns) for name in WEIGHTS}
    known = {name: vector for name, vector in vectors.items() if vector is not None and weights.get(name, 0) > 0}
    logs = sum(weights[name] * np.log(np.maximum(vector, 1e-9)) for name, vector in known.items())
    total = np.exp(logs / (sum(weights[name] for name in known) or 1.0))
    described = {name: None if vector is None else _described(vector) for name, vector in vectors.items()}
    return {"parts": described, "total": _described(np.broadcast_to(total, (REPLICATES + 1,)))}


def _part(name: str, sums: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.float64] | None:
    rows = sums.get("rows", np.zeros(REPLICATES + 1))
    if name == "balance":
        return _balance([values for key, values in sums.items() if key.startswith("label:")])
    if name == "diversity":
        return _share(sums["families"], rows) if "families" in sums else None
    if name == "split_hygiene":
        return 1 - _share(sums["near_training"], sums["tested"]) if "tested" in sums else None
    flag = {"validity": "invalid", "uniqueness": "duplicate", "label_health": "suspect", "safety": "sensitive"}[name]
    return 1 - _share(sums[flag], rows) if flag in sums else None


def _balance(labels: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64] | None:
    """Entropy of the labels against the even one, times how far the smallest reaches ``FAIR_SHARE`` of even."""
    if len(labels) < 2:
        return None
    counts = np.array(labels)
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    entropy = -(shares * np.log(np.maximum(shares, 1e-12))).sum(axis=0) / math.log(len(labels))
    return np.asarray(entropy * np.minimum(1.0, shares.min(axis=0) * len(labels) / FAIR_SHARE))


def _share(part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    shares = np.where(whole > 0, part / np.maximum(whole, 1), 0.0)
    return np.where(whole > 0, shares, shares[0])  # a replicate that drew nobody says nothing


def _described(values: npt.NDArray[np.float64]) -> dict[str, float]:
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return {"value": round(float(values[0]), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def _replicates(names: list[str]) -> npt.NDArray[np.uint8]:
    """``[REPLICATES, families]`` Poisson(1) weights from each name's hash: the same on any machine."""
    if not names:
        return np.zeros((REPLICATES, 0), dtype=np.uint8)
    digests = b"".join(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest() for name in names)
    seeds = np.frombuffer(digests, dtype="<u8")
    weights = np.empty((REPLICATES, len(names)), dtype=np.uint8)
    for number in range(REPLICATES):
        mixed = seeds + np.uint64((number + 1) * 0x9E3779B97F4A7C15 % 2**64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        uniform = (mixed >> np.uint64(11)).astype(np.float64) / 2**53
        weights[number] = np.searchsorted(POISSON, uniform, side="right")
    return weights

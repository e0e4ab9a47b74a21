"""What one block's refining found, as counts and short lists that blocks can be added up from."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from foundry_engine.refinery import decide, score
from foundry_engine.refinery.outcome import Outcome
from foundry_engine.refinery.splits import TEST, WITHHELD
from foundry_engine.refinery.written import written_texts

LENGTHS = (0, 5, 10, 15, 20, 30, 40, 60, 80, 120, 200, 500, 1_000)
"""Lower bounds of the bins of code points."""
SIMILARITIES = tuple(round(0.05 * n, 2) for n in range(20))
"""Lower bounds of the bins of Jaccard similarity; 1 falls into the last."""
FAMILIES = (1, 2, 3, 5, 9, 17, 33, 65, 129, 257, 513, 1_025)
"""Lower bounds of the bins of rows a family."""
WORST, MOULDS, CONFLICTS, SAMPLES = 50, 20, 50, 5
"""How many rows the lists show."""
SHOWN = 120
"""Code points of a text that are shown."""
INVALID = ("schema_problem", "length_problem", "language_problem")
SENSITIVE = ("secrets", "pii")
"""Columns of what a scanner found: a list of structs with ``kind``, ``start`` and ``end``; empty or null is clean."""

Tally = dict[str, Any]


def tally(outcome: Outcome, copies: int = 0) -> Tally:
    """Counts and lists of one block; ``copies`` rows were equal to one of its rows and are counted as duplicates."""
    table, rows = outcome.table, _Rows(outcome)
    label_in, label_kept = Counter[str](), Counter(rows.label[row] for row in rows.kept)
    for label, count in zip(rows.label, rows.copies, strict=True):
        label_in[label] += count
    return {
        "rows_in": table.num_rows + copies,
        "kept": dict(Counter(split for split in outcome.splits if split)),
        "removed": dict(Counter({"copy": copies}) + Counter(reason for reason in outcome.reasons if reason)),
        "tagged": _tagged(table),
        "labels": {name: [label_in[name], label_kept[name]] for name in sorted(label_in)},
        "languages": dict(Counter(rows.language[r] for r in rows.kept)),
        "lengths": rows.lengths(),
        "similarity": _similarity(table),
        "families": _family_sizes(rows),
        "suspects": _suspects(table, rows),
        "moulds": _moulds(rows),
        "conflicts": _conflicts(table, rows),
        "sensitive": {name: _kinds(table, name) for name in SENSITIVE if name in table.column_names},
        "samples": _samples(rows, outcome.reasons),
        "before": score.sums(rows.family, _flags(table, outcome, after=False), rows.label, rows.copies),
        "after": _after(outcome, rows),
    }


def merged(parts: Sequence[Tally]) -> Tally:
    """The tallies of several blocks as one."""
    whole: Tally = {}
    for key in ("rows_in",):
        whole[key] = sum(part[key] for part in parts)
    for key in ("kept", "removed", "tagged", "languages"):
        whole[key] = dict(sorted(sum((Counter(part[key]) for part in parts), Counter()).items()))
    for key in ("labels", "lengths", "similarity", "families"):
        whole[key] = _added(part[key] for part in parts)
    confusion = sum((Counter(dict(map(_pair, part["suspects"]["confusion"]))) for part in parts), Counter())
    worst = sorted((row for part in parts for row in part["suspects"]["worst"]), key=lambda r: (r["score"], r["id"]))
    whole["suspects"] = {
        "known": any(part["suspects"]["known"] for part in parts),
        "rows": sum(part["suspects"]["rows"] for part in parts),
        "pruning": [p for part in parts for p in part["suspects"]["pruning"]],
        "confusion": [[*pair, count] for pair, count in sorted(confusion.items())],
        "worst": worst[:WORST],
    }
    moulds = (row for part in parts for row in part["moulds"])
    whole["moulds"] = sorted(moulds, key=lambda row: (-row["rows"], row["family"]))[:MOULDS]
    whole["conflicts"] = {
        "texts": sum(part["conflicts"]["texts"] for part in parts),
        "shown": [row for part in parts for row in part["conflicts"]["shown"]][:CONFLICTS],
    }
    scanners = sorted({name for part in parts for name in part["sensitive"]})
    whole["sensitive"] = {
        n: _added([part["sensitive"][n] for part in parts if n in part["sensitive"]]) for n in scanners
    }
    samples: dict[str, list[Any]] = defaultdict(list)
    for part in parts:
        for reason, rows in part["samples"].items():
            samples[reason] = (samples[reason] + rows)[:SAMPLES]
    whole["samples"] = dict(sorted(samples.items()))
    for key in ("before", "after"):
        whole[key] = score.merged([part[key] for part in parts])
    return whole


class _Rows:
    """The columns the lists are made of; texts are shown short, with what a scanner found in them masked."""

    def __init__(self, outcome: Outcome) -> None:
        table = outcome.table
        self.ids, self.label, self.language = (table[n].to_pylist() for n in ("id", "label", "language"))
        self.family, self.text = table["family"].to_pylist(), written_texts(table)
        self.copies = table["copies"].to_pylist() if "copies" in table.column_names else [1] * table.num_rows
        self.kept = [row for row, split in enumerate(outcome.splits) if split]
        redacted = "redacted" in table.column_names
        self._found = [] if redacted else [table[name].to_pylist() for name in SENSITIVE if name in table.column_names]

    def shown(self, row: int) -> str:
        text = self.text[row]
        spans = sorted((f["start"], f["end"], f["kind"]) for found in self._found for f in found[row] or ())
        for start, end, kind in reversed(spans):
            text = f"{text[:start]}[{kind}]{text[end:]}"
        return text if len(text) <= SHOWN else text[:SHOWN] + "…"

    def lengths(self) -> dict[str, list[int]]:
        """Bins of code points of the rows read and kept, by language."""
        bins: dict[str, list[int]] = {}
        kept = set(self.kept)
        for row, text in enumerate(self.text):
            place = bisect_right(LENGTHS, len(text)) - 1
            for name, count in (("read", self.copies[row]), ("kept", int(row in kept))):
                bins.setdefault(f"{self.language[row]} {name}", [0] * len(LENGTHS))[place] += count
        return dict(sorted(bins.items()))


def _tagged(table: pa.Table) -> dict[str, int]:
    """Rows with each tag that may remove, whether or not it did."""
    counts = {}
    for column, reason in decide.REASONS:
        if column in table.column_names:
            counts[reason] = sum(1 for tag in table[column].to_pylist() if tag not in (None, False))
    return counts


def _similarity(table: pa.Table) -> dict[str, list[int]]:
    """Bins of the similarity of neighbours, each pair once."""
    if "neighbours" not in table.column_names:
        return {}
    pairs = pc.list_flatten(table["neighbours"])
    values = pc.struct_field(pairs, "similarity").to_pylist()
    bins = [0] * len(SIMILARITIES)
    for value, count in Counter(values).items():
        bins[min(int(value * 20 + 1e-9), 19)] += count
    return {"pairs": [count // 2 for count in bins]}


def _family_sizes(rows: _Rows) -> dict[str, list[int]]:
    bins = [0] * len(FAMILIES)
    for size in Counter(rows.family[row] for row in rows.kept).values():
        bins[bisect_right(FAMILIES, size) - 1] += 1
    return {"families": bins}


def _suspects(table: pa.Table, rows: _Rows) -> dict[str, Any]:
    if "label_suspect" not in table.column_names:
        return {"known": False, "rows": 0, "pruning": [], "confusion": [], "worst": []}
    found = [(row, tag) for row, tag in enumerate(table["label_suspect"].to_pylist()) if tag]
    worst = sorted(found, key=lambda pair: (pair[1]["score"], rows.ids[pair[0]]))[:WORST]
    confusion = Counter((rows.label[row], tag["suggested"]) for row, tag in found)
    pruned = any(tag is not None for tag in table["label_error"].to_pylist())
    return {
        "known": True,
        "rows": len(found),
        "pruning": [{**dict(tag["evidence"]), "pruned": pruned} for _, tag in found[:1]],
        "confusion": [[*pair, count] for pair, count in sorted(confusion.items())],
        "worst": [
            {
                "id": rows.ids[r],
                "text": rows.shown(r),
                "given": rows.label[r],
                **{k: tag[k] for k in ("suggested", "score")},
            }
            for r, tag in worst
        ],
    }


def _moulds(rows: _Rows) -> list[dict[str, Any]]:
    members: dict[str, list[int]] = defaultdict(list)
    for row in rows.kept:
        members[rows.family[row]].append(row)
    largest = sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))[:MOULDS]
    return [
        {
            "family": family,
            "rows": len(found),
            "labels": sorted({rows.label[row] for row in found}),
            "examples": [rows.shown(row) for row in sorted(found, key=lambda r: rows.ids[r])[:3]],
        }
        for family, found in largest
        if len(found) > 1
    ]


def _conflicts(table: pa.Table, rows: _Rows) -> dict[str, Any]:
    if "conflict" not in table.column_names:
        return {"texts": 0, "shown": []}
    groups: dict[str, list[int]] = defaultdict(list)
    normalized = table["normalized"].to_pylist()
    for row, tag in enumerate(table["conflict"].to_pylist()):
        if tag:
            groups[normalized[row]].append(row)
    shown = [
        {"text": rows.shown(found[0]), "labels": dict(sorted(Counter(rows.label[row] for row in found).items()))}
        for _, found in sorted(groups.items())[:CONFLICTS]
    ]
    return {"texts": len(groups), "shown": shown}


def _kinds(table: pa.Table, name: str) -> dict[str, int]:
    """Finds by kind, never what was found."""
    return dict(sorted(Counter(f["kind"] for found in table[name].to_pylist() for f in found or ()).items()))


def _samples(rows: _Rows, reasons: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """The first rows, by id, that each reason removed."""
    found: dict[str, list[int]] = defaultdict(list)
    for row, reason in enumerate(reasons):
        if reason:
            found[reason].append(row)
    return {
        reason: [
            {"id": rows.ids[r], "label": rows.label[r], "text": rows.shown(r)}
            for r in sorted(numbers, key=lambda r: rows.ids[r])[:SAMPLES]
        ]
        for reason, numbers in sorted(found.items())
    }


def _flags(table: pa.Table, outcome: Outcome, after: bool) -> dict[str, list[bool]]:
    """What the parts of the score count, for every row."""

    def tagged(names: Iterable[str]) -> list[bool] | None:
        there = [table[name].to_pylist() for name in names if name in table.column_names]
        return (
            [any(tag not in (None, False, []) for tag in tags) for tags in zip(*there, strict=True)] if there else None
        )

    flags = {
        "invalid": tagged(INVALID),
        "duplicate": tagged(("duplicate_of", "twin_of")),
        "suspect": tagged(("label_suspect",)),
        "sensitive": tagged(SENSITIVE),
    }
    if after and "neighbours" in table.column_names:
        flags["tested"] = [split in (TEST, WITHHELD) for split in outcome.splits]
        flags["near_training"] = outcome.near_training()
    elif "neighbours" in table.column_names:
        near = [reason == decide.NEAR_TRAINING for reason in outcome.reasons]
        flags["near_training"] = near
        flags["tested"] = [n or s in (TEST, WITHHELD) for n, s in zip(near, outcome.splits, strict=True)]
    return {name: flag for name, flag in flags.items() if flag is not None}


def _after(outcome: Outcome, rows: _Rows) -> score.Sums:
    """The sums of the rows that stay."""
    flags = _flags(outcome.table, outcome, after=True)
    kept = rows.kept
    return score.sums(
        [rows.family[r] for r in kept],
        {name: [flag[r] for r in kept] for name, flag in flags.items()},
        [rows.label[r] for r in kept],
    )


def _added(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts, or lists of counts, added by name."""
    whole: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if name not in whole:
                whole[name] = value
            elif isinstance(value, list):
                whole[name] = [a + b for a, b in zip(whole[name], value, strict=True)]
            else:
                whole[name] += value
    return dict(sorted(whole.items()))


def _pair(entry: Sequence[Any]) -> tuple[tuple[Any, Any], int]:
    return (entry[0], entry[1]), int(entry[2])

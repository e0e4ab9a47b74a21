"""What the refinery found: counts, duplicates, diversity and lengths, as data and as text."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from statistics import mean, median
from typing import Any, TypeVar

import pyarrow as pa

from foundry_engine.features.ngrams import words
from foundry_engine.features.unicode_tables import CLASS, SPACELESS
from foundry_engine.refinery.written import written_texts

OVERUSED = 5
"""Moulds a generation order says to avoid."""
Key = TypeVar("Key", bound=tuple[str, ...])


def report(table: pa.Table, splits: list[str], reasons: list[str]) -> dict[str, object]:
    """The quality report: all counts are of rows; shares are 0 to 1."""
    languages, labels, sources = (table[name].to_pylist() for name in ("language", "label", "source"))
    texts, families = table["normalized"].to_pylist(), table["family"].to_pylist()
    kept = [row for row, split in enumerate(splits) if split]
    groups = [(splits[row], languages[row], labels[row]) for row in kept]
    return {
        "rows_in": table.num_rows,
        "rows_kept": len(kept),
        "removed": dict(sorted(Counter(reason for reason in reasons if reason).items())),
        "counts": [{"split": s, "language": lang, "label": label, "rows": n} for (s, lang, label), n in _table(groups)],
        "sources": [
            {"source": source, "language": lang, "rows": n}
            for (source, lang), n in _table([(sources[row], languages[row]) for row in kept])
        ],
        "uniqueness": _share(len(kept), table.num_rows),
        "families": len({families[row] for row in kept}),
        "diversity": {
            lang: _diversity([texts[row] for row in kept if languages[row] == lang]) for lang in sorted(set(languages))
        },
        "length": {
            lang: _lengths([len(texts[row]) for row in kept if languages[row] == lang])
            for lang in sorted(set(languages))
        },
    }


def generation_order(table: pa.Table, splits: list[str]) -> list[dict[str, object]]:
    """What to ask a generator for next: texts missing from each group to reach the largest one of its language.

    ``avoid`` shows a text of each of the group's largest moulds: what there is enough of.
    """
    groups = Counter(
        (language, label)
        for language, label, split in zip(
            table["language"].to_pylist(), table["label"].to_pylist(), splits, strict=True
        )
        if split == "train"
    )
    overused = _overused(table, splits)
    largest = {language: max(n for (lang, _), n in groups.items() if lang == language) for language, _ in groups}
    return [
        {
            "language": language,
            "label": label,
            "rows": n,
            "missing": largest[language] - n,
            "avoid": overused[language, label],
        }
        for (language, label), n in sorted(groups.items())
        if n < largest[language]
    ]


def _overused(table: pa.Table, splits: list[str]) -> dict[tuple[str, str], list[str]]:
    """For each group the text with the smallest id of each of its largest families."""
    ids, texts = table["id"].to_pylist(), written_texts(table)
    families = table["family"].to_pylist() if "family" in table.column_names else ids
    groups: dict[tuple[str, str], dict[str, list[int]]] = {}
    languages, labels = table["language"].to_pylist(), table["label"].to_pylist()
    for row, (split, language, label) in enumerate(zip(splits, languages, labels, strict=True)):
        if split == "train":
            groups.setdefault((language, label), {}).setdefault(families[row], []).append(row)
    found = {}
    for group, members in groups.items():
        largest = sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))[:OVERUSED]
        found[group] = [texts[min(rows, key=ids.__getitem__)] for _, rows in largest if len(rows) > 1]
    return found


def as_text(data: Mapping[str, Any]) -> str:
    """The report as a page of plain text."""
    lines = [f"rows in {data['rows_in']}, kept {data['rows_kept']}, families {data['families']}"]
    lines += [f"  removed {count:6d}  {reason}" for reason, count in data["removed"].items()]
    lines.append("")
    lines += [
        f"  {row['split']:12s} {row['language']:3s} {row['label']!s:16s} {row['rows']:6d}" for row in data["counts"]
    ]
    for name in ("length", "diversity"):
        lines.append("")
        for language, parts in data[name].items():
            lines.append(f"{name} {language}: " + ", ".join(f"{key} {value}" for key, value in parts.items()))
    return "\n".join(lines) + "\n"


def _table(keys: list[Key]) -> list[tuple[Key, int]]:
    return sorted(Counter(keys).items())


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _lengths(lengths: list[int]) -> dict[str, object]:
    """Code points of normalized texts, and a histogram of ten bins up to the longest."""
    if not lengths:
        return {}
    top = max(lengths)
    bins = [0] * 10
    for length in lengths:
        bins[min(9, length * 10 // (top + 1))] += 1
    return {
        "min": min(lengths),
        "mean": round(mean(lengths), 1),
        "median": median(lengths),
        "max": top,
        "histogram": bins,
    }


def _diversity(texts: list[str]) -> dict[str, object]:
    """Distinct share of token bigrams, and how far the texts compress (Shaib et al., 2403.00553: higher = samer)."""
    bigrams: Counter[tuple[str, str]] = Counter()
    for text in texts:
        tokens = [c for c in text if CLASS[ord(c)] == SPACELESS] + words(text)
        bigrams.update(pairwise(tokens))
    joined = "\n".join(texts).encode("utf-8")
    ratio = round(len(joined) / max(1, len(zlib.compress(joined, 6))), 2)
    return {"distinct_2": _share(len(bigrams), sum(bigrams.values())), "compression": ratio}

"""The report of a generation: what was covered, how varied it is, how far it is agreed to, what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from foundry_engine.generation import agreement, diversity
from foundry_engine.generation.harvest import REPEATS, Harvest
from foundry_engine.generation.plan import boundary_share
from foundry_engine.generation.rounds import Rounds
from foundry_engine.generation.steering import Course
from foundry_engine.records import Sample
from foundry_engine.reporting import charts, markdown
from foundry_engine.reporting.page import Page

COVERAGE_HEAD = ("label", "language", "kind", "cells", "full", "saturated", "unfinished", "texts", "wanted")
CELL_HEAD = ("cell", "label", "language", "kind", "asks for", "texts", "wanted", "offered")
VARIETY_HEAD = ("language", "texts", "distinct-1", "distinct-2", "distinct-3", "compression ratio", "self-repetition")
LENGTH_HEAD = ("label", "language", "texts", "shortest", "median", "longest")
AGREEMENT_HEAD = ("label", "read", "agreement", "kappa")
DOUBT_HEAD = ("cell", "label", "language", "kind", "read", "agreement")
MOST_CELLS = 50
"""Rows of the tables of cells for people; the JSON holds all."""


def make_report(rounds: Rounds, unread: str) -> dict[str, Any]:
    """The report as data, the same for the same samples; ``unread`` says why there was no second pass, if so."""
    courses = list(rounds.steering.courses.values())
    made = [sample for sample in rounds.harvest.samples if sample.origin == "generated"]
    unfinished = [course for course in courses if course.state == "open"]
    tokens = dict(rounds.tokens)
    return {
        "task": rounds.task,
        "provider": rounds.writer.name,
        "coverage": {
            "cells": len(courses),
            **{state: sum(c.state == state for c in courses) for state in ("full", "saturated")},
            "unfinished": len(unfinished),
            "boundary_share": round(boundary_share([course.cell for course in courses]), 4),
            "stopped_by": "budget" if rounds.out_of_budget else "rounds" if unfinished else "",
            "table": _coverage(courses),
        },
        "saturated": [_cell_row(course) for course in courses if course.state == "saturated"],
        "unfinished": [_cell_row(course) for course in unfinished],
        "duplicates": _duplicates(rounds.harvest),
        "variety": [_variety(language, made) for language in sorted({s.language for s in made})],
        "second_pass": _second_pass(rounds, unread),
        "lengths": _lengths(made),
        "requests": len(rounds.requests),
        "tokens": tokens,
        "tokens_a_text": round(sum(tokens.values()) / len(made), 1) if made else None,
        "cost": None if rounds.cost is None else round(rounds.cost, 6),
        "cost_a_text": round(rounds.cost / len(made), 6) if made and rounds.cost is not None else None,
    }


def _coverage(courses: Sequence[Course]) -> list[list[object]]:
    groups: dict[tuple[str, ...], list[Course]] = {}
    for course in courses:
        groups.setdefault((course.cell.label, course.cell.language, course.cell.kind), []).append(course)
    return [
        [
            *key,
            len(its),
            *(sum(course.state == state for course in its) for state in ("full", "saturated", "open")),
            sum(course.kept for course in its),
            sum(course.cell.samples for course in its),
        ]
        for key, its in groups.items()
    ]


def _cell_row(course: Course) -> list[object]:
    cell = course.cell
    wish = cell.trap or cell.near or cell.pair
    parts = [*([wish] if wish else []), *(f"{axis}: {value}" for axis, value in cell.attributes)]
    known = [cell.id, cell.label, cell.language, cell.kind]
    return [*known, ", ".join(parts), course.kept, cell.samples, course.offered]


def _duplicates(harvest: Harvest) -> dict[str, object]:
    rejected = Counter(str(row["reason"]) for row in harvest.rejected if "round" in row)
    offered = sum(harvest.offered_in.values())
    repeated = sum(rejected[reason] for reason in REPEATS)
    share = round(repeated / offered, 4) if offered else None
    return {"offered": offered, **{reason: rejected[reason] for reason in REPEATS}, "share": share}


def _variety(language: str, made: Sequence[Sample]) -> list[object]:
    texts = [sample.text for sample in made if sample.language == language]
    shares = [agreement.rounded(diversity.distinct(texts, n)) for n in (1, 2, 3)]
    ratio = agreement.rounded(diversity.compression_ratio(texts))
    return [language, len(texts), *shares, ratio, agreement.rounded(diversity.self_repetition(texts))]


def _second_pass(rounds: Rounds, unread: str) -> dict[str, Any]:
    if rounds.reader is None:
        return {"verdict": unread}
    pairs = [(r.sample.label, r.verdict) for r in rounds.readings if r.votes]
    cells: dict[str, list[bool]] = {}
    for reading in rounds.readings:
        cells.setdefault(reading.cell.id, []).append(reading.agrees)
    known = {course.cell.id: course.cell for course in rounds.steering.courses.values()}
    return {
        "verdict": f"read by {rounds.reader.name}",
        "read": len(pairs),
        "unread": len(rounds.readings) - len(pairs),
        "agreement": round(agreement.share(pairs), 4),
        "kappa": agreement.rounded(agreement.kappa(pairs)),
        "labels": agreement.by_label(pairs),
        "quarantined": dict(sorted(Counter(str(row["reason"]) for row in rounds.harvest.quarantine).items())),
        "cells": [
            [cell, known[cell].label, known[cell].language, known[cell].kind, len(its), round(sum(its) / len(its), 4)]
            for cell, its in cells.items()
        ],
    }


def _lengths(made: Sequence[Sample]) -> list[list[object]]:
    groups: dict[tuple[str, str], list[int]] = {}
    for sample in made:
        groups.setdefault((sample.label, sample.language), []).append(len(sample.text))
    return [[*key, len(its), min(its), median(its), max(its)] for key, its in sorted(groups.items())]


def as_markdown(report: Mapping[str, Any]) -> str:
    """The report's tables as Markdown."""
    lines = [f"# {report['task']}: what was generated", ""]
    lines += [f"- {line}" for line in _said(report)]
    for title, head, rows in _tables(report):
        lines += ["", f"## {title}", "", *markdown.table(head, rows)]
    return "\n".join(lines) + "\n"


def as_html(report: Mapping[str, Any]) -> str:
    """The report as one page."""
    page = Page(f"{report['task']}: what was generated · 生成报告")
    for line in _said(report):
        page.paragraph(line)
    kept = [(f"{row[0]} {row[1]} {row[2]}", row[7], f"{row[7]:,} / {row[8]:,}") for row in report["coverage"]["table"]]
    page.picture(charts.bars(kept), "texts kept, of those wanted")
    for title, head, rows in _tables(report):
        page.heading(title)
        page.table(head, rows)
    return page.html()


def _said(report: Mapping[str, Any]) -> list[str]:
    """The report in sentences."""
    coverage, second, repeats = report["coverage"], report["second_pass"], report["duplicates"]
    stopped = f" (stopped by the {coverage['stopped_by']})" if coverage["stopped_by"] else ""
    lines = [
        f"cells: {coverage['full']:,} of {coverage['cells']:,} full, {coverage['saturated']:,} saturated, "
        f"{coverage['unfinished']:,} unfinished{stopped}; {coverage['boundary_share']:.1%} of the texts at a border",
        f"texts offered: {repeats['offered']:,}, of them {repeats['duplicate']:,} duplicates and "
        f"{repeats['near_duplicate']:,} near duplicates",
        f"second pass: {_pass_said(second)}",
    ]
    if report["tokens"] and report["tokens_a_text"] is not None:
        prompt, output = report["tokens"].get("prompt", 0), report["tokens"].get("output", 0)
        each = report["tokens_a_text"]
        lines.append(f"tokens: {prompt:,} in prompts, {output:,} in answers; {each:,} for each accepted text")
    if report["cost"]:
        each = report["cost_a_text"]
        what = "no text accepted" if each is None else f"{each:.6f} for each accepted text"
        lines.append(f"cost: {report['cost']:.4f} US dollars; {what}")
    return lines


def _pass_said(second: Mapping[str, Any]) -> str:
    if "read" not in second:
        return str(second["verdict"])
    kappa = "–" if second["kappa"] is None else f"{second['kappa']:.3f}"
    apart = sum(second["quarantined"].values())
    return (
        f"{second['verdict']}, agreement {second['agreement']:.1%}, Cohen's kappa {kappa}, {apart:,} texts kept apart"
    )


def _tables(report: Mapping[str, Any]) -> list[tuple[str, Sequence[str], Sequence[Sequence[object]]]]:
    """Title, head and rows of every table that has rows."""
    second = report["second_pass"]
    labels = [
        [label, row["read"], row["agreement"], _plain(row["kappa"])] for label, row in second.get("labels", {}).items()
    ]
    doubtful = sorted((row for row in second.get("cells", []) if row[5] < 1), key=lambda row: row[5])
    tables: list[tuple[str, Sequence[str], Sequence[Sequence[object]]]] = [
        ("Coverage · 覆盖", COVERAGE_HEAD, report["coverage"]["table"]),
        ("Saturated cells · 饱和的格子", CELL_HEAD, report["saturated"][:MOST_CELLS]),
        ("Unfinished cells · 未填满的格子", CELL_HEAD, report["unfinished"][:MOST_CELLS]),
        ("Agreement of the second pass · 盲读一致性", AGREEMENT_HEAD, labels),
        ("Cells in doubt · 存疑的格子", DOUBT_HEAD, doubtful[:MOST_CELLS]),
        ("Variety · 多样性", VARIETY_HEAD, [[_plain(value) for value in row] for row in report["variety"]]),
        ("Lengths · 长度", LENGTH_HEAD, report["lengths"]),
    ]
    return [table for table in tables if table[2]]


def _plain(value: object) -> object:
    """A figure that is no share: as it is, not as percent."""
    return f"{value:.3f}" if isinstance(value, float) else value

"""The report of a forging: JSON for programs, Markdown for a terminal, one HTML page for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foundry_engine.reporting import charts, markdown
from foundry_engine.reporting.page import Page
from foundry_engine.verification.scores import Judged, confusion, coverage_curve

SCORE_HEAD = (
    "set",
    "language",
    "source",
    "rows",
    "accuracy",
    "patterns alone",
    "no end marks",
    "error",
    "error at 95 %",
)


def score_rows(table: Sequence[Mapping[str, Any]]) -> list[list[object]]:
    """The score table's cells."""
    rows = []
    for s in table:
        error = None if s["accuracy"] is None else round(1 - s["accuracy"], 4)
        shares = [s["accuracy"], s["cues_alone_accuracy"], s["unmarked_accuracy"], error, s["error_at_95"]]
        rows.append([s["set"], s["language"], s["source"], s["rows"], *shares])
    return rows


def label_rows(table: Sequence[Mapping[str, Any]]) -> list[list[object]]:
    """Recall and precision of every label, by set and language."""
    return [
        [s["set"], s["language"], name, s["recall"][name], s["precision"][name]]
        for s in table
        if s["source"] == "all"
        for name in s["recall"]
    ]


def left_out_rows(entries: Sequence[Mapping[str, Any]]) -> list[list[object]]:
    """Leave-one-source-out, a row a source and language."""
    rows: list[list[object]] = []
    for entry in entries:
        for language, accuracy in (entry["accuracy"] or {}).items():
            rows.append([entry["source"], language, entry["rows"], accuracy, entry["cues_alone"][language]])
    return rows


def certificate_rows(certificates: Mapping[str, Mapping[str, Any]]) -> list[list[object]]:
    """Thresholds with what they certify."""
    rows: list[list[object]] = []
    for label, c in certificates.items():
        threshold = "no valid threshold" if c["threshold"] is None else f"{c['threshold']:.4f}"
        rows.append([label, threshold, c["n"], c["errors"], f"≤ {c['max_error']:.1%}", f"{c['confidence']:.0%}"])
    return rows


def as_markdown(report: Mapping[str, Any]) -> str:
    """The report's tables as Markdown."""
    lines = [f"# {report['task']}: {'passed' if report['passed'] else 'NOT SHIPPED'}", ""]
    lines += [f"- {failure}" for failure in report["failures"]]
    lines += [
        f"- size: {report['bytes']:,} bytes (.onnx + .bin), "
        f"{report['features']['terms']:,} terms, {report['features']['cues']} cues",
        f"- boundary cases in reach: {report['boundaries']['held']} of {report['boundaries']['in_reach']}; "
        f"out of reach: {report['boundaries']['out_held']} of {report['boundaries']['out_of_reach']}",
        f"- parity: {report['parity']['summary']}",
        f"- answers changed against the model in models/: {report['changes']['summary']}",
        "",
        "## Scores",
        "",
    ]
    lines += markdown.table(SCORE_HEAD, score_rows(report["scores"]))
    lines += ["", "## Labels", ""]
    lines += markdown.table(("set", "language", "label", "recall", "precision"), label_rows(report["scores"]))
    lines += ["", "## Leave one source out", ""]
    lines += markdown.table(
        ("source", "language", "rows", "accuracy", "patterns alone"), left_out_rows(report["left_out"])
    )
    lines += ["", "## Certificates", ""]
    head = ("label", "threshold", "n", "errors", "error", "confidence")
    lines += markdown.table(head, certificate_rows(report["certificates"]))
    return "\n".join(lines) + "\n"


def as_html(report: Mapping[str, Any], rows: Sequence[Judged], labels: Sequence[str]) -> str:
    """The report as one page with pictures."""
    page = Page(f"{report['title']} · {report['task']}")
    if report["passed"]:
        page.verdict("passed: shipped to models/ · 已通过，产物已发布", True)
    else:
        page.verdict("not shipped: models/ is untouched · 未通过，产物未发布", False)
        for failure in report["failures"]:
            page.paragraph(failure)
    page.paragraph(
        f"{report['bytes']:,} bytes (.onnx + .bin) · {report['features']['terms']:,} terms · "
        f"{report['features']['cues']} cues · "
        f"parity: {report['parity']['summary']} · changed answers: {report['changes']['summary']}",
        note=True,
    )
    page.heading("Rows on their way · 数据漏斗")
    page.picture(charts.bars([(name, count, f"{count:,}") for name, count in report["funnel"]]))
    page.heading("Scores · 成绩")
    page.table(SCORE_HEAD, score_rows(report["scores"]))
    page.paragraph(
        "test: families of the training sources, never trained on. withheld: whole sources never trained on. "
        "patterns alone: a logistic regression of the cues, what a hand-written rule reaches.",
        note=True,
    )
    page.table(("set", "language", "label", "recall", "precision"), label_rows(report["scores"]))
    for language in sorted({row.language for row in rows}):
        page.heading(f"Confusion · 混淆矩阵 · {language}")
        of_language = [row for row in rows if row.language == language]
        page.picture(charts.heat_map(labels, confusion(of_language, labels)), "test and withheld rows together")
    page.heading("Accuracy against coverage · 覆盖率与准确率")
    groups = sorted({(row.split, row.language) for row in rows})
    series = [
        (f"{split} {language}", coverage_curve([r for r in rows if (r.split, r.language) == (split, language)]))
        for split, language in groups
    ]
    page.picture(charts.curves(series), "only the surest answers, from all of them (right) down to a fiftieth (left)")
    page.heading("Certificates · 置信证书")
    page.table(("label", "threshold", "n", "errors", "error", "confidence"), certificate_rows(report["certificates"]))
    page.heading("Leave one source out · 逐源留出")
    page.table(("source", "language", "rows", "accuracy", "patterns alone"), left_out_rows(report["left_out"]))
    page.heading("Boundary cases · 边界案例")
    page.paragraph(
        f"in reach: {report['boundaries']['held']} of {report['boundaries']['in_reach']} hold; "
        "out of reach (reported, not gated): "
        f"{report['boundaries']['out_held']} of {report['boundaries']['out_of_reach']}"
    )
    wrong = [
        [b["text"], b["trap"], b["reach"], b["label"], b["answer"], b["confidence"]]
        for b in report["boundaries"]["wrong"]
    ]
    if wrong:
        page.table(("sentence", "trap", "reach", "law", "answer", "confidence"), wrong)
    page.heading("Mistakes the model is surest of · 最自信的错误")
    mistakes = sorted((r for r in rows if not r.correct), key=lambda r: -r.confidence)[:40]
    page.table(
        ("sentence", "language", "source", "label", "answer", "confidence"),
        [[r.text, r.language, r.source, r.label, r.answer, round(r.confidence, 4)] for r in mistakes],
    )
    if report["changes"]["rows"]:
        page.heading("Changed answers · 变化的判断")
        changed = [[c["text"], c["label"], c["before"], c["now"]] for c in report["changes"]["rows"]]
        page.table(("sentence", "label", "before", "now"), changed)
    return page.html()

"""The report of a refining for people: one HTML page that opens anywhere, and Markdown for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from foundry_engine.refinery.tally import FAMILIES, LENGTHS, SIMILARITIES
from foundry_engine.reporting import charts
from foundry_engine.reporting.page import Page, shown

MAX_DRAWN = 30
"""Labels that are drawn; the others are in the JSON."""
MAX_HEAT = 8
"""Labels a heat map has room for."""
NAMES = {
    "validity": "validity / 有效",
    "uniqueness": "uniqueness / 不重复",
    "label_health": "label health / 标签可信",
    "balance": "balance / 均衡",
    "diversity": "diversity / 多样",
    "safety": "safety / 安全",
    "split_hygiene": "split hygiene / 划分干净",
}
GATE_HEAD = ("macro-F1 on held-out families", "without the suspects", "removed")
Data = Mapping[str, Any]
Table = tuple[str, Sequence[str], list[list[object]]]
"""Heading, names of the columns, rows."""


def as_html(data: Data) -> str:
    """One page with pictures and tables; all text is escaped by ``Page``."""
    page = Page(f"Refining report / 精炼报告: {data['title']}")
    page.verdict(_verdict(data), all(gate["passed"] for gate in data["gates"]))
    page.paragraph(_sentence(data))
    page.heading("Where the rows went / 行的去向")
    page.picture(charts.bars([(name, count, f"{count:,}") for name, count in funnel(data)]))
    pictures = _pictures(data)
    for heading, head, rows in tables(data):
        page.heading(heading)
        for svg, caption in pictures.pop(heading, ()):
            page.picture(svg, caption)
        if rows:
            page.table(head, rows)
        else:
            page.paragraph("none / 无", note=True)
    return page.html()


def as_markdown(data: Data) -> str:
    """The same tables as text."""
    lines = [f"# Refining report / 精炼报告: {data['title']}", "", f"**{_verdict(data)}**", "", _sentence(data), ""]
    lines += _markdown("Where the rows went / 行的去向", ("step", "rows"), [list(step) for step in funnel(data)])
    for heading, head, rows in tables(data):
        lines += _markdown(heading, head, rows)
    return "\n".join(lines)


def funnel(data: Data) -> list[tuple[str, int]]:
    """Rows read, the reasons in the order of their size, rows kept by split."""
    read = data["rows_in"] + sum(data["rejected"].values())
    steps = [("lines read / 读入", read)]
    steps += [(f"− unreadable: {name}", n) for name, n in sorted(data["rejected"].items(), key=lambda item: -item[1])]
    steps += [(f"− {name}", n) for name, n in sorted(data["removed"].items(), key=lambda item: (-item[1], item[0]))]
    steps.append(("kept / 保留", sum(data["kept"].values())))
    return steps + [(f"  {name}", data["kept"][name]) for name in data["kept"]]


def tables(data: Data) -> list[Table]:
    """Every table of the report, in order."""
    return [
        ("Quality / 质量", ("part", "before", "95 %", "after", "95 %", "weight"), _quality(data)),
        ("Gates / 门槛", ("measure", "at least", "got", "passed"), _gates(data)),
        ("Labels / 标签", ("label", "rows read", "rows kept"), [[n, *c] for n, c in data["labels"].items()]),
        ("Lengths / 长度", ("language", "rows", "code points from"), _lengths(data)),
        ("Similar pairs / 相似对", ("Jaccard from", "pairs"), _similar(data)),
        ("Families / 家族", ("rows a family, from", "families"), _families(data)),
        ("Label suspects: given and suggested / 可疑标签", ("given", "suggested", "rows"), _confusion(data)),
        ("Would removing them help? / 移除是否有益", GATE_HEAD, _pruning(data)),
        ("Worst label suspects / 最可疑", ("id", "text", "given", "suggested", "score"), _worst(data)),
        ("Largest moulds / 最大模板", ("family", "rows", "labels", "examples"), _moulds(data)),
        ("Conflicts / 冲突", ("text", "labels"), _conflicts(data)),
        ("Sensitive / 敏感信息", ("scanner", "kind", "found"), _sensitive(data)),
        ("Rules / 规则", ("rule", "tagged", "removed"), _rules(data)),
        ("What each rule removed / 每条规则移除的样例", ("rule", "id", "label", "text"), _samples(data)),
        ("To do it again / 复现", ("what", "value"), _reproduction(data)),
    ]


def _verdict(data: Data) -> str:
    failed = [gate["said"] for gate in data["gates"] if not gate["passed"]]
    if failed:
        return f"below its gates / 未过门槛: {'; '.join(failed)}"
    gates = f"all {len(data['gates'])} gates hold / 门槛全过" if data["gates"] else "no gates set / 未设门槛"
    return f"quality {data['score']['after']['total']['value']:.3f} / 质量, {gates}"


def _sentence(data: Data) -> str:
    kept, removed, rejected = (sum(data[name].values()) for name in ("kept", "removed", "rejected"))
    return (
        f"{data['rows_in'] + rejected:,} lines read, {rejected:,} unreadable, {removed:,} rows removed, {kept:,} kept. "
        "Every removed row is in removed.jsonl with its reason, every unreadable line in rejected.jsonl with its place."
    )


def _pictures(data: Data) -> dict[str, list[tuple[str, str]]]:
    """Heading of a table: the pictures above it."""
    drawn: dict[str, list[tuple[str, str]]] = {}
    labels = sorted(data["labels"].items(), key=lambda item: (-item[1][0], item[0]))[:MAX_DRAWN]
    rows = [(name or "(none)", before, after) for name, (before, after) in labels]
    drawn["Labels / 标签"] = [(charts.pairs(rows, ("read / 读入", "kept / 保留")), "")]
    drawn["Lengths / 长度"] = [
        (charts.histogram(_binned(LENGTHS, counts)), f"{name}: code points / 码点数")
        for name, counts in sorted(data["lengths"].items(), key=_read_first)
    ]
    for counts in data["similarity"].values():
        first = next((n for n, count in enumerate(counts) if count), 0)
        mark = max(0.0, data["threshold"] * 20 - first)
        bins = [(f"{low:.2f}", count) for low, count in zip(SIMILARITIES, counts, strict=True)][first:]
        drawn["Similar pairs / 相似对"] = [(charts.histogram(bins, mark), "line: the threshold / 虚线为阈值")]
    drawn["Families / 家族"] = [
        (charts.histogram(_binned(FAMILIES, counts)), "rows a family / 每家族行数")
        for counts in data["families"].values()
    ]
    confusion = data["suspects"]["confusion"]
    weight: Counter[str] = Counter()
    for given, suggested, count in confusion:
        weight.update({given: count, suggested: count})
    names = [name for name, _ in sorted(weight.items(), key=lambda item: (-item[1], item[0]))[:MAX_HEAT]]
    if names:
        found = {(given, suggested): count for given, suggested, count in confusion}
        cells = [[found.get((row, column), 0) for column in names] for row in names]
        picture = charts.heat_map(names, cells, "suggested / 建议")
        drawn["Label suspects: given and suggested / 可疑标签"] = [(picture, "rows: the label given / 行为原标签")]
    return drawn


def _binned(bounds: Sequence[int], counts: Sequence[int]) -> list[tuple[str, int]]:
    """Bins up to the last that holds something."""
    last = max((n for n, count in enumerate(counts) if count), default=0)
    return [(f"{low}+", count) for low, count in zip(bounds, counts, strict=True)][: last + 1]


def _quality(data: Data) -> list[list[object]]:
    before, after = data["score"]["before"], data["score"]["after"]
    rows: list[list[object]] = []
    for name, words in NAMES.items():
        cells = [cell for part in (before["parts"][name], after["parts"][name]) for cell in _cells(part)]
        rows.append([words, *cells, f"{data['score']['weights'][name]:g}"])
    rows.append(["one number / 总分", *_cells(before["total"]), *_cells(after["total"]), ""])
    return rows


def _cells(part: Mapping[str, float] | None) -> list[object]:
    return [None, ""] if part is None else [part["value"], f"{part['low']:.3f}–{part['high']:.3f}"]


def _gates(data: Data) -> list[list[object]]:
    return [[gate["measure"], gate["at_least"], gate["value"], gate["passed"]] for gate in data["gates"]]


def _similar(data: Data) -> list[list[object]]:
    pairs = data["similarity"].get("pairs", [])
    return [[f"{low:.2f}", n] for low, n in zip(SIMILARITIES, pairs, strict=False) if n]


def _read_first(item: tuple[str, Any]) -> tuple[str, bool]:
    language, _, which = item[0].rpartition(" ")
    return language, which != "read"


def _lengths(data: Data) -> list[list[object]]:
    """A row a language: its rows, and how many are in each bin."""
    return [
        [name, sum(counts), ", ".join(f"{low}+: {n:,}" for low, n in zip(LENGTHS, counts, strict=True) if n)]
        for name, counts in data["lengths"].items()
    ]


def _families(data: Data) -> list[list[object]]:
    return [[str(low), n] for low, n in zip(FAMILIES, data["families"]["families"], strict=True) if n]


def _confusion(data: Data) -> list[list[object]]:
    ordered = sorted(data["suspects"]["confusion"], key=lambda row: (-row[2], row[0], row[1]))
    return [list(row) for row in ordered[:MAX_DRAWN]]


def _pruning(data: Data) -> list[list[object]]:
    """A row a block: what a model scores on families it has not seen, fitted with and without the suspects."""
    return [
        [f"{p['macro_f1']:.4f}", f"{p['macro_f1_without_suspects']:.4f}", p["pruned"]]
        for p in data["suspects"]["pruning"]
    ]


def _worst(data: Data) -> list[list[object]]:
    return [[r["id"], r["text"], r["given"], r["suggested"], f"{r['score']:.4f}"] for r in data["suspects"]["worst"]]


def _moulds(data: Data) -> list[list[object]]:
    return [[r["family"], r["rows"], ", ".join(r["labels"]), " · ".join(r["examples"])] for r in data["moulds"]]


def _conflicts(data: Data) -> list[list[object]]:
    shown = data["conflicts"]["shown"]
    return [[row["text"], ", ".join(f"{label} × {n}" for label, n in row["labels"].items())] for row in shown]


def _sensitive(data: Data) -> list[list[object]]:
    return [[scanner, kind, n] for scanner, kinds in data["sensitive"].items() for kind, n in kinds.items()]


def _rules(data: Data) -> list[list[object]]:
    names = sorted(set(data["tagged"]) | set(data["removed"]))
    return [[name, data["tagged"].get(name), data["removed"].get(name, 0)] for name in names]


def _samples(data: Data) -> list[list[object]]:
    return [[rule, row["id"], row["label"], row["text"]] for rule, rows in data["samples"].items() for row in rows]


def _reproduction(data: Data) -> list[list[object]]:
    again = data["reproduction"]
    rows: list[list[object]] = [[f"input {name}", sum_] for name, sum_ in again["inputs"]]
    rows += [["operators", ", ".join(again["operators"])], ["settings", again["settings"]]]
    rows += [["seed", str(again["seed"])], ["code", again["code"]], ["Python", again["python"]]]
    return [*rows, ["libraries", ", ".join(f"{name} {number}" for name, number in again["libraries"].items())]]


def _markdown(heading: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [f"## {heading}", ""]
    if not rows:
        return [*lines, "none / 无", ""]
    lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [*lines, *("| " + " | ".join(_escaped(shown(cell)) for cell in row) + " |" for row in rows), ""]


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")

"""The report of a refining as data: what came in, what went and why, how good the rest is, how to do it again."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from foundry_engine.blueprint import Gate, Refine
from foundry_engine.folders import LIBRARIES, code_version, fingerprint_of, write_atomic
from foundry_engine.refinery import score
from foundry_engine.refinery.report_page import as_html, as_markdown
from foundry_engine.refinery.tally import Tally

PAGE, MARKDOWN, DATA = "report.html", "report.md", "report.json"
SPLITS = ("train", "calibration", "test", "withheld")


def data(
    *,
    title: str,
    found: Tally,
    refine: Refine,
    rejected: Mapping[str, int],
    seed: int,
    inputs: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything the report shows, ready for JSON."""
    weights = {**score.WEIGHTS, **dict(refine.settings.get("quality_score", {}).get("weights", {}))}
    scores = {name: score.score(found[name], weights) for name in ("before", "after")}
    gates = [_gate(gate, scores["after"]) for gate in refine.gates]
    shown = {key: value for key, value in found.items() if key not in ("before", "after")}
    return {
        "title": title,
        "rejected": dict(rejected),
        **shown,
        "score": {**scores, "weights": weights},
        "gates": gates,
        "threshold": refine.settings.get("near_duplicates", {}).get("threshold", refine.split.test_distance),
        "reproduction": {
            "inputs": inputs.get("inputs") or sorted(map(list, inputs.get("samples", {}).items())),
            "settings": fingerprint_of({"settings": inputs["settings"], "law": inputs.get("constitution")}),
            "operators": list(refine.operators),
            "seed": seed,
            "code": code_version(),
            "python": platform.python_version(),
            "libraries": {name: version(name) for name in LIBRARIES},
        },
    }


def write(folder: Path, report: Mapping[str, Any]) -> None:
    """The report as JSON, Markdown and one self-contained HTML page."""
    write_atomic(folder / DATA, (json.dumps(report, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
    write_atomic(folder / MARKDOWN, as_markdown(report).encode("utf-8", "replace"))
    write_atomic(folder / PAGE, as_html(report).encode("utf-8", "replace"))


def failed_gates(report: Mapping[str, Any]) -> Sequence[str]:
    """What to say of each gate that does not hold."""
    return [gate["said"] for gate in report["gates"] if not gate["passed"]]


def _gate(gate: Gate, scores: Mapping[str, Any]) -> dict[str, Any]:
    """A part nobody measured passes no gate."""
    part = scores["total"] if gate.measure == "total" else scores["parts"][gate.measure]
    value = None if part is None else part["value"]
    passed = value is not None and value >= gate.at_least
    got = "not measured: no operator of the list tells it" if value is None else f"{value:.4f}"
    said = f"{gate.measure} {got}, at least {gate.at_least:.4f} wanted"
    return {"measure": gate.measure, "at_least": gate.at_least, "value": value, "passed": passed, "said": said}

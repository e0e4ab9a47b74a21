"""The report: one self-contained page and a Markdown text, right for any sentence and for a refused model."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from foundry_engine.verification.report import as_html, as_markdown
from foundry_engine.verification.scores import Judged, table

SENTENCES = ["<script>alert('今天')</script>", "a | b & c", "真的吗？</td></table>", "\U0001f44d𠀀", "plain"]


def rows() -> list[Judged]:
    """Half of them wrong, in both languages and both sets."""
    made = []
    for number, text in enumerate(SENTENCES * 4):
        label, answer = ("Yes", "No")[number % 2], ("Yes", "No", "No")[number % 3]
        language, split = ("zh", "en")[number // 2 % 2], ("test", "withheld")[number // 4 % 2]
        made.append(Judged(text, label, language, "a|b", split, answer, 0.5 + number / 50, "accepted", answer, "Yes"))
    return made


def report(passed: bool = True, **changes: object) -> dict:
    wrong = {"text": SENTENCES[0], "label": "Yes", "trap": "t", "reach": "in", "answer": "No", "confidence": 0.75}
    made = {
        "task": "mood",
        "title": "心情 / Mood",
        "passed": passed,
        "failures": [] if passed else [f"boundary case '{SENTENCES[0]}' (t): expected Yes, got No at 0.75"],
        "bytes": 123456,
        "features": {"terms": 9876, "cues": 3},
        "parity": {"summary": "520 cases agree", "failures": []},
        "boundaries": {"in_reach": 60, "held": 59, "out_of_reach": 4, "out_held": 1, "wrong": [wrong]},
        "scores": table(rows(), ("Yes", "No")),
        "left_out": [
            {"source": "a|b", "rows": 120, "accuracy": {"zh": 0.9, "en": 0.8}, "cues_alone": {"zh": 0.5, "en": 0.6}},
            {"source": "small", "rows": 3, "accuracy": None, "cues_alone": None},
        ],
        "certificates": {
            "Yes": {"threshold": 0.875, "n": 300, "errors": 0, "max_error": 0.01, "confidence": 0.95},
            "No": {"threshold": None, "n": 12, "errors": 3, "max_error": 0.05, "confidence": 0.9},
        },
        "funnel": [("texts offered", 1200), ("through the gates", 1000), ("train", 700)],
        "changes": {
            "summary": "1 of 24",
            "rows": [{"text": SENTENCES[2], "label": "No", "before": "No", "now": "Yes"}],
        },
    }
    return made | changes


@pytest.mark.parametrize("passed", [True, False])
def test_the_page_asks_the_network_for_nothing_and_escapes_every_sentence(passed: bool) -> None:
    html = as_html(report(passed), rows(), ("Yes", "No"))
    assert "<script" not in html and html.count("</table>") == html.count("<table>")
    assert not re.search(r"(https?:)?//|src=|href=|url\(|@import", html)
    shown = unescape(re.sub(r"<[^>]+>", "\n", html))
    for sentence in SENTENCES[:3]:
        assert sentence in shown
    assert ("已通过" in html) is passed and ("未通过" in html) is not passed
    assert html.count("<svg") == 1 + 2 + 1, "funnel, confusion of two languages, coverage"


def test_every_table_is_whole() -> None:
    html = as_html(report(), rows(), ("Yes", "No"))
    for body in re.findall(r"<table>(.*?)</table>", html):
        head, *lines = re.findall(r"<tr>(.*?)</tr>", body)
        assert {line.count("<td") for line in lines} <= {head.count("<th>")}


@pytest.mark.parametrize("passed", [True, False])
def test_markdown_tables_have_a_cell_a_column(passed: bool) -> None:
    text = as_markdown(report(passed))
    assert text.startswith("# mood: passed" if passed else "# mood: NOT SHIPPED")
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 4
    for lines in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1, lines
    assert "123,456 bytes" in text and "59 of 60" in text and "no valid threshold" in text and "0.8750" in text


def test_a_report_without_tested_rows_is_a_report() -> None:
    empty = report(scores=[], left_out=[], certificates={}, funnel=[], changes={"summary": "-", "rows": []})
    assert "<svg" not in as_html(empty, [], ("Yes", "No"))
    assert "## Scores" in as_markdown(empty)


def test_the_forged_report_is_a_page_and_numbers(forged: object) -> None:
    folder = forged.runs / forged.blueprint.name / forged.task / "5_report"  # type: ignore[attr-defined]
    html = (folder / "report.html").read_text("utf-8")
    assert html.startswith("<!doctype html>") and "混淆矩阵" in html and html.count("<svg") >= 4
    assert not re.search(r"(https?:)?//|<script|src=|href=", html)
    data = json.loads((folder / "report.json").read_bytes())
    assert data["passed"] and data["scores"] and data["certificates"]
    assert (folder / "report.md").read_text("utf-8") == as_markdown(data)

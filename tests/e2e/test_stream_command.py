"""``python main.py stream …`` as a user types it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.conftest import Cli, edit
from tests.streams import numbers, read_rows

FILE = """\
pipeline: demo
input: jsonl://in.jsonl
output: csv://made/out.csv
parallel_size: 3
operators:
  - call: {module}:halve
  - call: {module}:Add
    name: add
    settings: {{amount: 5}}
    output: jsonl://added.jsonl
"""
MODULE = """\
from pathlib import Path
from foundry_engine.streaming import Operator

def halve(item):
    if item["n"] == 3 and not (Path(__file__).parent / "mended").exists():
        raise ValueError("three")
    return {"n": item["n"] / 2}

class Add(Operator):
    def __init__(self, amount):
        self.amount = amount

    def process_item(self, item, context):
        context.report_usage({"tokens": 2})
        return {**item, "n": item["n"] + self.amount}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A run of ten rows, with operators beside it under a name of their own."""
    module = "operators_" + re.sub(r"\W", "_", tmp_path.name)
    (tmp_path / f"{module}.py").write_text(MODULE)
    (tmp_path / "run.yaml").write_text(FILE.format(module=module))
    numbers(tmp_path / "in.jsonl", 10)
    return tmp_path / "run.yaml"


def test_run_report_and_retry(cli: Cli, file: Path) -> None:
    before = cli("stream", "report", file)
    assert before.code == 1 and "no run has begun here" in before.err
    ran = cli("stream", "run", file)
    assert ran.code == 0, ran.err
    assert "demo: finished, 10 rows in, 9 out" in ran.out and "quarantine: 1 rows (10.0%)" in ran.out
    assert 'usage: {"tokens": 18}' in ran.out
    assert (file.parent / "made/out.csv").read_text().splitlines()[:3] == ["_i,n", "0,5.0", "1,5.5"]
    assert len(read_rows(file.parent / "added.jsonl")) == 9
    report = json.loads(cli("stream", "report", file, "--json").out)
    assert (report["schema_version"], report["state"], report["rows_quarantined"]) == (1, "finished", 1)
    (file.parent / "mended").touch()
    retried = json.loads(cli("stream", "retry-failed", file, "--json").out)
    assert retried["rows_out"] == 10 and retried["usage"] == {"tokens": 20}


def test_other_settings_are_another_operator(cli: Cli, file: Path) -> None:
    assert cli("stream", "run", file).code == 0
    edit(file, "amount: 5", "amount: 6")
    refused = cli("stream", "run", file)
    assert refused.code == 1 and "stage 2 is another one than before" in refused.err
    assert cli("stream", "run", file, "--restart-from", "add").code == 0
    assert "0,6.0" in (file.parent / "made/out.csv").read_text()
    wrong = cli("stream", "run", file, "--restart-from", "ad")
    assert wrong.code == 3 and "did you mean 'add'" in wrong.err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "parallel_size: 3",
            "paralel_size: 3",
            r"run.yaml:4:1: unknown key 'paralel_size'; did you mean 'parallel_size'",
        ),
        ("parallel_size: 3", "parallel_size: 0", r"run.yaml:4:16: input should be greater than or equal to 1, got 0"),
        ("output: csv://made/out.csv", "output: out.csv", r"run.yaml:3:9: .*got 'out.csv'"),
        ("    name: add", "    nmae: add", r"run.yaml:8:5: unknown key 'nmae'; did you mean 'name'"),
        (":halve", ":halv", r"run.yaml:6:11: .*there is no 'halv'; did you mean 'halve'"),
        ("settings: {amount: 5}", "settings: {}", r"run.yaml:7:11: .*TypeError: .*amount"),
        ("pipeline: demo", "pipeline: demo\npipeline: again", r"run.yaml:2:1: key 'pipeline' again"),
        ("jsonl://in.jsonl", "jsonll://in.jsonl", r"no uri 'jsonll'; did you mean 'jsonl'"),
    ],
)
def test_mistakes_in_the_file_are_named(cli: Cli, file: Path, old: str, new: str, message: str) -> None:
    edit(file, old, new)
    said = cli("stream", "run", file)
    assert said.code == 3 and re.search(message, said.err), said.err
    assert not (file.parent / "runs").exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"n": 1}\n{"n": 2', r"in.jsonl:2: the last line is torn"),
        (b'{"n": 1, "_i": 4}\n', r"in.jsonl:1: has a key '_i'"),
        (b"\xff\n", r"in.jsonl:1: not UTF-8"),
    ],
)
def test_bad_input_costs_nothing_and_is_named(cli: Cli, file: Path, data: bytes, message: str) -> None:
    (file.parent / "in.jsonl").write_bytes(data)
    said = cli("stream", "run", file)
    assert said.code == 1 and re.search(message, said.err), said.err
    assert not (file.parent / "made").exists()
    (file.parent / "in.jsonl").write_bytes(b'{"n": 1}\n')
    assert cli("stream", "run", file).code == 0, "the mended file is taken"


@pytest.mark.parametrize("name", ["streaming.md", "streaming.zh-CN.md"])
def test_the_example_in_the_docs_runs_as_pasted(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / name).read_text("utf-8")
    example = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    (tmp_path / "example.py").write_text(example, "utf-8")
    (tmp_path / "input.jsonl").write_text('{"text": " a "}\n')
    monkeypatch.chdir(tmp_path)
    exec(compile(example, str(tmp_path / "example.py"), "exec"), {"__name__": "example"})
    assert read_rows(tmp_path / "output.jsonl") == [{"_i": "0", "text": "a", "len": 3}]


def test_the_docs_name_every_point_scheme_and_report_key() -> None:
    from foundry_engine.registry import names

    text = (ROOT / "docs/streaming.md").read_text("utf-8")
    for scheme in names("uris"):
        assert f"`{scheme}://" in text
    for key in ("rows_out", "quarantined_share", "repeated_at_most", "ended_in_order", "tries", "item", "message"):
        assert f"`{key}`" in text or key in text

"""The line as a whole: what runs again and what does not, what may not be shipped, and what is told of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foundry_engine.folders import RunFolder, locked
from foundry_engine.runtime import MicroModel
from tests.conftest import ROOT, Forged, Run
from tests.e2e.conftest import Cli, contents, edit, places

STEPS = ["generate", "refine", "train", "export", "verify"]
SPARE = "  random_strings: 0\n  floors:\n"
"""A verification without its two thousand random strings, which other tests look at."""


def declare(made: Forged, old: str, new: str) -> None:
    edit(made.blueprint / "blueprint.yaml", old, new)


def rule(made: Forged, old: str, new: str) -> None:
    edit(made.blueprint / "constitutions" / f"{made.task}.yaml", old, new)


def forge(cli: Cli, made: Forged, *more: str | Path) -> list[dict[str, Any]]:
    """Forge; the records of ``--json``, which is all there is on stdout."""
    done = cli(*places(made), "--json", *more)
    assert done.code == 0, done.err
    data = json.loads(done.out)
    assert done.out.count("\n") == 1 and data["schema_version"] == 1 and data["blueprint"] == made.task
    records: list[dict[str, Any]] = data["steps"]
    return records


def states(records: list[dict[str, Any]]) -> str:
    """``- - x x x``: a cross for each step that ran."""
    assert all(record["state"] in ("done", "unchanged") for record in records)
    return " ".join("x" if record["state"] == "done" else "-" for record in records)


def test_what_is_forged_stands_where_it_should(forged: Forged) -> None:
    names = {
        f"{forged.task}_{part}" for part in ("classifier.onnx", "preprocessor.bin", "manifest.json", "parity.jsonl")
    }
    assert set(contents(forged.models)) == names
    root = forged.runs / forged.task / forged.task
    assert {p.name for p in root.iterdir() if p.is_dir()} == {
        "1_samples",
        "2_dataset",
        "3_fitted",
        "4_artifacts",
        "5_report",
        "journal",
    }
    manifest = json.loads((forged.models / f"{forged.task}_manifest.json").read_bytes())
    assert str(forged.models.parent) not in json.dumps(manifest)
    assert (
        sum(
            (forged.models / f"{forged.task}_{part}").stat().st_size for part in ("classifier.onnx", "preprocessor.bin")
        )
        <= 128_000
    )
    page = (root / "5_report" / "report.html").read_text("utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page and "是否紧急" in page


def test_a_second_forge_does_nothing_and_leaves_every_byte(cli: Cli, own: Forged) -> None:
    before = contents(own.models)
    assert [record["step"] for record in forge(cli, own)] == STEPS
    assert states(forge(cli, own)) == "- - - - -"
    assert contents(own.models) == before


def test_models_that_were_removed_come_back(cli: Cli, own: Forged, forged: Forged) -> None:
    (own.models / f"{own.task}_classifier.onnx").unlink()
    (own.models / f"{own.task}_preprocessor.bin").write_bytes(b"half")
    assert states(forge(cli, own)) == "- - - - -"
    assert contents(own.models) == contents(forged.models)


@pytest.mark.parametrize("part", ["parity.jsonl", "manifest.json", "classifier.onnx", "preprocessor.bin"])
def test_a_promotion_that_cannot_be_finished_changes_nothing(part: str, cli: Cli, own: Forged) -> None:
    """A model in use is never left half old and half new: here one of its four files cannot be written."""
    for path in own.models.iterdir():
        path.write_bytes(b"old")
    (own.models / f".{own.task}_{part}.new").mkdir()
    before = contents(own.models)
    done = cli(*places(own))
    assert done.code == 1 and f"{own.task}_{part}: cannot be written" in done.err
    assert contents(own.models) == before


def test_models_that_cannot_be_made_are_a_message(cli: Cli, own: Forged) -> None:
    shutil.rmtree(own.models)
    own.models.write_bytes(b"a file")
    done = cli(*places(own))
    assert done.code == 1 and "cannot be written" in done.err and "unexpected" not in done.err


def test_force_runs_the_named_steps_again(cli: Cli, own: Forged, forged: Forged) -> None:
    assert states(forge(cli, own, "--steps", "generate,refine,train", "--force")) == "x x x"
    assert states(forge(cli, own)) == "- - - - -"
    assert contents(own.models) == contents(forged.models)


def stage(made: Forged, path: str) -> Path:
    """A file or folder of the task's run."""
    return made.runs / made.task / made.task / path


CORPUS = b'{"text": "fire in the hall, send help now!", "label": "Urgent"}\n'
ABSTAIN = ("abstain:\n  Urgent: {", "abstain:\n  Urgent: {max_error: 0.2, confidence: 0.9}  # {")
TOUCHES: dict[str, tuple[Callable[[Forged], object], str, str]] = {
    # what is touched, the steps that are run, and which of them have work to do
    "title": (lambda m: declare(m, "title: {en: urgency", "title: {en: Urgency"), "generate,refine,train", "- - -"),
    "size": (lambda m: declare(m, "max_bytes: 128000", "max_bytes: 129000"), "generate,refine,train", "- - x"),
    "C": (lambda m: declare(m, "C: [3, 10]", "C: [3]"), "generate,refine,train", "- - x"),
    "split": (lambda m: declare(m, "train:\n", "refine: {split: {test: 0.2}}\ntrain:\n"), "generate,refine", "- x"),
    "abstain": (lambda m: rule(m, *ABSTAIN), "refine,train", "- x"),
    "floor": (lambda m: declare(m, "at_least: 0.6", "at_least: 0.61"), "generate,refine,train", "- - -"),
    "seed": (lambda m: declare(m, "seed: 1", "seed: 2"), "generate,refine", "x x"),
    "corpus": (lambda m: (m.blueprint / f"corpus/{m.task}.jsonl").write_bytes(CORPUS), "generate,refine", "x x"),
    # a step whose input comes out the same is not run again
    "rules": (lambda m: rule(m, "Judge by what happens", "Judge by what comes"), "generate,refine,train", "x x -"),
    "concurrency": (lambda m: declare(m, "generate:\n", "generate:\n  concurrency: 2\n"), "generate,refine", "x -"),
    # a file that is not as the step left it
    "emptied": (lambda m: stage(m, "2_dataset/examples.jsonl").write_bytes(b""), "generate,refine,train", "- x -"),
    "deleted": (lambda m: stage(m, "1_samples/samples.jsonl").unlink(), "generate,refine", "x -"),
    "gone": (lambda m: shutil.rmtree(stage(m, "3_fitted")), "generate,refine,train", "- - x"),
    "half": (lambda m: stage(m, "3_fitted/stage.json").write_bytes(b"{"), "refine,train", "- x"),
}


@pytest.mark.parametrize(("touch", "steps", "expected"), TOUCHES.values(), ids=TOUCHES)
def test_a_change_reruns_only_what_depends_on_it(
    touch: Callable[[Forged], object], steps: str, expected: str, cli: Cli, own: Forged
) -> None:
    touch(own)
    assert states(forge(cli, own, "--steps", steps)) == expected
    assert set(states(forge(cli, own, "--steps", steps))) == {"-", " "}


def test_gates_ship_nothing_and_say_why(cli: Cli, own: Forged, forged: Forged) -> None:
    """A floor too high and a boundary case that does not hold; one out of reach is told, not gated."""
    declare(own, "verify:\n  floors:\n", "verify:\n" + SPARE)
    declare(own, "at_least: 0.6}", "at_least: 0.999}")
    cases = ["{text: lovely weekend everyone, label: Urgent, trap: loud_routine}"]
    cases += ["{text: thank you so much, label: Urgent, trap: loud_routine, reach: out}"]
    rule(own, "boundary_cases:\n", "boundary_cases:\n" + "".join(f"  - {case}\n" for case in cases))
    for attempt in ("fresh", "again"):
        done = cli(*places(own), "--steps", "export")
        assert (done.code, done.out) == (4, ""), attempt
        assert "is not shipped, models/ is untouched" in done.err
        assert "lovely weekend everyone" in done.err and "thank you so much" not in done.err
        assert "floor accuracy on test rows ≥ 0.999: got 0." in done.err
        assert contents(own.models) == contents(forged.models)
    report = json.loads(stage(own, "5_report/report.json").read_bytes())
    assert report["passed"] is False and len(report["failures"]) == 2
    assert [wrong["reach"] for wrong in report["boundaries"]["wrong"]] == ["in", "out"]
    assert (report["boundaries"]["held"], report["boundaries"]["in_reach"]) == (8, 9)


def test_a_model_above_its_size_is_not_exported(cli: Cli, own: Forged, forged: Forged) -> None:
    declare(own, "max_bytes: 128000", "max_bytes: 20000")
    done = cli(*places(own), "--steps", "export")
    assert done.code == 4 and "export.max_bytes is 20,000" in done.err
    assert contents(own.models) == contents(forged.models)
    assert stage(own, "4_artifacts/stage.json").is_file()


def test_another_blueprints_model_is_never_overwritten(cli: Cli, own: Forged) -> None:
    manifest = own.models / f"{own.task}_manifest.json"
    edit(manifest, f'"blueprint": "{own.task}"', '"blueprint": "somebody_elses"')
    before = contents(own.models)
    done = cli(*places(own))
    assert done.code == 3 and "made by blueprint 'somebody_elses', not 'urgency'" in done.err
    assert contents(own.models) == before


def test_changed_answers_are_shown_when_a_model_is_replaced(cli: Cli, own: Forged, forged: Forged) -> None:
    declare(own, "verify:\n  floors:\n", "verify:\n" + SPARE)
    declare(own, "C: [3, 10], folds: 3", "C: [0.01], char_max: 1, word_max: 0, idf: [false]")
    *_, verified = forge(cli, own, "--steps", "train,export")
    old, new = (MicroModel.load(made.models, own.task) for made in (forged, own))
    report = json.loads(stage(own, "5_report/report.json").read_bytes())
    changed = report["changes"]["rows"]
    assert changed and verified["changes"].startswith(f"{len(changed)} of ")
    for row in changed:
        assert (row["before"], row["now"]) == (old.predict(row["text"]).label, new.predict(row["text"]).label)
        assert row["before"] != row["now"]
    page = stage(own, "5_report/report.html").read_text("utf-8")
    assert changed[0]["text"].split()[0] in page
    assert contents(own.models) != contents(forged.models)


ROWS = [("fire in the {} now, send help", "Urgent"), ("{}着火了，马上报警", "Urgent")]
ROWS += [("thanks, the {} looks lovely", "Routine"), ("谢谢，{}真好看", "Routine")]
THINGS = [
    "attic",
    "cellar",
    "garage",
    "kitchen",
    "school",
    "shop",
    "office",
    "library",
    "hall",
    "station",
    "tower",
    "mill",
]


def as_jsonl(path: Path, rows: list[tuple[str, str]]) -> None:
    lines = [json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in rows]
    path.write_text("\n".join(lines), "utf-8")


def as_csv(path: Path, rows: list[tuple[str, str]]) -> None:
    lines = ["label,text"] + [f'{label},"{text}"' for text, label in rows]
    path.write_bytes(("\ufeff" + "\r\n".join(lines)).encode())


@pytest.mark.parametrize(("name", "write"), [("mine.jsonl", as_jsonl), ("mine.csv", as_csv)])
def test_ones_own_file_instead_of_generating(
    name: str, write: Callable[[Path, list[tuple[str, str]]], None], cli: Cli, own: Forged, tmp_path: Path
) -> None:
    rows = [(mould.format(thing), label) for thing in THINGS for mould, label in ROWS]
    write(tmp_path / name, [*rows, rows[0]])
    generated, refined, trained = forge(cli, own, "--steps", "generate,refine,train", "--import", tmp_path / name)
    assert (generated["state"], generated["samples"], generated["rejected"]) == ("done", len(rows), 1)
    lines = stage(own, "1_samples/samples.jsonl").read_text("utf-8").splitlines()
    kept = [json.loads(line) for line in lines]
    assert [(row["text"], row["label"]) for row in kept] == rows
    assert {row["origin"] for row in kept} == {"imported"} and {row["language"] for row in kept} == {"zh", "en"}
    assert refined["state"] == trained["state"] == "done"
    assert states(forge(cli, own, "--steps", "generate", "--import", tmp_path / name)) == "-"


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ('{"text": "x", "label": "Urgnt"}', 1, "did you mean 'Urgent'?"),
        ('{"label": "Urgent"}', 1, "no text"),
        ('{"text": "send help to the hall", "label": "Urgent"}', 1, "no sample for label Routine"),
        ("", 1, "no sample for label Urgent and Routine"),
        ("<html>", 1, ":1: not JSON"),
    ],
)
def test_ones_own_file_that_cannot_be_used(
    content: str, code: int, said: str, cli: Cli, own: Forged, tmp_path: Path
) -> None:
    (tmp_path / "mine.jsonl").write_text(content, "utf-8")
    before = contents(stage(own, "1_samples"))
    done = cli(*places(own), "--import", tmp_path / "mine.jsonl")
    assert (done.code, done.out) == (code, "") and said in done.err
    assert contents(stage(own, "1_samples")) == before


def scripted(made: Forged, replies: str) -> None:
    declare(made, "  settings:\n    gemini", f"  settings:\n    scripted: {{replies: {replies}}}\n    gemini")


@pytest.mark.parametrize(
    "replies",
    ["['']", "['<html><body>502</body></html>']", "['I cannot help with that.']", "['{}']", "['[1, 2]']"],
    ids=["nothing", "html", "prose", "object", "numbers"],
)
def test_a_provider_that_answers_nonsense(replies: str, cli: Cli, own: Forged) -> None:
    scripted(own, replies)
    before = contents(stage(own, "1_samples"))
    done = cli(*places(own), "--provider", "scripted")
    assert done.code == 1 and "none of its" in done.err and "--provider offline" in done.err
    assert contents(stage(own, "1_samples")) == before


def test_verify_reads_its_own_inputs_only(cli: Cli, own: Forged) -> None:
    before = json.loads(stage(own, "5_report/report.json").read_bytes())["funnel"]
    shutil.rmtree(stage(own, "1_samples"))
    forge(cli, own, "--steps", "verify", "--force")
    assert json.loads(stage(own, "5_report/report.json").read_bytes())["funnel"] == before


def test_the_title_of_the_report_is_an_input_of_it(cli: Cli, own: Forged) -> None:
    edit(own.blueprint / "constitutions" / f"{own.task}.yaml", "Is this urgent?", "Is there haste?")
    forge(cli, own)
    assert "Is there haste?" in stage(own, "5_report/report.html").read_text("utf-8")


def test_only_the_named_task(cli: Cli, own: Forged) -> None:
    """Of two tasks one is forged; then both are, and the failure of one does not keep the other."""
    law = own.blueprint / "constitutions" / "urgency.yaml"
    shutil.copy(law, law.with_name("haste.yaml"))
    edit(law.with_name("haste.yaml"), "task: urgency", "task: haste")
    declare(own, "tasks: [urgency]", "tasks: [haste, urgency]")
    named = forge(cli, own, "--task", "haste", "--steps", "generate")
    assert [(r["task"], r["step"]) for r in named] == [("haste", "generate")]
    both = forge(cli, own, "--steps", "generate,refine")
    assert [r["task"] for r in both] == ["haste", "haste", "urgency", "urgency"]
    assert states(both) == "- x - -"
    (own.runs / own.task / "haste" / "1_samples" / "samples.jsonl").unlink()
    failed = cli(*places(own), "--steps", "refine", "--force")
    assert failed.code == 1 and "not every task was forged: haste" in failed.err
    assert f"{'urgency':16s} refine" in failed.err


def test_the_seed_of_the_command_line_counts(cli: Cli, own: Forged) -> None:
    before = contents(stage(own, "1_samples"))
    assert states(forge(cli, own, "--steps", "generate", "--seed", "1")) == "-"
    assert states(forge(cli, own, "--steps", "generate", "--seed", "7")) == "x"
    assert contents(stage(own, "1_samples")) != before


def test_a_second_process_is_refused(main: Run, own: Forged) -> None:
    with locked(own.runs / own.task):
        done = main(*places(own))
        assert (done.returncode, done.stdout) == (3, "")
        assert "another foundry process is at work here" in done.stderr
        asked = main("ask", own.task, "hello", "--models", own.models)
        assert asked.returncode == 0
    assert main(*places(own), "--steps", "generate").returncode == 0


def test_a_report_for_people(forged: Forged) -> None:
    report = RunFolder(forged.runs / forged.task / forged.task).report
    said = forged.output
    for step in STEPS:
        assert f"{forged.task:16s} {step}" in said
    assert "boundary cases 8/8" in said and "no model there yet" in said
    assert f"report: {report / 'report.html'}" in said
    assert "patterns alone" in (report / "report.md").read_text("utf-8").lower()


def test_the_shipped_blueprint_stands() -> None:
    """It loads, and each of its tasks has what the README promises."""
    from foundry_engine import blueprint

    shipped = blueprint.load(ROOT / "blueprints" / "text_classification")
    for task in shipped.tasks:
        law = shipped.constitutions[task]
        assert len(law.boundary_cases) >= 60 and shipped.corpus(task).is_file()

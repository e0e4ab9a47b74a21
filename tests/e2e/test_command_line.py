"""What the command line says: its help, its mistakes, its exit codes, and where its words go."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from foundry_engine.cli import exit_codes
from tests.conftest import ROOT, Forged, Run
from tests.e2e.conftest import Cli, edit, places

ESCAPE = re.compile(r"\x1b")

CASES: list[tuple[str, int, str]] = [
    # arguments, exit code, what stderr says; {…} are the forged blueprint's folders
    ("", 2, "give --blueprint NAME, or a command. See --help."),
    ("askk", 2, "Did you mean 'ask'?"),
    ("--frce", 2, "--force"),
    ("--seed -1 --blueprint {blueprint}", 2, "--seed"),
    ("--seed x --blueprint {blueprint}", 2, "--seed"),
    (
        "--blueprint {blueprint} --steps trian",
        2,
        "did you mean 'train'? (known: generate, refine, train, export, verify)",
    ),
    ("--blueprint {blueprint} --steps ,", 2, "no step given"),
    ("--blueprint {blueprint} --task urgncy", 2, "did you mean 'urgency'?"),
    ("--blueprint {blueprint} --provider import", 2, "--provider import needs --import FILE"),
    ("--blueprint text_classification --import x.csv", 2, "add --task NAME"),
    ("--blueprint {blueprint} blueprints", 2, "--blueprint belongs to the line, not to 'blueprints'"),
    ("ask", 2, "task"),
    ("ask urgency --models {models}", 2, "give either a sentence or --stdin"),
    ("ask urgency hello --stdin --models {models}", 2, "give either a sentence or --stdin"),
    ("ask urgency hello --engine fast --models {models}", 2, "'fast' is neither plain nor onnxruntime"),
    ("score urgency", 2, "file"),
    ("--blueprint text_clasification", 3, "did you mean 'text_classification'?"),
    ("--blueprint {empty}", 3, "holds no blueprint.yaml"),
    ("--blueprint {blueprint} --provider ofline", 3, "did you mean 'offline'?"),
    ("--blueprint {blueprint} --provider scripted", 3, "generate.settings.scripted"),
    ("new 9lives", 3, "'9lives' is no name for a blueprint"),
    ("new blue-print", 3, "is no name for a blueprint"),
    ("new {empty}/..", 3, "is no name for a blueprint"),
    ("new {empty}/数据", 3, "is no name for a blueprint"),
    ("new text_classification", 3, "is there already"),
    ("new {blueprint}", 3, "is there already"),
    ("--blueprint {blueprint} --provider gemini --runs {empty}/r", 5, "GEMINI_API_KEYS"),
    ("--blueprint {blueprint} --import {empty}/none.csv --runs {empty}/r", 1, "none.csv: cannot be read"),
    ("ask urgncy hello --models {models}", 1, "did you mean 'urgency'?"),
    ("ask urgency hello --models {empty}", 1, "known: none"),
    ("ask urgency a\udcff --models {models}", 1, "lone surrogate U+DCFF at position 1"),
    ("score urgency {empty}/none.jsonl --models {models}", 1, "none.jsonl: cannot be read"),
]


@pytest.mark.parametrize(("line", "code", "said"), CASES, ids=[case[0] or "nothing" for case in CASES])
def test_mistakes_have_a_message_and_an_exit_code(
    line: str, code: int, said: str, cli: Cli, forged: Forged, tmp_path: Path
) -> None:
    empty = tmp_path / "empty_folder"
    empty.mkdir()
    filled = [w.format(blueprint=forged.blueprint, models=forged.models, empty=empty) for w in line.split()]
    done = cli(*filled)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("error: ") and said in done.err
    assert "Traceback" not in done.err and not ESCAPE.search(done.err)


def test_every_exit_code_is_met_by_a_test() -> None:
    elsewhere = {exit_codes.OK, exit_codes.GATE, exit_codes.INTERRUPTED}  # test_forging.py, test_interruptions.py
    assert {code for _, code, _ in CASES} | elsewhere == set(exit_codes.MEANINGS)
    assert {code for _, code in exit_codes.TABLE} <= set(exit_codes.MEANINGS)


@pytest.mark.parametrize("debug", [False, True])
def test_only_debug_shows_a_traceback(debug: bool, cli: Cli) -> None:
    done = cli(*["--debug"] * debug, "--blueprint", "nowhere")
    assert done.code == 3
    assert ("Traceback" in done.err) is debug
    assert "error: no blueprint 'nowhere'" in done.err


@pytest.mark.parametrize("debug", [False, True])
def test_an_unexpected_error_is_a_message_too(debug: bool, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero\nsecond line")

    monkeypatch.setattr("foundry_engine.cli.workspace.Workspace.find", broken)
    done = cli(*["--debug"] * debug, "--blueprint", "text_classification")
    assert done.code == 1
    assert "unexpected ZeroDivisionError: division by zero. Run again with --debug" in done.err
    assert ("Traceback" in done.err) is debug


def test_line_numbers_stay_numbers(cli: Cli, own: Forged) -> None:
    """Rich knows ``:100:`` as an emoji; places in files are full of them."""
    law = own.blueprint / "constitutions" / f"{own.task}.yaml"
    text = law.read_text("utf-8")
    law.write_text(
        "#\n" * (99 - text[: text.index("labels:")].count("\n")) + text.replace("labels:", "lables:"), "utf-8"
    )
    done = cli(*places(own))
    assert done.code == 3
    assert f"{law}:100:1: unknown key 'lables'; did you mean 'labels'?" in done.err


def test_help_lists_everything(cli: Cli) -> None:
    done = cli("--help")
    assert done.code == 0 and done.err == ""
    options = "--blueprint --steps --task --provider --import --seed --force --dry-run --models --runs --json --verbose"
    for word in [*options.split(), "--debug", "blueprints", "new", "ask", "score", "由宪法铸造微模型"]:
        assert word in done.out
    flowing = " ".join(done.out.split())
    for code, meaning in exit_codes.MEANINGS.items():
        assert f"{code} {meaning}" in flowing
    assert cli("-h").out == done.out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("ask", ["--stdin", "--engine", "--models", "--json"]),
        ("score", ["--by", "--models", "--json"]),
        ("new", ["NAME"]),
        ("blueprints", ["--json"]),
    ],
)
def test_every_command_has_help(command: str, words: list[str], cli: Cli) -> None:
    done = cli(command, "--help")
    assert done.code == 0
    for word in words:
        assert word.lower() in done.out.lower()


def test_blueprints_are_listed_with_their_tasks(cli: Cli) -> None:
    data = json.loads(cli("blueprints", "--json").out)
    shipped = next(row for row in data["blueprints"] if row["name"] == "text_classification")
    assert shipped["tasks"] == ["is_question", "confirmation"] and shipped["problems"] == 0
    table = cli("blueprints").out
    assert "text_classification" in table and "is_question, confirmation" in table


@pytest.mark.parametrize("where", ["{blueprint}", "{blueprint}/", "{blueprint}/blueprint.yaml"])
def test_a_blueprint_may_stand_outside(where: str, cli: Cli, forged: Forged) -> None:
    done = cli("--blueprint", where.format(blueprint=forged.blueprint), "--dry-run")
    assert done.code == 0, done.err
    assert done.out.startswith("urgency: ")


def test_dry_run_shows_the_plan_and_makes_nothing(cli: Cli, forged: Forged, tmp_path: Path) -> None:
    folders = ["--runs", tmp_path / "runs", "--models", tmp_path / "models"]
    text = cli("--blueprint", forged.blueprint, "--dry-run", *folders)
    data = json.loads(cli("--blueprint", forged.blueprint, "--dry-run", "--json", *folders).out)
    assert text.code == 0 and not list(tmp_path.iterdir())
    (plan,) = data["plan"]
    assert plan["task"] == forged.task
    assert f"{len(plan['cells'])} cells, {sum(cell['samples'] for cell in plan['cells']):,} texts" in text.out
    assert len({cell["id"] for cell in plan["cells"]}) == len(plan["cells"])
    assert {cell["label"] for cell in plan["cells"]} == {"Urgent", "Routine"}
    other = json.loads(cli("--blueprint", forged.blueprint, "--dry-run", "--json", "--seed", "99").out)
    assert other != data
    assert data == json.loads(cli("--blueprint", forged.blueprint, "--dry-run", "--json").out)


def test_new_makes_a_blueprint_whose_schemas_are_found(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "polite"
    done = cli("new", folder)
    assert (done.code, done.out) == (0, "") and str(folder) in done.err
    for file in ("blueprint.yaml", "constitutions/polite.yaml"):
        text = (folder / file).read_text("utf-8")
        (schema,) = re.findall(r"\$schema=(\S+)", text)
        assert ((folder / file).parent / schema).resolve().is_relative_to(ROOT / "blueprints" / "schemas")
        assert ((folder / file).parent / schema).is_file()
    assert cli("--blueprint", folder, "--dry-run").code == 0


def test_folders_that_cannot_be_written(cli: Cli, forged: Forged, tmp_path: Path) -> None:
    """Where nobody may write, or for root, who may everywhere, where nobody can."""
    closed = Path("/proc") if os.geteuid() == 0 else tmp_path / "closed"
    if not closed.exists():
        closed.mkdir(mode=0o500)
    done = cli("--blueprint", forged.blueprint, "--runs", closed / "runs", "--models", tmp_path / "models")
    assert done.code == 1 and f"{closed}/runs" in done.err and "cannot be written" in done.err
    assert cli("new", closed / "name").code == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--blueprint", "{blueprint}", "--runs", "{file}/runs", "--models", "{file}/models"], 1),
        (["new", "{file}/name"], 1),
    ],
    ids=["runs", "new"],
)
def test_a_file_in_the_place_of_a_folder(
    arguments: list[str], code: int, cli: Cli, forged: Forged, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("mine", "utf-8")
    done = cli(*[a.format(blueprint=forged.blueprint, file=file) for a in arguments])
    assert done.code == code and "cannot be written" in done.err
    assert file.read_text("utf-8") == "mine"


def test_main_py_is_the_same_from_any_folder(main: Run, tmp_path: Path) -> None:
    done = main("blueprints", cwd=tmp_path)
    assert done.returncode == 0 and "text_classification" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask", "{task}", "厨房里有煤气味", "--models", "{models}"], "\\u7164"),
        (["--blueprint", "{blueprint}", "--dry-run", "--json"], '"schema_version": 1'),
    ],
    ids=["text", "json"],
)
def test_an_answer_on_a_machine_without_unicode(main: Run, arguments: list[str], said: str, forged: Forged) -> None:
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    names = {"task": forged.task, "models": forged.models, "blueprint": forged.blueprint}
    done = main(*[a.format(**names) for a in arguments], env=ascii_only)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout and done.stdout.isascii()
    if "--json" in arguments:
        assert json.loads(done.stdout)["plan"]


def test_output_that_is_no_terminal_has_no_escape_codes(forged: Forged) -> None:
    assert "boundary cases" in forged.output and not ESCAPE.search(forged.output)


@pytest.mark.parametrize("colour", [True, False])
def test_no_color_is_honoured_on_a_terminal(colour: bool) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"TERM": "xterm-256color"} | ({} if colour else {"NO_COLOR": "1"})
    command = [sys.executable, str(ROOT / "main.py"), "--blueprint", "nowhere"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    out = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        out += part
    os.close(ours)
    assert process.wait() == 3
    assert b"no blueprint 'nowhere'" in out
    assert bool(ESCAPE.search(out.decode())) is colour


def test_mistakes_of_all_files_come_at_once(cli: Cli, own: Forged) -> None:
    edit(own.blueprint / "blueprint.yaml", "at_least: 0.6", "at_least: 6")
    edit(own.blueprint / "blueprint.yaml", "max_bytes: 128000", "max_byte: 128000")
    edit(own.blueprint / "constitutions" / "urgency.yaml", "  - [Urgent, Routine]", "  - [Urgent, Rotine]")
    done = cli(*places(own))
    assert done.code == 3
    for said in ("less than or equal to 1", "did you mean 'max_bytes'?", "did you mean 'Routine'?"):
        assert said in done.err
    assert len(re.findall(r"\.yaml:\d+:\d+: ", done.err)) == 3


def test_a_missing_constitution_names_the_file(cli: Cli, own: Forged) -> None:
    shutil.move(own.blueprint / "constitutions" / "urgency.yaml", own.blueprint / "constitutions" / "urgncy.yaml")
    done = cli(*places(own))
    assert done.code == 3
    assert "no constitution" in done.err and "did you mean 'urgncy'?" in done.err

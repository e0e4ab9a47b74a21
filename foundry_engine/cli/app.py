"""The one command: options of the line at the root, everything else as sub-commands."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from typer.exceptions import Abort, TyperException

from foundry_engine import log
from foundry_engine.cli import console, exit_codes, fake_llm, stream
from foundry_engine.cli.workspace import Workspace
from foundry_engine.errors import FoundryError

INTERRUPTED = "interrupted: what is finished is kept; the same command goes on from there"
EPILOG = "Exit codes: " + " · ".join(f"{code} {meaning}" for code, meaning in exit_codes.MEANINGS.items())

app = typer.Typer(
    help="Micro-Model Foundry: from a written law to a tiny, exact, proven judge. 由宪法铸造微模型。",
    epilog=EPILOG,
    add_completion=True,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(stream.app, name="stream")

_root = Path()


class WrongUsage(Exception):
    """The options do not go together."""


Models = Annotated[Optional[Path], typer.Option("--models", help="Folder of the forged models.  [default: models/]")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout instead of text.")]


@app.callback(invoke_without_command=True)
def line(
    context: typer.Context,
    blueprint: Annotated[
        Optional[str], typer.Option("--blueprint", "-b", help="Name in blueprints/, or a path.")
    ] = None,
    steps: Annotated[
        str, typer.Option("--steps", help="Steps to run: generate,refine,train,export. Verify always follows export.")
    ] = "generate,refine,train,export",
    task: Annotated[Optional[list[str]], typer.Option("--task", help="Only this task; may be repeated.")] = None,
    provider: Annotated[
        Optional[str], typer.Option("--provider", help="Who writes the texts, instead of the blueprint's choice.")
    ] = None,
    own_file: Annotated[
        Optional[Path],
        typer.Option("--import", help="Use this labelled .jsonl or .csv (text, label) instead of generating."),
    ] = None,
    seed: Annotated[Optional[int], typer.Option("--seed", min=0, help="Instead of the blueprint's seed.")] = None,
    budget: Annotated[
        Optional[float],
        typer.Option("--budget", min=0.000001, help="Most US dollars a task's generation may cost."),
    ] = None,
    token_budget: Annotated[
        Optional[int],
        typer.Option("--token-budget", min=1, help="Most tokens a task's generation may spend, prompts and answers."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run steps again that are unchanged.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the coverage plan and what it is estimated to cost, and stop.")
    ] = False,
    models: Models = None,
    runs: Annotated[Optional[Path], typer.Option("--runs", help="Folder of the runs.  [default: runs/]")] = None,
    as_json: Json = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the log.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Forge the blueprint's tasks: generate, refine, train, export, verify.

    Steps whose inputs, settings and code are unchanged are skipped. An interrupted run goes on with the same command.
    """
    if verbose or debug:
        log.set_up(logging.INFO)
    if context.invoked_subcommand is not None:
        if blueprint is not None:
            raise WrongUsage(f"--blueprint belongs to the line, not to '{context.invoked_subcommand}'")
        return
    if blueprint is None:
        raise WrongUsage("give --blueprint NAME, or a command")
    from foundry_engine.cli import forge
    from foundry_engine.settings import load_environment

    workspace = _workspace(models, runs)
    try:
        wanted = forge.parse_steps(steps)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--steps") from error
    declared = forge.overridden(workspace.find(blueprint), provider, seed, budget, token_budget)
    tasks = list(dict.fromkeys(task)) if task else declared.tasks
    for name in tasks:
        if name not in declared.tasks:
            from foundry_engine.registry import suggest

            raise typer.BadParameter(f"no task '{name}'; {suggest(name, list(declared.tasks))}", param_hint="--task")
    if provider == forge.IMPORT and own_file is None:
        raise WrongUsage("--provider import needs --import FILE")
    if own_file is not None and len(tasks) != 1:
        raise WrongUsage("--import is for one task: add --task NAME")
    order = forge.Order(declared, tasks, wanted, own_file, load_environment(workspace.root), force)
    if dry_run:
        lines, data = forge.plan_lines(order)
        console.result(console.schema({"plan": data})) if as_json else console.text(lines)
        return
    records = forge.forge(order, workspace)
    if as_json:
        console.result(console.schema({"blueprint": declared.name, "steps": records}))
        return
    table = forge.score_lines(records)
    if table:
        console.text(table)
        for name in tasks:
            console.say(f"report: {workspace.run_folder(declared, name).report / 'report.html'}")


@app.command("blueprints")
def list_blueprints(as_json: Json = False) -> None:
    """List the blueprints of this project, with their tasks."""
    workspace = _workspace(None, None)
    rows: list[dict[str, Any]] = []
    for name in workspace.blueprint_names():
        try:
            declared = workspace.find(name)
            rows.append(
                {"name": name, "title": str(declared.declaration.title), "tasks": declared.tasks, "problems": 0}
            )
        except FoundryError as error:
            rows.append({"name": name, "title": "", "tasks": [], "problems": len(error.message.splitlines())})
    if as_json:
        console.result(console.schema({"blueprints": rows}))
        return
    cells = [
        [
            r["name"],
            ", ".join(r["tasks"]),
            r["title"] if not r["problems"] else f"{r['problems']} mistakes: forge it to see them",
        ]
        for r in rows
    ]
    console.text(console.columns(("blueprint", "tasks", "title"), cells))


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Name of the blueprint and of its first task; a path creates it there.")],
) -> None:
    """Start a blueprint that forges at once: two labels, both languages, ready to be edited."""
    from foundry_engine.cli.new import create

    folder = create(name, _workspace(None, None))
    console.say(f"made {folder}. Edit it, then: python main.py --blueprint {name}")


@app.command("ask")
def ask(
    task: Annotated[str, typer.Argument(help="Which model.")],
    text: Annotated[Optional[str], typer.Argument(help="The sentence.")] = None,
    stdin: Annotated[
        bool,
        typer.Option(
            "--stdin", help='Answer JSON Lines from stdin, a string or {"text": …} each; one line out per line in.'
        ),
    ] = False,
    engine: Annotated[str, typer.Option("--engine", help="plain or onnxruntime.")] = "plain",
    models: Models = None,
    as_json: Json = False,
) -> None:
    """Ask a forged model."""
    from foundry_engine.cli import asking

    if engine not in ("plain", "onnxruntime"):
        raise typer.BadParameter(f"'{engine}' is neither plain nor onnxruntime", param_hint="--engine")
    if stdin == (text is not None):
        raise WrongUsage("give either a sentence or --stdin")
    model = asking.load(_workspace(models, None).models, task, engine)
    if stdin:
        asking.answer_stream(model, sys.stdin.buffer, sys.stdout.buffer)
    elif as_json:
        console.result(console.schema(asking.answer_object(model, text)))
    else:
        console.text(asking.answer_lines(model, str(text)))


@app.command("score")
def score(
    task: Annotated[str, typer.Argument(help="Which model.")],
    file: Annotated[Path, typer.Argument(help="Labelled .jsonl or .csv with text and label.")],
    by: Annotated[
        Optional[str], typer.Option("--by", help="Also score each value of this field, e.g. language.")
    ] = None,
    models: Models = None,
    as_json: Json = False,
) -> None:
    """Score a forged model on one's own labelled file."""
    from foundry_engine.cli import asking, scoring

    model = asking.load(_workspace(models, None).models, task, "plain")
    figures = scoring.score(model, file, by)
    console.result(console.schema(figures)) if as_json else console.text(scoring.lines(figures))


@app.command("fake-llm", help=fake_llm.HELP)
def serve_fake(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; loopback unless you say so.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")] = 8399,
    seed: Annotated[int, typer.Option("--seed", help="Other seeds give other answers and faults.")] = 0,
    latency: Annotated[float, typer.Option("--latency", help="Seconds an answer takes.")] = 0.05,
    fault: Annotated[
        Optional[list[str]], typer.Option("--fault", help="NAME=RATE, may be repeated; all=RATE shares it out.")
    ] = None,
    retry_after: Annotated[
        float, typer.Option("--retry-after", help="Seconds a fault 429 asks to wait; below 0 names no delay.")
    ] = 1.0,
    hang: Annotated[float, typer.Option("--hang", help="Seconds of the fault hang.")] = 600.0,
    slow: Annotated[float, typer.Option("--slow", help="Seconds of the fault slow.")] = 5.0,
    rps: Annotated[Optional[float], typer.Option("--rps", help="Real limit: requests in any second, a key.")] = None,
    rpm: Annotated[Optional[float], typer.Option("--rpm", help="Real limit: requests in any minute, a key.")] = None,
    tpm: Annotated[Optional[float], typer.Option("--tpm", help="Real limit: prompt tokens in any minute.")] = None,
    model: Annotated[
        Optional[list[str]], typer.Option("--model", help="Serve these models only; any name without it.")
    ] = None,
    key: Annotated[Optional[list[str]], typer.Option("--key", help="Accept these keys only; any without it.")] = None,
    blueprint: Annotated[
        Optional[str], typer.Option("--blueprint", help="Answer its prompts from its grammar, else with filler.")
    ] = None,
    collapse_share: Annotated[
        float, typer.Option("--collapse-share", help="Share of prompts with few answers.")
    ] = 0.79,
    collapse_pool: Annotated[int, typer.Option("--collapse-pool", help="Texts an item such a prompt knows.")] = 4,
    collapse_zipf: Annotated[float, typer.Option("--collapse-zipf", help="How steeply it prefers the first.")] = 4.0,
) -> None:
    """Serve a fake model."""
    try:
        faults = fake_llm.rates(fault or [])
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--fault") from error
    wanted = fake_llm.settings(
        seed=seed,
        latency=latency,
        faults=faults,
        retry_after=retry_after if retry_after >= 0 else None,
        hang=hang,
        slow=slow,
        rps=rps,
        rpm=rpm,
        tpm=tpm,
        models=model or ["fake-model"],
        keys=key or [],
        collapse={"share": collapse_share, "pool": collapse_pool, "zipf": collapse_zipf},
    )
    fake_llm.serve(wanted, _workspace(None, None).find(blueprint) if blueprint else None, host, port)


@app.command("refine")
def refine(
    config: Annotated[Path, typer.Option("--config", "-c", help="refine.yaml: inputs, operators, output.")],
    force: Annotated[bool, typer.Option("--force", help="Refine again even if nothing changed.")] = False,
    as_json: Json = False,
) -> None:
    """Refine raw files (jsonl, csv, parquet) into a dataset with a report.

    An interrupted refining goes on with the same command.
    """
    from foundry_engine.cli import refining

    output, summary = refining.refine(config, force)
    if as_json:
        console.result(console.schema({"output": str(output), **summary}))
    else:
        console.text(refining.lines(output, summary))


def _workspace(models: Path | None, runs: Path | None) -> Workspace:
    return Workspace(_root, models or _root / "models", runs or _root / "runs")


def _is_interrupt(error: BaseException) -> bool:
    """True for what a Ctrl-C became on its way: a library in C that was being imported gives an ImportError."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def main(root: Path | None = None) -> None:
    """Run the command line; every error becomes a message and an exit code."""
    global _root
    console.set_up()
    log.set_up()
    debug = "--debug" in sys.argv[1:]
    try:
        _root = root or Path.cwd()
        code = app(standalone_mode=False, prog_name="main.py" if root else "foundry")
        if code == exit_codes.INTERRUPTED:  # how typer hands on a Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else exit_codes.OK)
    except FoundryError as error:
        if debug:
            traceback.print_exc()
        console.complain(error.message)
        sys.exit(exit_codes.code_of(error))
    except (KeyboardInterrupt, Abort):
        console.say(INTERRUPTED)
        sys.exit(exit_codes.INTERRUPTED)
    except (WrongUsage, TyperException) as error:
        said = error.format_message() if isinstance(error, TyperException) else str(error)
        console.complain(f"{said} See --help." if said.endswith("?") else f"{said.rstrip('.')}. See --help.")
        sys.exit(exit_codes.USAGE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(exit_codes.FAILED)
    except OSError as error:
        if debug:
            traceback.print_exc()
        place = f"{str(error.filename)[:300]}: " if error.filename is not None else ""
        said = error.strerror or str(error)
        console.complain(f"{place}{said}. Check the path, its permissions and the space on the disk.")
        sys.exit(exit_codes.FAILED)
    except Exception as error:
        if _is_interrupt(error):
            console.say(INTERRUPTED)
            sys.exit(exit_codes.INTERRUPTED)
        if debug:
            traceback.print_exc()
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        console.complain(f"unexpected {type(error).__name__}: {said}. Run again with --debug for the traceback.")
        sys.exit(exit_codes.FAILED)


def command() -> None:
    """Entry point of the installed command ``foundry``: works in the current folder."""
    main()

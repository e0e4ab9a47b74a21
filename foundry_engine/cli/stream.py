"""``python main.py stream …``: rows from a URI through operators to a URI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from foundry_engine.cli import console

app = typer.Typer(help="Work on rows in streams that survive any interruption.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="YAML file that declares the run; see docs/streaming.md.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout instead of text.")]


@app.command("run")
def run(
    file: File,
    restart_from: Annotated[
        Optional[str],
        typer.Option(
            "--restart-from",
            metavar="STAGE",
            help="Make the results of this stage and all later ones anew ('input': all); paid answers stay.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Begin the run, or go on with it where it was interrupted."""
    from foundry_engine.cli.stream_file import load

    _tell(load(file, restart_from).run(console.progress()), as_json)


@app.command("retry-failed")
def retry_failed(file: File, as_json: Json = False) -> None:
    """Work on the rows in quarantine again."""
    from foundry_engine.cli.stream_file import load

    _tell(load(file).retry_failed(console.progress()), as_json)


@app.command("report")
def report(file: File, as_json: Json = False) -> None:
    """Show how far the run is, also while another process works on it."""
    from foundry_engine.cli.stream_file import report_of

    _tell(report_of(file), as_json)


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        console.result(console.schema(found))
        return
    head = ("stage", "done", "dropped", "out", "quarantined", "retries")
    cells = [[*(stage[name] for name in head[:5]), sum(stage["retries"].values())] for stage in found["stages"]]
    console.text(console.columns(head, [[f"{c:,}" if isinstance(c, int) else c for c in row] for row in cells]))
    lines = [f"{found['pipeline_id']}: {found['state']}, {found['rows']:,} rows in, {found['rows_out']:,} out"]
    if found["rows_quarantined"]:
        lines.append(f"quarantine: {found['rows_quarantined']:,} rows ({console.percent(found['quarantined_share'])})")
    if found["calls"]["begun"]:
        calls = found["calls"]
        lines.append(f"paid calls: {calls['answered']:,} answered, at most {calls['repeated_at_most']:,} made twice")
    if found["usage"]:
        lines.append(f"usage: {json.dumps(found['usage'])}")
    lines += [f"output: {uri}" for uri in found["outputs"]]
    console.text(lines)

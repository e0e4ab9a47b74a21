"""Starting a blueprint from the built-in template."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path

from foundry_engine import blueprint
from foundry_engine.cli.workspace import Workspace
from foundry_engine.errors import InvalidSetting
from foundry_engine.folders import replacing, write_atomic


def create(name: str, workspace: Workspace) -> Path:
    """Make ``blueprints/<name>``, or the folder a path names; gives the folder.

    Raises ``InvalidSetting`` when the name is no identifier or something is there already.
    """
    given = Path(name)
    folder = given if len(given.parts) > 1 else workspace.blueprints / name
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,63}", folder.name):
        raise InvalidSetting(f"'{folder.name}' is no name for a blueprint: letters, digits and _, a letter first")
    if folder.exists():
        raise InvalidSetting(f"{folder}: is there already; choose another name or move it away")
    template = files("foundry_engine.cli") / "template"
    schemas = workspace.blueprints / "schemas"
    with replacing(folder) as fresh:
        for source, target in (
            ("blueprint.yaml", blueprint.FILE),
            ("constitutions/task.yaml", f"constitutions/{folder.name}.yaml"),
        ):
            place = fresh / target
            near = os.path.relpath(schemas, (folder / target).parent)
            text = (template / source).read_text("utf-8")
            write_atomic(place, text.replace("{name}", folder.name).replace("{schema}", near).encode("utf-8"))
        (fresh / "corpus").mkdir()
    return folder

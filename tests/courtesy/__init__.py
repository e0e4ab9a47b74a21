"""A small blueprint that tests read, run and break: ``courtesy`` with its one task ``tone``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from foundry_engine import blueprint
from foundry_engine.blueprint import Blueprint
from foundry_engine.constitution import Constitution

HERE = Path(__file__).parent
TASK = "tone"
FILES = {"blueprint": "blueprint.yaml", "constitution": f"constitutions/{TASK}.yaml"}


def copy(folder: Path) -> Path:
    """The blueprint's files in ``folder``, free to be edited."""
    for name in FILES.values():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / name, folder / name)
    return folder


def edit(folder: Path, file: str, old: str, new: str) -> str:
    """Replace the one occurrence of ``old``; gives ``file:line:column`` of the mark ``§`` in ``new``, and drops it."""
    path = folder / FILES[file]
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {path.name}"
    text = text.replace(old, new)
    before = text.partition("§")[0]
    path.write_text(text.replace("§", ""), "utf-8")
    return f"{path}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def declared(**generate: Any) -> Blueprint:
    """The blueprint as loaded; keywords replace settings of step generate."""
    loaded = blueprint.load(HERE)
    settings = loaded.declaration.generate.model_copy(update=generate)
    return loaded.model_copy(update={"declaration": loaded.declaration.model_copy(update={"generate": settings})})


def law(**changes: Any) -> Constitution:
    """The constitution; keywords replace its parts, given as plain data."""
    data = declared().constitutions[TASK].model_dump(mode="json")
    return Constitution.model_validate({**data, **changes})


NEAR_MISS = {"of": "Rude", "label": "Polite", "topic": {"en": "jokes among friends", "zh": "朋友间的玩笑"}}


def reading(**generate: Any) -> Blueprint:
    """The blueprint for a provider that reads prompts, with a near miss in its law."""
    changed = declared(**{"provider": "author", **generate})
    return changed.model_copy(update={"constitutions": {TASK: law(near_misses={"teasing": NEAR_MISS})}})

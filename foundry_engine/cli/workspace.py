"""Where a command works: the project's root, its blueprints, runs and models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from foundry_engine import blueprint, registry
from foundry_engine.blueprint import Blueprint
from foundry_engine.errors import InvalidSetting
from foundry_engine.folders import RunFolder


@dataclass(frozen=True, slots=True)
class Workspace:
    """``root`` is the repository, or the current folder for the installed command."""

    root: Path
    models: Path
    runs: Path

    @property
    def blueprints(self) -> Path:
        """Where blueprints are looked up by name."""
        return self.root / "blueprints"

    def blueprint_names(self) -> list[str]:
        """Names of the blueprints of this project, sorted."""
        return sorted(path.parent.name for path in self.blueprints.glob(f"*/{blueprint.FILE}"))

    def find(self, name: str) -> Blueprint:
        """A blueprint by name, or by a path to its folder or to its ``blueprint.yaml``.

        Raises ``InvalidSetting`` with the nearest name, or with everything that is wrong in it.
        """
        path = Path(name)
        if path.name == blueprint.FILE:
            path = path.parent
        if (path / blueprint.FILE).is_file() and (path.is_absolute() or len(path.parts) > 1 or path.is_dir()):
            return blueprint.load(path)
        known = self.blueprint_names()
        if name in known:
            return blueprint.load(self.blueprints / name)
        if path.is_dir():
            raise InvalidSetting(f"{path}: holds no {blueprint.FILE}")
        raise InvalidSetting(f"no blueprint '{name}'; {registry.suggest(name, known)}")

    def run_folder(self, declared: Blueprint, task: str) -> RunFolder:
        """The numbered folders of one task."""
        return RunFolder(self.runs / declared.name / task)

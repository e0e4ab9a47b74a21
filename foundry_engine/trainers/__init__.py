"""Step 3, train: a dataset becomes a fitted model in ``3_fitted/``. The kind of trainer is the blueprint's choice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from foundry_engine import registry
from foundry_engine.blueprint import Blueprint
from foundry_engine.folders import RunFolder, StageResult, content_of, run_stage
from foundry_engine.log import Progress, Silent


def run(
    blueprint: Blueprint, task: str, folder: RunFolder, *, force: bool = False, progress: Progress | None = None
) -> StageResult:
    """Train one task; raises ``TrainingError`` when nothing can be learned from its dataset."""
    from foundry_engine.learning.dataset import read_rows
    from foundry_engine.learning.fitted import save

    declaration = blueprint.declaration
    constitution = blueprint.constitutions[task]
    trainer = registry.find("trainers", declaration.train.trainer)
    settings = trainer.Settings.model_validate(declaration.train.settings.get(declaration.train.trainer, {}))
    inputs = {
        "step": "train",
        "task": task,
        "seed": declaration.seed,
        "trainer": declaration.train.trainer,
        "settings": settings.model_dump(mode="json"),
        "max_bytes": declaration.export.max_bytes,
        "constitution": constitution.model_dump(mode="json", include={"labels", "patterns", "abstain"}),
        "dataset": dict(content_of(folder.dataset)),
    }

    def work(fresh: Path) -> Mapping[str, object]:
        rows = read_rows(folder.dataset, constitution.label_names, ("train", "calibration"))
        model = trainer.train(
            rows, settings, declaration.seed, constitution, declaration.export.max_bytes, progress or Silent()
        )
        save(model, fresh)
        return dict(model.log)

    return run_stage(folder.fitted, inputs, work, force)

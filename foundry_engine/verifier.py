"""Step 5, verify: proves an artifact and alone promotes it to ``models/``.

Boundary cases hold, floors hold, and scikit-learn, the stock dense conversion, ONNX Runtime on our graph and the plain
scorer agree, and so does the Rust program where it is built; otherwise nothing is shipped and the report says why.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from foundry_engine.artifact import manifest, parity_cases
from foundry_engine.artifact.files import ArtifactFiles
from foundry_engine.artifact.reader import read_artifact, read_part
from foundry_engine.blueprint import Blueprint
from foundry_engine.errors import ArtifactError, InvalidSetting, ParityError, QualityGateFailed
from foundry_engine.folders import (
    EXAMPLES_FILE,
    QUALITY_FILE,
    RunFolder,
    StageResult,
    content_of,
    run_stage,
    write_atomic,
    write_together,
)
from foundry_engine.learning.fitted import FittedModel, load
from foundry_engine.log import Progress, Silent
from foundry_engine.records import Example, read_records
from foundry_engine.runtime import MicroModel
from foundry_engine.verification import agreement, judging, report, shipped_runtime
from foundry_engine.verification.scores import table

REPORT, MARKDOWN, PAGE = "report.json", "report.md", "report.html"
MANIFEST = "manifest.json"
SHOWN_CHANGES = 50
DENSE_TEXTS = 200


def run(
    blueprint: Blueprint,
    task: str,
    folder: RunFolder,
    *,
    models: Path,
    force: bool = False,
    progress: Progress | None = None,
) -> StageResult:
    """Verify one task and, when everything holds, put its files into ``models``.

    Raises ``QualityGateFailed`` or ``ParityError``; the report is in ``5_report`` in any case and ``models`` untouched.
    """
    _refuse_other_blueprint(ArtifactFiles(models, task), blueprint, models)
    constitution = blueprint.constitutions[task]
    inputs = {
        "step": "verify",
        "task": task,
        "seed": blueprint.declaration.seed,
        "settings": blueprint.declaration.verify.model_dump(mode="json"),
        "constitution": constitution.model_dump(mode="json", include={"labels", "boundary_cases", "patterns"}),
        "title": str(constitution.title),
        "dataset": dict(content_of(folder.dataset)),
        "fitted": dict(content_of(folder.fitted)),
        "artifacts": dict(content_of(folder.artifacts)),
    }

    def work(fresh: Path) -> Mapping[str, object]:
        return _Verification(blueprint, task, folder, models, progress or Silent()).run(fresh)

    result = run_stage(folder.report, inputs, work, force)
    if not result.summary["passed"]:
        page = folder.report / PAGE
        lines = "\n".join(f"  {line}" for line in result.summary["failures"])
        kind = ParityError if result.summary["parity_failed"] else QualityGateFailed
        raise kind(f"task '{task}' is not shipped, models/ is untouched:\n{lines}\nThe report is {page}")
    promote(folder, models, task)
    return result


class _Verification:
    """One verification: what its parts share."""

    def __init__(self, blueprint: Blueprint, task: str, folder: RunFolder, models: Path, progress: Progress) -> None:
        self.blueprint, self.task, self.folder, self.models, self.progress = blueprint, task, folder, models, progress
        self.constitution = blueprint.constitutions[task]
        self.fitted: FittedModel = load(folder.fitted)
        artifact = read_artifact(folder.artifacts, task)
        self.plain = MicroModel(artifact)
        self.runtimes = {"plain": self.plain, "onnxruntime": MicroModel(artifact, "onnxruntime")}
        self.examples = read_records(folder.dataset / EXAMPLES_FILE, Example)

    def run(self, fresh: Path) -> Mapping[str, object]:
        """Write the report; the summary says whether to ship."""
        self.progress.start(f"{self.task}: verify", 5)
        cues = self.constitution.patterns.cue_patterns()
        boundaries = judging.judge_boundaries(self.plain, self.constitution)
        rows = judging.judge(self.plain, self.fitted.cue_pipeline(cues), self.examples)
        self.progress.advance()
        floors = self.blueprint.declaration.verify.floors.get(self.task, [])
        failures = judging.failures(boundaries, rows, floors, self.plain.labels)
        parity = self._parity()
        failures += parity["failures"]
        scores = table(rows, self.plain.labels)
        files = ArtifactFiles(self.folder.artifacts, self.task)
        description = manifest.read(files)
        in_reach = [b for b in boundaries if b.reach == "in"]
        out_of_reach = [b for b in boundaries if b.reach == "out"]
        data: dict[str, Any] = {
            "schema_version": 1,
            "task": self.task,
            "title": str(self.constitution.title),
            "passed": not failures,
            "failures": failures,
            "bytes": sum(description["files"][path.name]["bytes"] for path in (files.classifier, files.preprocessor)),
            "features": description["features"],
            "parity": parity,
            "boundaries": {
                "in_reach": len(in_reach),
                "held": sum(b.holds for b in in_reach),
                "out_of_reach": len(out_of_reach),
                "out_held": sum(b.holds for b in out_of_reach),
                "wrong": [_plain(b) for b in boundaries if not b.holds],
            },
            "scores": scores,
            "left_out": self.fitted.log.get("leave_one_source_out", []),
            "certificates": description["certificates"],
            "funnel": self._funnel(),
            "changes": self._changes(rows, boundaries),
            "training": {key: value for key, value in self.fitted.log.items() if key != "leave_one_source_out"},
        }
        self.progress.advance()
        write_atomic(fresh / REPORT, _json(data))
        write_atomic(fresh / MARKDOWN, report.as_markdown(data).encode("utf-8"))
        write_atomic(fresh / PAGE, report.as_html(data, rows, self.plain.labels).encode("utf-8"))
        write_atomic(fresh / MANIFEST, manifest.to_bytes({**description, "scores": _shipped_scores(data)}))
        self.progress.finish()
        return {
            "passed": not failures,
            "failures": failures[:20],
            "parity_failed": bool(parity["failures"]),
            "scores": _shipped_scores(data),
            "bytes": data["bytes"],
            "uncertified": [name for name, c in data["certificates"].items() if c["threshold"] is None],
            "boundaries": [data["boundaries"]["held"], data["boundaries"]["in_reach"]],
            "changes": data["changes"]["summary"],
        }

    def _parity(self) -> dict[str, Any]:
        """All comparisons of runtimes; the first difference ends them."""
        settings = self.blueprint.declaration.verify
        pipeline = self.fitted.pipeline(self.constitution.patterns.cue_patterns())
        random = Random(self.blueprint.declaration.seed)
        strings = [parity_cases.random_text(random) for _ in range(settings.random_strings)]
        sentences = sorted({e.text for e in self.examples})
        real = random.sample(sentences, min(DENSE_TEXTS, len(sentences)))
        files = ArtifactFiles(self.folder.artifacts, self.task)
        try:
            cases = parity_cases.read_cases(files.parity)
            agreement.replay(self.runtimes, cases)
            self.progress.advance()
            agreement.compare(pipeline, self.runtimes, strings + real)
            self.progress.advance()
            agreement.compare_dense(pipeline, self.runtimes, real)
            rust = shipped_runtime.replay(self.folder.artifacts, self.task, shipped_runtime.find())
            self.progress.advance()
        except ParityError as error:
            return {"summary": "FAILED", "failures": [error.message]}
        summary = (
            f"{len(cases)} cases, {len(strings):,} random and {len(real)} real texts: scikit-learn, stock dense graph, "
            f"ONNX Runtime and plain scorer agree; {rust}"
        )
        return {"summary": summary, "failures": []}

    def _funnel(self) -> list[tuple[str, int]]:
        """Counts from what was generated to what is trained and tested on, all as refine reported them."""
        quality = json.loads((self.folder.dataset / QUALITY_FILE).read_bytes())
        samples = quality["rows_in"]
        rows = [("texts offered", samples + quality["rejected"]), ("through the gates", samples)]
        rows.append(("after refining", quality["rows_kept"]))
        counts = Counter(example.split for example in self.examples)
        return rows + [(name, counts[name]) for name in ("train", "calibration", "test", "withheld") if counts[name]]

    def _changes(self, rows: Sequence[Any], boundaries: Sequence[judging.BoundaryResult]) -> dict[str, Any]:
        """Answers that differ from the model now in ``models/``."""
        if not ArtifactFiles(self.models, self.task).preprocessor.exists():
            return {"summary": "no model there yet", "rows": []}
        try:
            old = MicroModel.load(self.models, self.task)
        except ArtifactError as error:
            return {"summary": f"the model there cannot be read and is replaced ({error.message})", "rows": []}
        if old.labels != self.plain.labels:
            return {"summary": f"the model there has other labels ({', '.join(old.labels)})", "rows": []}
        changed = judging.changes(old, rows, boundaries)
        better = sum(c["now"] == c["label"] for c in changed)
        total = len(rows) + len(boundaries)
        summary = f"{len(changed)} of {total:,}" + (
            f" ({better} better, {len(changed) - better} worse)" if changed else ""
        )
        return {"summary": summary, "rows": changed[:SHOWN_CHANGES]}


def promote(folder: RunFolder, models: Path, task: str) -> None:
    """Put the verified files into ``models``, all or none; files that are there already stay untouched."""
    source, target = ArtifactFiles(folder.artifacts, task), ArtifactFiles(models, task)
    changed: dict[Path, bytes] = {}
    for path, place in zip(source.all(), target.all(), strict=True):
        data = (folder.report / MANIFEST).read_bytes() if path == source.manifest else read_part(path)
        if not place.is_file() or place.read_bytes() != data:
            changed[place] = data
    write_together(changed)


def _refuse_other_blueprint(files: ArtifactFiles, blueprint: Blueprint, models: Path) -> None:
    """A task name can be used by two blueprints; one never overwrites the other's model unasked."""
    try:
        owner = json.loads(files.manifest.read_bytes()).get("blueprint")
    except (OSError, ValueError, AttributeError, RecursionError):
        return
    if owner != blueprint.name:
        raise InvalidSetting(
            f"{files.manifest}: made by blueprint '{owner}', not '{blueprint.name}'. "
            f"Give another folder with --models DIR, or move the files of task '{files.task}' out of {models}."
        )


def _plain(result: judging.BoundaryResult) -> dict[str, object]:
    return {name: getattr(result, name) for name in result.__slots__}


def _shipped_scores(data: Mapping[str, Any]) -> list[dict[str, object]]:
    """The scores the manifest and the console show: by set and language."""
    keys = ("set", "language", "rows", "accuracy", "unmarked_accuracy", "cues_alone_accuracy", "recall")
    return [{key: row[key] for key in keys} for row in data["scores"] if row["source"] == "all"]


def _json(data: object) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode("utf-8")

"""Step 4, export: a fitted model becomes ``4_artifacts/``: the graph, the preprocessor, parity cases and a manifest.

Expected values in the parity cases come from scikit-learn's pipeline, not from a runtime: every runtime is held to the
training side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foundry_engine.artifact import manifest, parity_cases
from foundry_engine.artifact.files import ArtifactFiles
from foundry_engine.artifact.onnx_graph import to_onnx
from foundry_engine.artifact.pattern_groups import cue_groups, reflex_groups
from foundry_engine.artifact.preprocessor import Preprocessor, encode
from foundry_engine.blueprint import Blueprint
from foundry_engine.constitution import Constitution
from foundry_engine.errors import QualityGateFailed
from foundry_engine.features.ngrams import ngrams
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import PatternMatcher
from foundry_engine.features.tfidf import TF_WEIGHTS
from foundry_engine.folders import EXAMPLES_FILE, RunFolder, StageResult, content_of, run_stage, write_atomic
from foundry_engine.learning.fitted import FittedModel, label_logits, load
from foundry_engine.log import Progress, Silent
from foundry_engine.records import Example, lines_of, read_records


def run(
    blueprint: Blueprint, task: str, folder: RunFolder, *, force: bool = False, progress: Progress | None = None
) -> StageResult:
    """Export one task; ``QualityGateFailed`` when ``.onnx`` and ``.bin`` are larger than the blueprint allows."""
    declaration = blueprint.declaration
    constitution = blueprint.constitutions[task]
    inputs = {
        "step": "export",
        "task": task,
        "blueprint": blueprint.name,
        "languages": list(declaration.languages),
        "seed": declaration.seed,
        "settings": declaration.export.model_dump(mode="json"),
        "constitution": constitution.model_dump(mode="json", include={"labels", "patterns", "boundary_cases"}),
        "dataset": dict(content_of(folder.dataset)),
        "fitted": dict(content_of(folder.fitted)),
    }

    def work(fresh: Path) -> Mapping[str, object]:
        watch = progress or Silent()
        watch.start(f"{task}: export", 3)
        model = load(folder.fitted)
        files = ArtifactFiles(fresh, task)
        graph = to_onnx(model.coef, model.intercept, task)
        write_atomic(files.classifier, graph)
        preprocessor = preprocessor_of(model, constitution, blueprint, hashlib.sha256(graph).digest())
        write_atomic(files.preprocessor, encode(preprocessor))
        watch.advance()
        size = files.classifier.stat().st_size + files.preprocessor.stat().st_size
        if size > declaration.export.max_bytes:
            raise QualityGateFailed(
                f"task '{task}': .onnx and .bin have {size:,} bytes, "
                f"export.max_bytes is {declaration.export.max_bytes:,}. Raise it, or use fewer patterns."
            )
        examples = read_records(folder.dataset / EXAMPLES_FILE, Example)
        texts = parity_cases.texts_for(
            [e.text for e in examples if e.split != "train"],
            [case.text for case in constitution.boundary_cases],
            declaration.export.parity_cases,
            declaration.seed,
        )
        cases = expected_cases(model, constitution, preprocessor, list(texts))
        write_atomic(files.parity, lines_of(cases))
        watch.advance()
        data = {"dataset": content_of(folder.dataset)[EXAMPLES_FILE]}
        description = manifest.describe(files, preprocessor, data, _training_facts(model))
        write_atomic(files.manifest, manifest.to_bytes(description))
        watch.advance()
        watch.finish()
        return {"bytes": size, "terms": len(model.terms), "cues": len(preprocessor.cues), "parity_cases": len(cases)}

    return run_stage(folder.artifacts, inputs, work, force)


def preprocessor_of(
    model: FittedModel, constitution: Constitution, blueprint: Blueprint, classifier_sha256: bytes
) -> Preprocessor:
    """What the ``.bin`` says."""
    return Preprocessor(
        task=constitution.task,
        blueprint=blueprint.name,
        labels=model.labels,
        languages=tuple(blueprint.declaration.languages),
        ngrams=model.ngrams,
        terms=model.terms,
        cue_value=model.cue_value,
        idf=tuple(model.idf.tolist()),
        tf_weights=TF_WEIGHTS if model.term_weight == "log_tf" else (),
        cues=cue_groups(constitution),
        reflexes=reflex_groups(constitution),
        thresholds=model.thresholds,
        classifier_sha256=classifier_sha256,
    )


def expected_cases(
    model: FittedModel, constitution: Constitution, preprocessor: Preprocessor, inputs: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Each input with what scikit-learn makes of it, step by step."""
    cues = constitution.patterns.cue_patterns()
    pipeline = model.pipeline(cues)
    reflexes = PatternMatcher(constitution.patterns.reflex_patterns())
    texts = [parity_cases.text_of(case) for case in inputs]
    matrix = pipeline.named_steps["features"].transform(texts).tocsr()
    matrix.sort_indices()
    logits = label_logits(np.asarray(matrix @ model.coef.T) + model.intercept)
    probabilities = pipeline.named_steps["classifier"].predict_proba(matrix)
    cases = []
    for row, (case, text) in enumerate(zip(inputs, texts, strict=True)):
        normalized = normalize(text)
        start, stop = matrix.indptr[row], matrix.indptr[row + 1]
        reflex = reflexes.groups_in(normalized)
        cases.append(
            {
                **case,
                "normalized": parity_cases.shortened(normalized),
                "ngrams": parity_cases.listed(ngrams(normalized, model.ngrams)),
                "indices": parity_cases.listed(matrix.indices[start:stop].tolist()),
                "values": parity_cases.listed([parity_cases.bits(v) for v in matrix.data[start:stop].tolist()]),
                "logits": [parity_cases.bits(v) for v in logits[row].tolist()],
                "probabilities": [parity_cases.bits(v) for v in probabilities[row].tolist()],
                **_answer(preprocessor, reflex[0] if reflex else None, probabilities[row], stop > start),
            }
        )
    return cases


def _answer(preprocessor: Preprocessor, reflex: int | None, probabilities: Any, known: bool) -> dict[str, Any]:
    """Label, outcome and reflex of a case, by the rules of the specification."""
    if reflex is not None:
        group = preprocessor.reflexes[reflex]
        return {"reflex": group.name, "label": preprocessor.labels[group.label], "outcome": "reflex"}
    label = int(np.argmax(probabilities))
    threshold = preprocessor.thresholds.get(label)
    least = 0.0 if threshold is None else threshold.value
    accepted = known and least is not None and probabilities[label] >= least
    return {"reflex": None, "label": preprocessor.labels[label], "outcome": "accepted" if accepted else "abstained"}


def _training_facts(model: FittedModel) -> dict[str, Any]:
    """What the manifest says of the training."""
    return {
        key: model.log[key] for key in ("candidate", "rows", "temperature", "leave_one_source_out") if key in model.log
    }

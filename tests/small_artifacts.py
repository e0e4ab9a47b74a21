"""Artifacts small enough to read, written by the package's own writers, for tests of everything that reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from foundry_engine.artifact.files import ArtifactFiles
from foundry_engine.artifact.onnx_graph import to_onnx
from foundry_engine.artifact.preprocessor import Certificate, Group, Preprocessor, Threshold, encode
from foundry_engine.features.ngrams import BEGIN, END, WORD_MARK, NGramSettings
from foundry_engine.features.patterns import ANYWHERE, START, WHOLE_WORD, Pattern
from foundry_engine.features.patterns import END as AT_END
from foundry_engine.features.tfidf import TF_WEIGHTS
from foundry_engine.learning.fitted import FittedModel
from foundry_engine.runtime import MicroModel

TERMS = [WORD_MARK + "what", BEGIN + "w", " ", "?", "a", "what", "什么", "吗", "吗" + END, "𠀀"]


def preprocessor(**changes: object) -> Preprocessor:
    """Three labels, ten terms with idf and log weights, two cues, two reflexes, every kind of threshold."""
    made = Preprocessor(
        task="mood",
        blueprint="moods",
        labels=("Ask", "Tell", "Greet"),
        languages=("zh", "en"),
        ngrams=NGramSettings(1, 4, 1, 2),
        terms=list(TERMS),
        cue_value=0.7,
        idf=(1.5, 1.25, 1.0, 1.25, 1.0, 2.5, 3.0, 1.25, 1.75, 1.0),
        tf_weights=TF_WEIGHTS,
        cues=(
            Group("ask", (Pattern(0, START, "what"), Pattern(0, AT_END, "吗"))),
            Group("tell", (Pattern(1, WHOLE_WORD, "i"), Pattern(1, ANYWHERE, "我"))),
        ),
        reflexes=(
            Group("hello", (Pattern(0, START, "hello"), Pattern(0, START, "你好")), 2),
            Group("please", (Pattern(1, AT_END, "please"),), 1),
        ),
        thresholds={
            0: Threshold(0.5, Certificate(300, 0, 0.01, 0.95)),
            2: Threshold(None, Certificate(12, 3, 0.05, 0.9)),
        },
        classifier_sha256=bytes(32),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def coefficients(features: int, rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``coef_`` and ``intercept_`` of float32 numbers."""
    random = np.random.default_rng(seed)
    coef = random.normal(size=(rows, features)).astype(np.float32).astype(np.float64)
    return coef, random.normal(size=rows).astype(np.float32).astype(np.float64)


def write(folder: Path, p: Preprocessor | None = None, graph: bytes | None = None) -> ArtifactFiles:
    """The ``.onnx`` and the ``.bin`` that belongs to it."""
    p = p or preprocessor()
    graph = graph if graph is not None else classifier(p)
    files = ArtifactFiles(folder, p.task)
    folder.mkdir(parents=True, exist_ok=True)
    files.classifier.write_bytes(graph)
    files.preprocessor.write_bytes(encode(replace(p, classifier_sha256=hashlib.sha256(graph).digest())))
    return files


def classifier(p: Preprocessor) -> bytes:
    """A graph of random weights for a preprocessor."""
    labels = len(p.labels)
    return to_onnx(*coefficients(p.feature_count, 1 if labels == 2 else labels), p.task)


def fitted_of(model: MicroModel) -> FittedModel:
    """The scikit-learn side of a shipped model, from its two files alone: halves of two labels are exact."""
    p = model.preprocessor
    labels = len(p.labels)
    coef = np.array([[model._plain.weight(i, label) for i in range(p.feature_count)] for label in range(labels)])
    intercept = np.array(model._plain.logits([], []))
    if labels == 2:
        coef, intercept = 2 * coef[1:], 2 * intercept[1:]
    return FittedModel(
        labels=p.labels,
        ngrams=p.ngrams,
        term_weight="log_tf" if p.tf_weights else "presence",
        cue_value=p.cue_value,
        terms=list(p.terms),
        idf=np.array(p.idf),
        coef=coef,
        intercept=intercept,
        cue_coef=np.zeros((1, len(p.cues))),
        cue_intercept=np.zeros(1),
    )


def cue_patterns(p: Preprocessor) -> list[Pattern]:
    """All literals of the cues."""
    return list(flattened(group.patterns for group in p.cues))


def flattened(parts: Iterable[Iterable[Pattern]]) -> Iterable[Pattern]:
    """One after the other."""
    return (item for part in parts for item in part)


def expected_cases(model: FittedModel, p: Preprocessor, texts: Iterable[str]) -> list[dict]:
    """Parity cases as the exporter writes them, for an artifact without a constitution."""
    from types import SimpleNamespace

    from foundry_engine import exporter

    reflexes = list(flattened(group.patterns for group in p.reflexes))
    law = SimpleNamespace(
        patterns=SimpleNamespace(cue_patterns=lambda: cue_patterns(p), reflex_patterns=lambda: reflexes)
    )
    return exporter.expected_cases(model, law, p, [{"text": text} for text in texts])  # type: ignore[arg-type]

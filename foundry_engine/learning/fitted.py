"""A fitted model as scikit-learn sees it, kept as plain numbers: no pickle is ever written or read."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline

from foundry_engine.artifact.preprocessor import Certificate, Threshold
from foundry_engine.errors import DataError, MissingPart
from foundry_engine.features.ngrams import NGramSettings
from foundry_engine.features.patterns import Pattern
from foundry_engine.folders import write_atomic
from foundry_engine.learning.estimators import Analyzer, CueVectorizer, TermWeight

MODEL_FILE = "model.json"
ARRAYS = ("coef", "intercept", "idf", "cue_coef", "cue_intercept")


@dataclass(frozen=True)
class FittedModel:
    """Everything a trainer learned.

    ``terms`` ascend; ``idf`` is ``[terms]`` or empty. ``coef`` is scikit-learn's ``coef_``, ``[1 or labels, terms +
    cues]``, already divided by the temperature; all three are float32 numbers in float64. ``cue_coef`` and
    ``cue_intercept`` are a model of the cues alone, the yardstick beside every score. ``log`` is for the report.
    """

    labels: tuple[str, ...]
    ngrams: NGramSettings
    term_weight: str
    cue_value: float
    terms: Sequence[str]
    idf: npt.NDArray[np.float64]
    coef: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]
    cue_coef: npt.NDArray[np.float64]
    cue_intercept: npt.NDArray[np.float64]
    thresholds: dict[int, Threshold] = field(default_factory=dict)
    log: dict[str, Any] = field(default_factory=dict)

    def features(self, cues: Sequence[Pattern]) -> FeatureUnion:
        """Texts to ``[texts, terms + cues]``, by scikit-learn's own vectoriser."""
        counter = CountVectorizer(analyzer=Analyzer(self.ngrams), vocabulary=list(self.terms))
        tfidf = TfidfTransformer(norm="l2", use_idf=bool(len(self.idf)))
        if len(self.idf):
            tfidf.idf_ = self.idf
        tfidf.n_features_in_ = len(self.terms)
        groups = self.coef.shape[1] - len(self.terms)
        terms = Pipeline([("count", counter), ("weight", TermWeight(self.term_weight)), ("tfidf", tfidf)])
        return FeatureUnion([("terms", terms), ("cues", CueVectorizer(cues, groups, self.cue_value))])

    def classifier(self) -> LogisticRegression:
        """A fitted ``LogisticRegression`` over places of labels."""
        return logistic(self.coef, self.intercept, len(self.labels))

    def pipeline(self, cues: Sequence[Pattern]) -> Pipeline:
        """Text to probabilities, all scikit-learn."""
        return Pipeline([("features", self.features(cues)), ("classifier", self.classifier())])

    def cue_pipeline(self, cues: Sequence[Pattern]) -> Pipeline:
        """The patterns alone: what a hand-written rule with learned weights says."""
        vectorizer = CueVectorizer(cues, self.cue_coef.shape[1], 1.0)
        return Pipeline(
            [("cues", vectorizer), ("classifier", logistic(self.cue_coef, self.cue_intercept, len(self.labels)))]
        )


def logistic(coef: npt.NDArray[np.float64], intercept: npt.NDArray[np.float64], labels: int) -> LogisticRegression:
    """A ``LogisticRegression`` with these learned attributes."""
    classifier = LogisticRegression()
    classifier.classes_ = np.arange(labels)
    classifier.coef_, classifier.intercept_ = coef, intercept
    classifier.n_features_in_ = coef.shape[1]
    return classifier


def label_logits(decision: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """scikit-learn's decision values ``[rows, 1 or labels]`` as one logit a label; -z/2 and z/2 for two labels."""
    return np.hstack([-decision / 2, decision / 2]) if decision.shape[1] == 1 else decision


def save(model: FittedModel, folder: Path) -> None:
    """Write ``model.json`` and one ``.npy`` an array."""
    data = {
        "labels": model.labels,
        "ngrams": [model.ngrams.char_min, model.ngrams.char_max, model.ngrams.word_min, model.ngrams.word_max],
        "term_weight": model.term_weight,
        "cue_value": model.cue_value,
        "terms": list(model.terms),
        "thresholds": {
            str(label): {"value": t.value, "certificate": [*_numbers(t.certificate)]}
            for label, t in model.thresholds.items()
        },
        "log": model.log,
    }
    write_atomic(folder / MODEL_FILE, (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
    for name in ARRAYS:
        buffer = io.BytesIO()
        np.save(buffer, getattr(model, name), allow_pickle=False)
        write_atomic(folder / f"{name}.npy", buffer.getvalue())


def load(folder: Path) -> FittedModel:
    """Read a folder ``save`` wrote; raises ``MissingPart`` when there is none, ``DataError`` when it is damaged."""
    path = folder / MODEL_FILE
    if not path.is_file():
        raise MissingPart(f"{path}: no such file. Run the step train first.")
    try:
        data = json.loads(path.read_bytes())
        arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in ARRAYS}
        return FittedModel(
            labels=tuple(data["labels"]),
            ngrams=NGramSettings(*data["ngrams"]),
            term_weight=data["term_weight"],
            cue_value=data["cue_value"],
            terms=data["terms"],
            thresholds={
                int(label): Threshold(entry["value"], Certificate(*entry["certificate"]))
                for label, entry in data["thresholds"].items()
            },
            log=data["log"],
            **arrays,
        )
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{folder}: damaged ({type(error).__name__}: {error}). Run the step train with --force."
        ) from error


def _numbers(certificate: Certificate) -> tuple[int, int, float, float]:
    return certificate.n, certificate.errors, certificate.max_error, certificate.confidence

"""Fitting a TF-IDF linear model: search, selection to the size, temperature, certificates, leave-one-source-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from foundry_engine.artifact.pattern_groups import cue_groups, reflex_groups
from foundry_engine.artifact.preprocessor import Certificate, Preprocessor, Threshold, encode, float32
from foundry_engine.constitution import Constitution
from foundry_engine.errors import TrainingError
from foundry_engine.features.ngrams import NGramSettings
from foundry_engine.features.patterns import Pattern
from foundry_engine.features.tfidf import TF_WEIGHTS
from foundry_engine.language.noise import unmarked
from foundry_engine.learning.calibration import temperature
from foundry_engine.learning.certificate import certify
from foundry_engine.learning.dataset import Rows
from foundry_engine.learning.fitted import FittedModel, label_logits, logistic
from foundry_engine.learning.matrices import Candidate, Matrices, smooth_idf
from foundry_engine.learning.search import fit_classifier, padded, search, with_copies
from foundry_engine.learning.selection import importance, most_important
from foundry_engine.learning.tfidf_linear_settings import Settings
from foundry_engine.log import Progress

WRITTEN = "written by hand"
LEAST_ROWS_OF_A_SOURCE = 100
"""Smaller sources are not left out on their own: their score would say little."""


class TfidfLinear:
    """One training: what its steps share."""

    def __init__(
        self,
        rows: Rows,
        calibration: Rows,
        settings: Settings,
        seed: int,
        constitution: Constitution,
        max_bytes: int,
        progress: Progress,
    ) -> None:
        self.rows, self.calibration, self.settings = rows, calibration, settings
        self.seed, self.constitution, self.max_bytes, self.progress = seed, constitution, max_bytes, progress
        self.labels = constitution.label_names
        missing = sorted(set(range(len(self.labels))) - set(rows.y.tolist()))
        if missing:
            raise TrainingError(f"no training row for label {', '.join(self.labels[i] for i in missing)}")
        self.cues: Sequence[Pattern] = constitution.patterns.cue_patterns()
        self.groups = len(constitution.patterns.cues)
        self.ngrams = NGramSettings(settings.char_min, settings.char_max, settings.word_min, settings.word_max)

    def run(self) -> FittedModel:
        """The steps, in order."""
        settings = self.settings
        candidates = [
            Candidate(*c) for c in product(settings.C, settings.cue_value, settings.term_weight, settings.idf)
        ]
        folds = min(settings.folds, len(set(self.rows.family)))
        sources = self._sources_to_leave_out()
        self.progress.start("train", len(candidates) * folds + len(sources) + 3)
        stripped = [unmarked(text) for text in self.rows.texts]
        differ = [i for i, (a, b) in enumerate(zip(stripped, self.rows.texts, strict=True)) if a != b]
        self.copies = np.array(differ if settings.unmarked_weight else [], dtype=np.int64)
        texts = self.rows.texts + [stripped[i] for i in self.copies] + self.calibration.texts
        self.matrices = Matrices(texts, len(self.rows), self.ngrams, self.cues, self.groups, settings.min_df)
        self.y = with_copies(self.rows.y, self.copies)
        self.weight = with_copies(self.rows.weight, self.copies)
        self.weight[len(self.rows) :] *= settings.unmarked_weight
        self.progress.advance()
        best = candidates[0]
        table: list[dict[str, object]] = []
        if len(candidates) > 1 and folds > 1:
            best, table = search(
                candidates, self.matrices, self.rows, self.copies, folds, self.seed, self.progress.advance
            )
        model = self._fit(best)
        self.progress.advance()
        model = self._calibrated(model)
        left_out = [self._left_out(best, source) for source in sources]
        log = {
            **model.log,
            "candidate": best.__dict__,
            "search": table,
            "rows": {
                "train": len(self.rows),
                "unmarked_copies": len(self.copies),
                "calibration": len(self.calibration),
            },
            "leave_one_source_out": left_out,
        }
        self.progress.advance()
        self.progress.finish()
        return replace(model, log=log)

    def _everything(self) -> npt.NDArray[np.bool_]:
        return padded(np.ones(len(self.rows), dtype=bool), self.matrices)

    def _fit(self, candidate: Candidate) -> FittedModel:
        """Fit on all training rows, keep the terms that fit the size, fit again on those."""
        training = self._everything()
        vectors = self.matrices.vectors(candidate, training)
        n = len(self.y)
        first = fit_classifier(vectors.matrix[:n], self.y, self.weight, candidate.C, self.seed)
        scores = importance(first.coef_, self.matrices.document_frequency(training)[vectors.columns])
        kept = most_important(scores, lambda places: self._bytes(vectors.columns[places], candidate), self.max_bytes)
        columns = vectors.columns[kept]
        vectors = self.matrices.vectors(candidate, training, columns)
        classifier = fit_classifier(vectors.matrix[:n], self.y, self.weight, candidate.C, self.seed)
        alone = fit_classifier(self.matrices.cues[:n], self.y, self.weight, 1.0, self.seed)
        self.matrix = vectors.matrix
        return FittedModel(
            labels=tuple(self.labels),
            ngrams=self.ngrams,
            term_weight=candidate.term_weight,
            cue_value=candidate.cue_value,
            terms=[self.matrices.terms[c] for c in columns],
            idf=vectors.idf,
            coef=_rounded(classifier.coef_),
            intercept=_rounded(classifier.intercept_),
            cue_coef=alone.coef_,
            cue_intercept=alone.intercept_,
            log={"terms": len(columns), "terms_before_selection": len(scores)},
        )

    def _bytes(self, columns: npt.NDArray[np.int64], candidate: Candidate) -> int:
        """Size of ``.onnx`` and ``.bin`` with these terms, to the byte but for a few of Protobuf's length prefixes."""
        terms = [self.matrices.terms[c] for c in columns]
        idf = np.empty(0)
        if candidate.idf:
            idf = smooth_idf(self.matrices.document_frequency(self._everything())[columns], len(self.rows))
        dummy = Threshold(0.5, Certificate(10**6, 10**6, 0.01, 0.95))
        preprocessor = Preprocessor(
            task=self.constitution.task,
            blueprint="x" * 64,
            labels=tuple(self.labels),
            languages=("zh", "en"),
            ngrams=self.ngrams,
            terms=terms,
            cue_value=1.0,
            idf=tuple(idf.tolist()),
            tf_weights=TF_WEIGHTS if candidate.term_weight == "log_tf" else (),
            cues=cue_groups(self.constitution),
            reflexes=reflex_groups(self.constitution),
            thresholds=dict.fromkeys(range(len(self.labels)), dummy),
            classifier_sha256=bytes(32),
        )
        graph = 4 * len(self.labels) * (len(terms) + self.groups) + 1_024
        return len(encode(preprocessor)) + graph

    def _calibrated(self, model: FittedModel) -> FittedModel:
        """Divide by the temperature, then certify thresholds, both on rows the vectoriser never saw."""
        calibration = self.matrix[len(self.y) :]
        decision = calibration @ model.coef.T + model.intercept
        divisor = temperature(label_logits(decision), self.calibration.y)
        coef, intercept = _rounded(model.coef / divisor), _rounded(model.intercept / divisor)
        model = replace(model, coef=coef, intercept=intercept, log={**model.log, "temperature": round(divisor, 6)})
        probabilities = (
            logistic(coef, intercept, len(self.labels)).predict_proba(calibration) if len(self.calibration) else None
        )
        thresholds: dict[int, Threshold] = {}
        for name, target in self.constitution.abstain.items():
            label = self.labels.index(name)
            confidence, correct = np.empty(0), np.empty(0, dtype=bool)
            if probabilities is not None:
                chosen = probabilities.argmax(axis=1) == label
                confidence, correct = probabilities.max(axis=1)[chosen], self.calibration.y[chosen] == label
            thresholds[label] = certify(confidence, correct, target.max_error, target.confidence)
        return replace(model, thresholds=thresholds)

    def _sources_to_leave_out(self) -> list[str]:
        """Real sources of some size, each by itself, and all that is written by hand as one."""
        self.source = np.where(self.rows.origin == "written", WRITTEN, self.rows.source)
        if not self.settings.leave_one_source_out:
            return []
        names, counts = np.unique(self.source[self.rows.origin != "generated"], return_counts=True)
        wanted = [str(n) for n, c in zip(names, counts, strict=True) if c >= LEAST_ROWS_OF_A_SOURCE]
        return wanted if len(names) > 1 else []

    def _left_out(self, candidate: Candidate, source: str) -> dict[str, Any]:
        """How a model trained without a source does on it, beside the cues alone trained the same way."""
        out = self.source == source
        used = np.concatenate([~out, ~out[self.copies]])
        self.progress.advance()
        if len(np.unique(self.y[used])) < len(self.labels):
            return {"source": source, "rows": int(out.sum()), "accuracy": None, "cues_alone": None}
        vectors = self.matrices.vectors(candidate, padded(~out, self.matrices))
        result: dict[str, Any] = {"source": source, "rows": int(out.sum())}
        for name, matrix, C in (("accuracy", vectors.matrix, candidate.C), ("cues_alone", self.matrices.cues, 1.0)):
            classifier = fit_classifier(matrix[: len(used)][used], self.y[used], self.weight[used], C, self.seed)
            correct = classifier.predict(matrix[: len(self.rows)][out]) == self.rows.y[out]
            languages = self.rows.language[out]
            result[name] = {str(k): round(float(correct[languages == k].mean()), 4) for k in np.unique(languages)}
        return result


def _rounded(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The nearest float32 numbers, in float64."""
    return np.array([float32(value) for value in numbers.ravel()]).reshape(numbers.shape)

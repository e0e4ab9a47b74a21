"""The foundry's features as scikit-learn's parts: one definition, in ``foundry_engine/features``, for all runtimes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin

from foundry_engine.features.ngrams import NGramSettings, ngrams
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import Pattern, PatternMatcher
from foundry_engine.features.tfidf import TF_WEIGHTS


class Analyzer:
    """What ``CountVectorizer(analyzer=…)`` calls: a text's n-grams."""

    def __init__(self, settings: NGramSettings) -> None:
        self.settings = settings

    def __call__(self, text: str) -> list[str]:
        """The n-grams of the normalized text."""
        return ngrams(normalize(text), self.settings)


class TermWeight(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Counts to term weights: 1 for ``presence``, 1 + ln(tf) from the shipped table for ``log_tf``."""

    def __init__(self, kind: str = "presence") -> None:
        self.kind = kind

    def fit(self, X: sp.csr_matrix, y: object = None) -> TermWeight:
        """Nothing to learn."""
        return self

    def transform(self, X: sp.csr_matrix) -> sp.csr_matrix:
        """A matrix of the same shape, float64."""
        if self.kind == "presence":
            data = np.ones(len(X.data), dtype=np.float64)
        else:
            data = np.array(TF_WEIGHTS)[np.minimum(X.data, len(TF_WEIGHTS)) - 1]
        return sp.csr_matrix((data, X.indices, X.indptr), shape=X.shape)

    def __sklearn_is_fitted__(self) -> bool:
        return True


class CueVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Texts to one column a cue group: ``value`` where a literal of the group matches, else 0."""

    def __init__(self, patterns: Sequence[Pattern] = (), groups: int = 0, value: float = 1.0) -> None:
        self.patterns = patterns
        self.groups = groups
        self.value = value
        self._matcher: tuple[Sequence[Pattern], PatternMatcher] | None = None

    def fit(self, X: Sequence[str], y: object = None) -> CueVectorizer:
        """Nothing to learn."""
        return self

    def transform(self, X: Sequence[str]) -> sp.csr_matrix:
        """``[texts, groups]``, float64."""
        if self._matcher is None or self._matcher[0] is not self.patterns:
            self._matcher = self.patterns, PatternMatcher(self.patterns)
        found = [self._matcher[1].groups_in(normalize(text)) for text in X]
        indptr = np.cumsum([0, *map(len, found)])
        indices = np.array([group for groups in found for group in groups], dtype=np.int64)
        data = np.full(len(indices), self.value, dtype=np.float64)
        return sp.csr_matrix((data, indices, indptr), shape=(len(found), self.groups))

    def __sklearn_is_fitted__(self) -> bool:
        return True

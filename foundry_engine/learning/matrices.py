"""Term counts and cues of all rows, computed once; folds and candidates only slice them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from foundry_engine.artifact.preprocessor import float32
from foundry_engine.artifact.vocabulary import MAX_TERM_BYTES
from foundry_engine.errors import TrainingError
from foundry_engine.features.ngrams import NGramSettings
from foundry_engine.features.patterns import Pattern
from foundry_engine.learning.estimators import Analyzer, CueVectorizer, TermWeight

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Candidate:
    """One setting the search tries. ``C`` is scikit-learn's inverse regularisation."""

    C: float
    cue_value: float
    term_weight: str
    idf: bool


@dataclass(frozen=True)
class Vectors:
    """Columns chosen and idf learned from some rows; ``matrix`` covers all rows."""

    columns: npt.NDArray[np.int64]
    idf: npt.NDArray[np.float64]
    matrix: sp.csr_matrix


class Matrices:
    """``counts`` is ``[rows, terms]`` over the terms of the training rows; ``cues`` is ``[rows, groups]`` of ones."""

    def __init__(
        self,
        texts: Sequence[str],
        vocabulary_rows: int,
        ngrams: NGramSettings,
        patterns: Sequence[Pattern],
        groups: int,
        min_df: int,
    ) -> None:
        """Terms come from the first ``vocabulary_rows`` texts alone and occur in at least ``min_df`` of them."""
        counter = CountVectorizer(analyzer=Analyzer(ngrams), min_df=min(min_df, max(1, vocabulary_rows)))
        first = counter.fit_transform(texts[:vocabulary_rows])
        rest = counter.transform(texts[vocabulary_rows:]) if vocabulary_rows < len(texts) else None
        counts = first if rest is None else sp.vstack([first, rest], format="csr")
        terms = counter.get_feature_names_out()
        short = np.array([len(term.encode("utf-8", "surrogatepass")) <= MAX_TERM_BYTES for term in terms], dtype=bool)
        self.terms: list[str] = terms[short].tolist()
        self.counts: sp.csr_matrix = counts[:, short].tocsr()
        self.cues: sp.csr_matrix = CueVectorizer(patterns, groups).transform(texts)
        self.min_df = min_df
        self._presence: sp.csc_matrix = (self.counts > 0).astype(np.float64).tocsc()

    def document_frequency(self, rows: Mask) -> npt.NDArray[np.float64]:
        """In how many of the rows each term occurs."""
        return np.asarray(rows.astype(np.float64) @ self._presence).ravel()

    def vectors(self, candidate: Candidate, fit_rows: Mask, columns: npt.NDArray[np.int64] | None = None) -> Vectors:
        """Features of all rows, with columns (unless given) and idf learned from ``fit_rows`` alone."""
        frequency = self.document_frequency(fit_rows)
        if columns is None:
            columns = np.flatnonzero(frequency >= self.min_df)
        if not len(columns):
            raise TrainingError(
                f"no n-gram occurs in {self.min_df} of {int(fit_rows.sum())} training rows: "
                "give more rows, or a smaller min_df"
            )
        weighted = TermWeight(candidate.term_weight).transform(self.counts[:, columns])
        transformer = TfidfTransformer(norm="l2", use_idf=candidate.idf)
        transformer.n_features_in_ = len(columns)
        idf = np.empty(0)
        if candidate.idf:
            idf = smooth_idf(frequency[columns], int(fit_rows.sum()))
            transformer.idf_ = idf
        terms = transformer.transform(weighted)
        return Vectors(columns, idf, sp.hstack([terms, self.cues * candidate.cue_value], format="csr"))


def smooth_idf(frequency: npt.NDArray[np.float64], rows: int) -> npt.NDArray[np.float64]:
    """scikit-learn's smooth idf, ln((1 + rows) / (1 + df)) + 1, as float32 numbers."""
    return np.array([float32(value) for value in np.log((1 + rows) / (1 + frequency)) + 1])

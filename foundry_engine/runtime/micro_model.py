"""A forged model that answers: text in, label, confidence and outcome out.

Imports the standard library and protobuf only (ONNX Runtime when asked), so an application can ship it alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from foundry_engine.artifact.preprocessor import Group
from foundry_engine.artifact.reader import Artifact, read_artifact
from foundry_engine.errors import InvalidText
from foundry_engine.features.ngrams import BEGIN, END, WORD_MARK, ngrams
from foundry_engine.features.normalizer import normalize, text_problem
from foundry_engine.features.patterns import KEY, PatternMatcher
from foundry_engine.features.tfidf import term_values
from foundry_engine.runtime.onnx_session import OnnxSession
from foundry_engine.runtime.scorer import Scorer, softmax

Outcome = Literal["accepted", "abstained", "reflex"]
Engine = Literal["plain", "onnxruntime"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says of a text.

    ``label`` is always the most probable one (ties: the earlier); ``confidence`` is its probability (1.0 for a
    reflex); ``outcome`` says whether to rely on it: ``accepted``, ``abstained`` or ``reflex``.
    """

    label: str
    confidence: float
    probabilities: tuple[float, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much a feature speaks for a label: its value times the weight, less the mean weight over all labels.

    ``feature`` is readable: ``^`` and ``$`` for the text's ends, ``‹…›`` around words, ``cue:…`` for a cue.
    """

    feature: str
    value: float


@dataclass(frozen=True, slots=True)
class Steps:
    """Every intermediate value of an answer, as in a parity case; ``reflex`` is the name of the group that answers."""

    normalized: str
    ngrams: list[str]
    reflex: str | None
    indices: list[int]
    values: list[float]
    logits: list[float]
    probabilities: list[float]
    answer: Answer


class MicroModel:
    """One task's model.

    >>> model = MicroModel.load("models", "is_question")  # doctest: +SKIP
    >>> model.predict("今天天气怎么样").label               # doctest: +SKIP
    'Question'
    """

    def __init__(self, artifact: Artifact, engine: Engine = "plain") -> None:
        if engine not in get_args(Engine):
            raise ValueError(f"engine '{engine}' is none of {', '.join(get_args(Engine))}")
        p = artifact.preprocessor
        self.task = p.task
        self.labels = p.labels
        self.preprocessor = p
        self._place = {term: index for index, term in enumerate(p.terms)}
        self._cues = _matcher(p.cues)
        self._reflexes = _matcher(p.reflexes)
        self._plain = Scorer(artifact.weights)
        self._scorer = OnnxSession(artifact.classifier) if engine == "onnxruntime" else self._plain
        self._minimum = [self._least(label) for label in range(len(p.labels))]

    def _least(self, label: int) -> float:
        """Least probability to accept an answer with this label; above 1: never."""
        threshold = self.preprocessor.thresholds.get(label)
        if threshold is None:
            return 0.0
        return 2.0 if threshold.value is None else threshold.value

    @classmethod
    def load(cls, folder: str | Path, task: str, engine: Engine = "plain") -> MicroModel:
        """Load ``<folder>/<task>_preprocessor.bin`` and ``_classifier.onnx``; raises ``ArtifactError``."""
        return cls(read_artifact(Path(folder), task), engine)

    def predict(self, text: str) -> Answer:
        """The answer to one text; raises ``InvalidText`` for a lone surrogate or more than 100,000 code points."""
        normalized, grams = self._read(text)
        reflex = self._reflex(normalized, grams)
        if reflex is not None:
            return self._by_reflex(reflex)
        indices, values = self._features(normalized, grams)
        return self._answer(self._scorer.probabilities(indices, values), bool(indices))

    def predict_batch(self, texts: Iterable[str]) -> list[Answer]:
        """The answers to many texts, in order."""
        return [self.predict(text) for text in texts]

    def _read(self, text: str) -> tuple[str, list[str]]:
        """The normalized text and its n-grams."""
        problem = text_problem(text)
        if problem:
            raise InvalidText(problem)
        normalized = normalize(text)
        return normalized, ngrams(normalized, self.preprocessor.ngrams)

    def _features(self, normalized: str, grams: list[str]) -> tuple[list[int], list[float]]:
        """Ascending indices and values of the features: terms, then cues."""
        p = self.preprocessor
        place = self._place
        hits = [place[gram] for gram in grams if gram in place]
        indices = sorted(set(hits))
        counted = Counter(hits) if p.tf_weights else {}
        counts = [counted[index] for index in indices] if counted else []
        values = term_values(indices, counts, p.idf, p.tf_weights)
        first = len(p.terms)
        for cue in self._cues.groups_in(normalized, self._windows(grams)):
            indices.append(first + cue)
            values.append(p.cue_value)
        return indices, values

    def _windows(self, grams: list[str]) -> list[str] | None:
        """The n-grams, where they hold every substring the pattern matchers look up."""
        return grams if self.preprocessor.ngrams.char_min == 1 and self.preprocessor.ngrams.char_max >= KEY else None

    def score(self, indices: list[int], values: list[float]) -> list[float]:
        """Probabilities of features, by the engine the model was loaded with."""
        return self._scorer.probabilities(indices, values)

    def explain(self, text: str, top: int = 8) -> list[Contribution]:
        """The features that speak most for or against the answer's label, strongest first; empty for a reflex."""
        steps = self.steps(text)
        if steps.reflex is not None:
            return []
        label = self.labels.index(steps.answer.label)
        count = len(self.labels)
        found = []
        for index, value in zip(steps.indices, steps.values, strict=True):
            mean = math.fsum(self._plain.weight(index, other) for other in range(count)) / count
            found.append(Contribution(self._readable(index), value * (self._plain.weight(index, label) - mean)))
        return sorted(found, key=lambda c: (-abs(c.value), c.feature))[:top]

    def steps(self, text: str) -> Steps:
        """Every intermediate value by the plain engine; features and scores are there also when a reflex answers."""
        normalized, grams = self._read(text)
        indices, values = self._features(normalized, grams)
        logits = self._plain.logits(indices, values)
        reflex = self._reflex(normalized, grams)
        probabilities = softmax(logits)
        answer = self._answer(probabilities, bool(indices)) if reflex is None else self._by_reflex(reflex)
        name = None if reflex is None else self.preprocessor.reflexes[reflex].name
        return Steps(normalized, grams, name, indices, values, logits, probabilities, answer)

    def _reflex(self, normalized: str, grams: list[str]) -> int | None:
        if not self.preprocessor.reflexes:
            return None
        found = self._reflexes.groups_in(normalized, self._windows(grams))
        return found[0] if found else None

    def _by_reflex(self, reflex: int) -> Answer:
        label = self.preprocessor.reflexes[reflex].label
        probabilities = tuple(float(i == label) for i in range(len(self.labels)))
        return Answer(self.labels[label], 1.0, probabilities, "reflex")

    def _answer(self, probabilities: list[float], known: bool) -> Answer:
        confidence = max(probabilities)
        label = probabilities.index(confidence)
        accepted = known and confidence >= self._minimum[label]
        return Answer(self.labels[label], confidence, tuple(probabilities), "accepted" if accepted else "abstained")

    def _readable(self, index: int) -> str:
        p = self.preprocessor
        if index >= len(p.terms):
            return f"cue:{p.cues[index - len(p.terms)].name}"
        term = p.terms[index].replace(BEGIN, "^").replace(END, "$")
        return f"‹{term[1:]}›" if term.startswith(WORD_MARK) else term


def _matcher(groups: tuple[Group, ...]) -> PatternMatcher:
    return PatternMatcher(pattern for group in groups for pattern in group.patterns)

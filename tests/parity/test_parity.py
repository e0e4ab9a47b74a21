"""Every runtime against scikit-learn, on 10,000 random strings and the hard ones, for every model there is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.pipeline import Pipeline

from foundry_engine.artifact import manifest, parity_cases
from foundry_engine.artifact.files import ArtifactFiles, tasks_in
from foundry_engine.artifact.reader import Artifact, read_artifact
from foundry_engine.errors import ParityError
from foundry_engine.features.normalizer import MAX_CODE_POINTS
from foundry_engine.learning.fitted import load
from foundry_engine.runtime import MicroModel
from foundry_engine.runtime.micro_model import Steps
from foundry_engine.verification.agreement import compare, replay
from tests.small_artifacts import cue_patterns, fitted_of

ROOT = Path(__file__).parents[2]
SHIPPED = tasks_in(ROOT / "models")
RANDOM_STRINGS = 10_000
DENSE_ROWS = 500


@dataclass(frozen=True)
class Subject:
    """A model with the scikit-learn pipeline it has to equal."""

    files: ArtifactFiles
    artifact: Artifact
    plain: MicroModel
    session: MicroModel
    pipeline: Pipeline
    texts: list[str]

    @property
    def runtimes(self) -> dict[str, MicroModel]:
        return {"plain": self.plain, "onnxruntime": self.session}


@cache
def strings() -> list[str]:
    random = Random(20261121)
    made = [parity_cases.random_text(random) for _ in range(RANDOM_STRINGS)]
    return made + list(parity_cases.HARD_TEXTS)


def subject_of(folder: Path, task: str, fitted: Path | None = None) -> Subject:
    files, artifact = ArtifactFiles(folder, task), read_artifact(folder, task)
    plain = MicroModel(artifact)
    model = fitted_of(plain) if fitted is None else load(fitted)
    real = [case["text"] for case in parity_cases.read_cases(files.parity) if "text" in case]
    pipeline = model.pipeline(cue_patterns(artifact.preprocessor))
    return Subject(files, artifact, plain, MicroModel(artifact, "onnxruntime"), pipeline, strings() + real)


@pytest.fixture(scope="module", params=["forged", *SHIPPED])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "forged":
        forged = request.getfixturevalue("forged")
        fitted = forged.runs / forged.blueprint.name / forged.task / "3_fitted"
        return subject_of(forged.models, forged.task, fitted)
    return subject_of(ROOT / "models", request.param)


@pytest.fixture(scope="module")
def expected(subject: Subject) -> tuple[sp.csr_matrix, np.ndarray]:
    """scikit-learn's features and probabilities."""
    matrix = subject.pipeline.named_steps["features"].transform(subject.texts).tocsr()
    matrix.sort_indices()
    return matrix, subject.pipeline.named_steps["classifier"].predict_proba(matrix)


@pytest.fixture(scope="module")
def steps(subject: Subject) -> list[Steps]:
    return [subject.plain.steps(text) for text in subject.texts]


@pytest.fixture(scope="module")
def scored(subject: Subject, steps: list[Steps]) -> np.ndarray:
    """ONNX Runtime's probabilities."""
    return np.array([subject.session.score(s.indices, s.values) for s in steps])


def test_features_are_equal_to_the_bit(
    subject: Subject, expected: tuple[sp.csr_matrix, np.ndarray], steps: list[Steps]
) -> None:
    matrix, _ = expected
    assert matrix.indptr.tolist() == np.cumsum([0, *(len(s.indices) for s in steps)]).tolist()
    assert matrix.indices.tolist() == [index for s in steps for index in s.indices]
    values = np.array([value for s in steps for value in s.values])
    assert matrix.data.dtype == values.dtype == np.float64
    assert matrix.data.tobytes() == values.tobytes()
    known = np.diff(matrix.indptr) > 0
    assert known.mean() > 0.5 and len(set(matrix.indices.tolist())) > 100, "the strings reach the model"


def test_no_label_differs_and_probabilities_agree(
    subject: Subject, expected: tuple[sp.csr_matrix, np.ndarray], steps: list[Steps], scored: np.ndarray
) -> None:
    _, probabilities = expected
    plain = np.array([s.probabilities for s in steps])
    for name, got in (("plain", plain), ("onnxruntime", scored)):
        worst = np.abs(got - probabilities).max()
        assert worst <= 1e-12, f"{name}: {worst}"
        differ = np.flatnonzero(got.argmax(axis=1) != probabilities.argmax(axis=1))
        assert [subject.texts[i] for i in differ] == [], name
    assert len(set(probabilities.argmax(axis=1).tolist())) == len(subject.plain.labels)


def test_answers_of_both_engines_are_the_same(subject: Subject, steps: list[Steps], scored: np.ndarray) -> None:
    for text, step, row in zip(subject.texts[::7], steps[::7], scored[::7], strict=True):
        plain, session = subject.plain.predict(text), subject.session.predict(text)
        assert (plain.label, plain.outcome) == (session.label, session.outcome)
        assert plain == step.answer
        assert plain.outcome == "reflex" or list(session.probabilities) == row.tolist()


def test_the_stock_dense_conversion_is_near(
    subject: Subject, expected: tuple[sp.csr_matrix, np.ndarray], steps: list[Steps]
) -> None:
    import onnxruntime
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    matrix, _ = expected
    classifier = subject.pipeline.named_steps["classifier"]
    inputs = [("X", FloatTensorType([None, matrix.shape[1]]))]
    options = {id(classifier): {"zipmap": False}}
    stock = convert_sklearn(classifier, initial_types=inputs, target_opset=18, options=options)
    session = onnxruntime.InferenceSession(stock.SerializeToString(), providers=["CPUExecutionProvider"])
    plain = np.array([s.probabilities for s in steps])
    single = matrix.astype(np.float32)
    for start in range(0, len(steps), DENSE_ROWS):
        dense = single[start : start + DENSE_ROWS].toarray()
        probabilities = session.run(["probabilities"], {"X": dense})[0]
        assert np.abs(probabilities - plain[start : start + DENSE_ROWS]).max() <= 2e-6


def test_the_parity_file_replays(subject: Subject) -> None:
    cases = parity_cases.read_cases(subject.files.parity)
    assert len(cases) >= 500
    assert sum("repeat" in case for case in cases) >= 5
    assert max(len(parity_cases.text_of(case)) for case in cases) == MAX_CODE_POINTS
    assert {case["label"] for case in cases} == set(subject.plain.labels)
    assert replay(subject.runtimes, cases) == 2 * len(cases)


def test_the_manifest_describes_these_files(subject: Subject) -> None:
    description = manifest.read(subject.files)
    p = subject.artifact.preprocessor
    assert description["labels"] == list(p.labels) and description["task"] == p.task
    assert description["features"] == {"terms": len(p.terms), "cues": len(p.cues)}
    assert description["scores"]


def test_one_wrong_idf_or_term_weight_is_caught(subject: Subject) -> None:
    """The model agrees only as it is: one number of one common term changed, and the check names the step."""
    p = subject.artifact.preprocessor
    common = p.terms.index("a")
    idf = list(p.idf or [1.0] * len(p.terms))
    idf[common] *= 1 + 1e-9
    wrong = {"plain": MicroModel(replace(subject.artifact, preprocessor=replace(p, idf=tuple(idf))))}
    cases = parity_cases.read_cases(subject.files.parity)
    with pytest.raises(ParityError, match="first differing step is values") as caught:
        replay(wrong, cases)
    text = parity_cases.text_of(cases[caught.value.case - 1])
    assert common in subject.plain.steps(text).indices
    with pytest.raises(ParityError, match="first differing step is values"):
        compare(subject.pipeline, wrong, subject.texts[:500])


def test_one_wrong_weight_is_caught(subject: Subject) -> None:
    rows = subject.artifact.weights.rows[:]
    common = subject.artifact.preprocessor.terms.index("a")
    rows[common * len(subject.plain.labels)] += 1e-4
    wrong = MicroModel(replace(subject.artifact, weights=replace(subject.artifact.weights, rows=rows)))
    with pytest.raises(ParityError, match="first differing step is logits"):
        replay({"plain": wrong}, parity_cases.read_cases(subject.files.parity))

"""The parity check itself: silent on a right model, and every injected fault is named with its first wrong step."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sklearn.pipeline import Pipeline

from foundry_engine.artifact.graph_reader import read_weights
from foundry_engine.artifact.onnx_graph import to_onnx
from foundry_engine.artifact.preprocessor import Preprocessor
from foundry_engine.artifact.reader import Artifact, read_artifact
from foundry_engine.errors import ParityError
from foundry_engine.features import ngrams as ngrams_module
from foundry_engine.features import normalizer
from foundry_engine.features.ngrams import NGramSettings
from foundry_engine.features.patterns import START, Pattern
from foundry_engine.learning.fitted import FittedModel
from foundry_engine.runtime import MicroModel
from foundry_engine.verification.agreement import compare, compare_dense, replay
from tests.small_artifacts import coefficients, cue_patterns, expected_cases, fitted_of, write

TEXTS = ["what is a", "你好吗", "什么?", "a a a a", "hello", "do it please", "", "zzz", "𠀀 what", "I know a", "我的"]


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> MicroModel:
    folder = tmp_path_factory.mktemp("right")
    write(folder)
    return MicroModel(read_artifact(folder, "mood"))


@pytest.fixture(scope="module")
def fitted(right: MicroModel) -> FittedModel:
    return fitted_of(right)


@pytest.fixture(scope="module")
def pipeline(right: MicroModel, fitted: FittedModel) -> Pipeline:
    return fitted.pipeline(cue_patterns(right.preprocessor))


@pytest.fixture(scope="module")
def cases(right: MicroModel, fitted: FittedModel) -> list[dict]:
    return expected_cases(fitted, right.preprocessor, TEXTS)


def test_a_right_model_agrees(right: MicroModel, pipeline: Pipeline, cases: list[dict], tmp_path: Path) -> None:
    write(tmp_path)
    models = {"plain": right, "onnxruntime": MicroModel.load(tmp_path, "mood", "onnxruntime")}
    assert replay(models, cases) == 2 * len(TEXTS)
    assert compare(pipeline, models, TEXTS) == 2 * len(TEXTS)
    assert compare_dense(pipeline, models, TEXTS) == 2 * len(TEXTS)


def faulty(model: MicroModel, folder: Path, change: Callable[[Preprocessor], Preprocessor]) -> MicroModel:
    """The same weights with another ``.bin``."""
    changed = change(model.preprocessor)
    coef, intercept = coefficients(changed.feature_count, 3)
    write(folder, changed, to_onnx(coef, intercept, "mood"))
    return MicroModel.load(folder, "mood")


def idf(p: Preprocessor) -> Preprocessor:
    return replace(p, idf=(*p.idf[:5], p.idf[5] + 1e-6, *p.idf[6:]))


def tf_weight(p: Preprocessor) -> Preprocessor:
    return replace(p, tf_weights=(*p.tf_weights[:3], p.tf_weights[3] + 1e-12, *p.tf_weights[4:]))


def term(p: Preprocessor) -> Preprocessor:
    return replace(p, terms=[*p.terms[:4], "b", *p.terms[5:]])


def cue_value(p: Preprocessor) -> Preprocessor:
    return replace(p, cue_value=0.7000000001)


def cue_literal(p: Preprocessor) -> Preprocessor:
    return replace(p, cues=(replace(p.cues[0], patterns=(Pattern(0, START, "whale"),)), *p.cues[1:]))


def ngram_length(p: Preprocessor) -> Preprocessor:
    return replace(p, ngrams=NGramSettings(1, 3, 1, 2))


def reflex(p: Preprocessor) -> Preprocessor:
    return replace(p, reflexes=p.reflexes[:1])


def reflex_label(p: Preprocessor) -> Preprocessor:
    return replace(p, reflexes=(replace(p.reflexes[0], label=1), *p.reflexes[1:]))


def threshold(p: Preprocessor) -> Preprocessor:
    return replace(p, thresholds={n: replace(t, value=0.999999) for n, t in p.thresholds.items()})


def labels(p: Preprocessor) -> Preprocessor:
    return replace(p, labels=tuple(reversed(p.labels)))


FAULTS = [
    (ngram_length, "ngrams", "indices|values"),
    (term, "indices", "indices"),
    (idf, "values", "values"),
    (tf_weight, "values", "values"),
    (cue_value, "values", "values"),
    (cue_literal, "indices", "indices"),
    (reflex, "reflex", ""),
    (reflex_label, "label", ""),
    (labels, "label", ""),
    (threshold, "outcome", ""),
]


@pytest.mark.parametrize(("change", "step", "compared"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_fault_in_the_preprocessor_is_named(
    right: MicroModel,
    pipeline: Pipeline,
    cases: list[dict],
    tmp_path: Path,
    change: Callable[[Preprocessor], Preprocessor],
    step: str,
    compared: str,
) -> None:
    wrong = {"wrong": faulty(right, tmp_path, change)}
    with pytest.raises(ParityError) as caught:
        replay(wrong, cases)
    assert caught.value.step == step
    assert f"runtime 'wrong' differs on case {caught.value.case} {TEXTS[caught.value.case - 1]!r}" in str(caught.value)
    if compared:
        with pytest.raises(ParityError) as caught:
            compare(pipeline, wrong, TEXTS)
        assert caught.value.step in compared.split("|")


def nudged(artifact: Artifact, by: float) -> Artifact:
    """One weight of term ``a`` changed, in the graph and in what was read of it."""
    coef, intercept = coefficients(artifact.preprocessor.feature_count, 3)
    coef[0, 4] += by
    graph = to_onnx(coef, intercept, "mood")
    bound = replace(artifact.preprocessor, classifier_sha256=hashlib.sha256(graph).digest())
    return Artifact(bound, read_weights(graph), graph)


@pytest.mark.parametrize("engine", ["plain", "onnxruntime"])
def test_a_wrong_weight_is_named(tmp_path: Path, pipeline: Pipeline, cases: list[dict], engine: str) -> None:
    write(tmp_path)
    wrong = {engine: MicroModel(nudged(read_artifact(tmp_path, "mood"), 1e-6), engine)}
    with pytest.raises(ParityError) as caught:
        replay(wrong, cases)
    assert (caught.value.step, caught.value.tolerance) == ("logits", 1e-12)
    with pytest.raises(ParityError, match="first differing step is probabilities"):
        compare(pipeline, wrong, TEXTS)


def test_a_wrong_weight_in_onnx_runtimes_graph_alone_is_named(tmp_path: Path, cases: list[dict]) -> None:
    write(tmp_path)
    artifact = read_artifact(tmp_path, "mood")
    wrong = MicroModel(replace(artifact, classifier=nudged(artifact, 1e-6).classifier), "onnxruntime")
    with pytest.raises(ParityError, match=r"runtime 'ort'.*first differing step is probabilities"):
        replay({"ort": wrong}, cases)


def test_the_stock_graph_is_held_to_its_own_tolerance(tmp_path: Path, pipeline: Pipeline) -> None:
    write(tmp_path)
    artifact = read_artifact(tmp_path, "mood")
    compare_dense(pipeline, {"plain": MicroModel(nudged(artifact, 1e-7))}, TEXTS)
    with pytest.raises(ParityError, match="first differing step is stock dense graph") as caught:
        compare_dense(pipeline, {"plain": MicroModel(nudged(artifact, 1e-3))}, TEXTS)
    assert caught.value.tolerance == 2e-6


@pytest.mark.parametrize(("char", "fold"), [("什", "甚"), ("?", ""), ("a", "A"), ("I", "ı")])
def test_a_wrong_entry_of_the_fold_is_named(
    right: MicroModel, cases: list[dict], monkeypatch: pytest.MonkeyPatch, char: str, fold: str
) -> None:
    monkeypatch.setitem(normalizer.FOLD, char, fold)
    with pytest.raises(ParityError) as caught:
        replay({"plain": right}, cases)
    assert caught.value.step == "normalized"


def test_a_wrong_character_class_is_named(
    right: MicroModel, cases: list[dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    classes = bytearray(ngrams_module.CLASS)
    classes[ord("k")] = 0
    monkeypatch.setattr(ngrams_module, "CLASS", bytes(classes))
    with pytest.raises(ParityError) as caught:
        replay({"plain": right}, cases)
    assert (caught.value.step, TEXTS[caught.value.case - 1]) == ("ngrams", "I know a")

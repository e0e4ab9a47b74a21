"""What a model answers, by hand: arg-max, ties, reflexes, abstention, explanation, and texts it refuses."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from foundry_engine.artifact.graph_reader import Weights
from foundry_engine.artifact.preprocessor import Certificate, Group, Preprocessor, Threshold
from foundry_engine.artifact.reader import Artifact
from foundry_engine.errors import InvalidText, MissingPart
from foundry_engine.features.ngrams import BEGIN, END, WORD_MARK, NGramSettings
from foundry_engine.features.patterns import ANYWHERE, START, Pattern
from foundry_engine.features.patterns import END as AT_END
from foundry_engine.runtime import Answer, MicroModel

NONE = Certificate(0, 0, 0.05, 0.9)


def model_of(weights: list[list[float]], bias: tuple[float, ...], **changes: object) -> MicroModel:
    """Single characters as terms, no idf, presence; one row of weights a feature."""
    p = Preprocessor(
        task="t",
        blueprint="b",
        labels=tuple("ABC"[: len(bias)]),
        languages=("en",),
        ngrams=NGramSettings(1, 1, 0, 0),
        terms=["x", "y", "z"],
        cue_value=0.5,
    )
    p = replace(p, **changes)  # type: ignore[arg-type]
    assert len(weights) == p.feature_count
    return MicroModel(Artifact(p, Weights(array("f", [w for row in weights for w in row]), bias), b""))


PLAIN = [[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]]


def answers(model: MicroModel, text: str) -> tuple[str, str]:
    answer = model.predict(text)
    return answer.label, answer.outcome


@pytest.mark.parametrize(
    ("text", "label", "outcome", "logits"),
    [
        ("x", "A", "accepted", [1.0, 0.0]),
        ("y", "B", "accepted", [0.0, 1.0]),
        ("Y!", "B", "accepted", [0.0, 1.0]),
        ("xy", "A", "accepted", [math.sqrt(0.5)] * 2),
        ("yyyyx", "A", "accepted", [math.sqrt(0.5)] * 2),
        ("z", "A", "accepted", [2.0, 2.0]),
        ("", "A", "abstained", [0.0, 0.0]),
        ("什么", "A", "abstained", [0.0, 0.0]),
    ],
)
def test_the_most_probable_label_and_of_equals_the_first(
    text: str, label: str, outcome: str, logits: list[float]
) -> None:
    model = model_of(PLAIN, (0.0, 0.0))
    assert answers(model, text) == (label, outcome)
    assert model.steps(text).logits == pytest.approx(logits)
    total = sum(map(math.exp, logits))
    assert model.predict(text).probabilities == pytest.approx([math.exp(z) / total for z in logits])
    assert model.predict(text).confidence == max(model.predict(text).probabilities)


def test_a_text_without_a_known_feature_has_the_bias_and_abstains() -> None:
    model = model_of(PLAIN, (0.0, math.log(3)))
    answer = model.predict("?")
    assert (answer.label, answer.outcome) == ("B", "abstained")
    assert answer.probabilities == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(0.0, "accepted"), (0.7, "accepted"), (0.74, "abstained"), (1.0, "abstained"), (None, "abstained")],
)
def test_a_threshold_is_of_the_answered_label(value: float | None, outcome: str) -> None:
    model = model_of(PLAIN, (0.0, 0.0), thresholds={0: Threshold(value, NONE)})
    assert model.predict("x").confidence == pytest.approx(0.731, abs=1e-3)
    assert answers(model, "x") == ("A", outcome)
    assert answers(model, "y") == ("B", "accepted")


def test_confidence_equal_to_the_threshold_is_accepted() -> None:
    confidence = model_of(PLAIN, (0.0, 0.0)).predict("x").confidence
    above = math.nextafter(confidence, 1)
    for value, outcome in ((confidence, "accepted"), (above, "abstained")):
        model = model_of(PLAIN, (0.0, 0.0), thresholds={0: Threshold(value, NONE)})
        assert answers(model, "x") == ("A", outcome)


REFLEXES = (
    Group("hi", (Pattern(0, START, "hi"),), 2),
    Group("stop", (Pattern(1, ANYWHERE, "stop"), Pattern(1, ANYWHERE, "停")), 1),
)


@pytest.mark.parametrize(
    ("text", "label", "name"),
    [
        ("HI there", "C", "hi"),
        ("x stop", "B", "stop"),
        ("hi, stop", "C", "hi"),
        ("别停", "B", "stop"),
        ("x", "A", None),
    ],
)
def test_the_first_reflex_that_matches_answers(text: str, label: str, name: str | None) -> None:
    weights = [[9.0, 0.0, 0.0]] * 3
    model = model_of(weights, (0.0, 0.0, 0.0), reflexes=REFLEXES, thresholds={2: Threshold(None, NONE)})
    answer = model.predict(text)
    assert (answer.label, model.steps(text).reflex) == (label, name)
    if name:
        one = tuple(float(label == other) for other in "ABC")
        assert answer == Answer(label, 1.0, one, "reflex") == model.steps(text).answer
        assert model.explain(text) == []


def test_cues_are_the_last_features() -> None:
    cues = (Group("ask", (Pattern(0, AT_END, "吗"),)), Group("want", (Pattern(1, ANYWHERE, "want"),)))
    model = model_of([*PLAIN, [0.0, 4.0], [6.0, 0.0]], (0.0, 0.0), cues=cues)
    one, two = model.steps("x 吗"), model.steps("want 吗")
    assert (one.indices, one.values) == ([0, 3], [1.0, 0.5])
    assert (two.indices, two.values) == ([3, 4], [0.5, 0.5])
    assert model.steps("好吗？").logits == [0.0, 2.0]
    assert answers(model, "好吗") == ("B", "accepted"), "a cue alone is a known feature"


def test_the_explanation_names_what_spoke() -> None:
    terms = [WORD_MARK + BEGIN + " x", BEGIN + "x", "x", "y" + END]
    cues = (Group("ask", (Pattern(0, START, "x"),)),)
    weights = [[1.0, -1.0], [0.0, 8.0], [4.0, 0.0], [0.0, 2.0], [0.0, 1.0]]
    model = model_of(weights, (0.5, 0.0), terms=terms, cues=cues, ngrams=NGramSettings(1, 2, 1, 2))
    label = model.predict("x y").label
    found = model.explain("x y")
    assert label == "B"
    assert [(c.feature, c.value) for c in found] == [
        ("^x", pytest.approx(2.0)), ("x", pytest.approx(-1.0)), ("y$", pytest.approx(0.5)),
        ("‹^ x›", pytest.approx(-0.5)), ("cue:ask", pytest.approx(0.25)),
    ]  # fmt: skip
    assert [c.feature for c in model.explain("x y", top=2)] == ["^x", "x"]
    steps = model.steps("x y")
    gap = (steps.logits[1] - steps.logits[0] + 0.5) / 2
    assert sum(c.value for c in found) == pytest.approx(gap)


@pytest.mark.parametrize("text", ["a\ud800", "\udc00\ud800", "x" * 100_001, b"x", None, 3, ["x"]])
def test_texts_that_are_refused(text: str) -> None:
    model = model_of(PLAIN, (0.0, 0.0))
    for ask in (model.predict, model.steps, model.explain, lambda t: model.predict_batch(["x", t])):
        with pytest.raises(InvalidText):
            ask(text)


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match="Forge the model first"):
        MicroModel.load(tmp_path, "none")
    with pytest.raises(MissingPart):
        MicroModel.load(str(tmp_path), "none", engine="onnxruntime")

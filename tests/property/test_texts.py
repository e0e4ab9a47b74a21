"""Any string at all: normalizing is final, and a model answers it or says why not, one way however it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foundry_engine.artifact.parity_cases import HARD_TEXTS
from foundry_engine.errors import InvalidText
from foundry_engine.features.ngrams import BEGIN, END, WORD_MARK, NGramSettings, ngrams
from foundry_engine.features.normalizer import normalize
from foundry_engine.runtime import MicroModel
from tests.small_artifacts import write

SCRIPTS = "\x00\x02\x1c\x85\xad ?!.'’－ＡａABßİς什么吗不好。，0１½Ⓐ\u0301\u200b\u200d\u3000\ufeff👍🏽𠀀\U000e0001"
anything = st.text(st.characters(exclude_categories=()), max_size=40) | st.text(SCRIPTS, max_size=40)
"""Every code point, lone surrogates too; and mixtures of the ones that break things."""


@settings(max_examples=500)
@given(anything)
def test_normalizing_is_final(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once
    assert "  " not in once and once == once.strip()


@settings(max_examples=300)
@given(anything, anything)
def test_normalizing_knows_no_context(a: str, b: str) -> None:
    """Across a space, two texts are normalized as each by itself."""
    both = [part for part in (normalize(a), normalize(b)) if part]
    assert normalize(f"{a} {b}") == " ".join(both)


@settings(max_examples=300)
@given(anything, st.integers(1, 5), st.integers(0, 4))
def test_every_ngram_is_a_piece_of_the_text(text: str, char_max: int, word_max: int) -> None:
    normalized = normalize(text)
    marked = BEGIN + normalized + END
    for gram in ngrams(normalized, NGramSettings(1, char_max, 1, word_max)):
        if gram.startswith(WORD_MARK):
            assert all(word in normalized for word in gram[1:].strip(BEGIN + END).split())
        else:
            assert gram in marked and 1 <= len(gram) <= char_max


@pytest.fixture(scope="module", params=["hand-made", "forged"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MicroModel:
    if request.param == "forged":
        forged = request.getfixturevalue("forged")
        return MicroModel.load(forged.models, forged.task)
    folder: Path = tmp_path_factory.mktemp("mood")
    write(folder)
    return MicroModel.load(folder, "mood")


@settings(max_examples=400)
@given(text=anything)
@example(text="\ud800")
@example(text="a\udfff")
@example(text="x" * 100_001)
@example(text="好" * 100_000)
@example(text="hello \U0010ffff")
def test_any_string_is_answered_or_refused(model: MicroModel, text: str) -> None:
    sound = len(text) <= 100_000 and not any("\ud800" <= char <= "\udfff" for char in text)
    if not sound:
        for ask in (model.predict, model.steps, model.explain, lambda t: model.predict_batch([t])):
            with pytest.raises(InvalidText):
                ask(text)
        return
    answer = model.predict(text)
    assert answer.label in model.labels and answer.outcome in ("accepted", "abstained", "reflex")
    assert sum(answer.probabilities) == pytest.approx(1, abs=1e-12)
    assert answer.confidence == max(answer.probabilities) == answer.probabilities[model.labels.index(answer.label)]
    assert model.labels.index(answer.label) == answer.probabilities.index(answer.confidence)
    steps = model.steps(text)
    assert steps.answer == answer == model.predict(text) == model.predict_batch([text, text])[1]
    assert (steps.reflex is not None) == (answer.outcome == "reflex")
    assert steps.indices == sorted(set(steps.indices)) and all(value > 0 for value in steps.values)
    if steps.reflex is None and not steps.indices:
        assert answer.outcome == "abstained"
    assert len(model.explain(text)) <= 8


@settings(max_examples=60)
@given(texts=st.lists(st.sampled_from(HARD_TEXTS) | st.text(SCRIPTS, max_size=12), max_size=12))
def test_a_batch_is_its_texts_one_by_one(model: MicroModel, texts: list[str]) -> None:
    assert model.predict_batch(texts) == [model.predict(text) for text in texts]


@settings(max_examples=200)
@given(text=anything.filter(lambda text: text.isprintable()))
def test_what_normalizes_the_same_is_answered_the_same(model: MicroModel, text: str) -> None:
    assert model.predict(normalize(text)) == model.predict(text) == model.predict(f"\u200b{text}\u3000 ")

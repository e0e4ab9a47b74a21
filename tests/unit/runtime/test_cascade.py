"""Reflex, models, the caller: who answers, and that it is counted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from foundry_engine.artifact.preprocessor import Certificate, Threshold
from foundry_engine.errors import InvalidText
from foundry_engine.runtime import Answer, Cascade, MicroModel
from foundry_engine.runtime.cascade import Counts
from tests.small_artifacts import preprocessor, write

NEVER = dict.fromkeys(range(3), Threshold(None, Certificate(1, 1, 1.0, 0.95)))


@pytest.fixture(scope="module")
def sure(tmp_path_factory: pytest.TempPathFactory) -> MicroModel:
    """Accepts every text with a feature."""
    return MicroModel.load(write(tmp_path_factory.mktemp("sure"), preprocessor(thresholds={})).folder, "mood")


@pytest.fixture(scope="module")
def unsure(tmp_path_factory: pytest.TempPathFactory) -> MicroModel:
    """Accepts none."""
    return MicroModel.load(write(tmp_path_factory.mktemp("unsure"), preprocessor(thresholds=NEVER)).folder, "mood")


def test_each_way_and_its_count(sure: MicroModel, unsure: MicroModel) -> None:
    asked: list[tuple[str, Answer]] = []

    def ask(text: str, answer: Answer) -> str | None:
        asked.append((text, answer))
        return "Tell" if text == "zz" else None

    cascade = Cascade([unsure, sure]).on_unsure(ask)
    reflex, model, caller, nobody = (cascade.ask(text) for text in ("你好", "what", "zz", "qq"))
    assert (reflex.label, reflex.way, reflex.answer.outcome) == ("Greet", "reflex", "reflex")
    assert (model.way, model.answer) == ("model", sure.predict("what"))
    assert (caller.label, caller.way, caller.answer.outcome) == ("Tell", "caller", "abstained")
    assert (nobody.label, nobody.way) == (sure.predict("qq").label, "unsure")
    assert [text for text, _ in asked] == ["zz", "qq"]
    assert asked[0][1] == sure.predict("zz")
    assert cascade.counts() == Counts(reflex=1, model=1, caller=1, unsure=1)


def test_without_a_function_the_best_guess_stays_unsure(unsure: MicroModel) -> None:
    cascade = Cascade([unsure])
    decision = cascade.ask("what")
    assert (decision.label, decision.way) == (unsure.predict("what").label, "unsure")
    assert cascade.counts() == Counts(unsure=1)


def test_models_of_two_questions_are_no_cascade(tmp_path: Path, sure: MicroModel) -> None:
    other = preprocessor(labels=("Yes", "No", "Maybe"))
    with pytest.raises(ValueError, match="'mood' has Ask, Tell, Greet, 'mood' has Yes, No, Maybe"):
        Cascade([sure, MicroModel.load(write(tmp_path, other).folder, "mood")])


def test_a_label_is_a_string(unsure: MicroModel) -> None:
    for wrong in (7, ["Tell"]):
        cascade = Cascade([unsure]).on_unsure(lambda text, answer, label=wrong: label)  # type: ignore[misc]
        with pytest.raises(TypeError, match=r"expected a label or None, got (int|list)"):
            cascade.ask("what")
        assert cascade.counts() == Counts()


def test_what_is_not_answered_is_not_counted(unsure: MicroModel) -> None:
    def broken(text: str, answer: Answer) -> str:
        raise TimeoutError(text)

    cascade = Cascade([unsure]).on_unsure(broken)
    with pytest.raises(InvalidText):
        cascade.ask("\ud800")
    with pytest.raises(TimeoutError):
        cascade.ask("zz")
    assert cascade.counts() == Counts()


def test_a_cascade_needs_a_model() -> None:
    with pytest.raises(ValueError, match="at least one model"):
        Cascade([])


def test_threads_share_one(sure: MicroModel) -> None:
    cascade = Cascade([sure])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(cascade.ask, ["你好", "what", "zz"] * 200))
    assert cascade.counts() == Counts(reflex=200, model=200, unsure=200)

"""Every trainer the registry knows: learns a tiny set, same seed same bytes, exports, and parity holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from types import ModuleType

import numpy as np
import pytest

from foundry_engine import registry
from foundry_engine.artifact.law import cue_groups, reflex_groups
from foundry_engine.artifact.onnx_graph import to_onnx
from foundry_engine.artifact.parity_cases import HARD_TEXTS, random_text
from foundry_engine.artifact.preprocessor import Preprocessor
from foundry_engine.constitution import Constitution
from foundry_engine.errors import TrainingError
from foundry_engine.features.tfidf import TF_WEIGHTS
from foundry_engine.learning.dataset import Rows, to_rows
from foundry_engine.learning.fitted import FittedModel, load, save
from foundry_engine.log import Silent
from foundry_engine.records import Example
from foundry_engine.runtime import MicroModel
from foundry_engine.verification.agreement import compare, compare_dense
from tests.small_artifacts import write

SENTENCES = {
    "Ask": ["what is {}", "where is the {} now", "{}在哪里", "{}是什么呢", "is the {} ready?", "{}好了吗？"],
    "Do": ["turn the {} on", "please stop the {}", "打开{}", "把{}关掉吧", "switch off that {}!", "帮我停掉{}"],
    "Greet": ["hello {}", "good morning {}", "你好{}", "早上好，{}", "hi there {}", "{}晚上好！"],
}
THINGS = ["lamp", "radio", "music", "door", "oven", "空调", "电灯", "音乐", "车库", "闹钟"]
LABELS = {2: ["Ask", "Do"], 3: ["Ask", "Do", "Greet"]}
MAX_BYTES = 200_000


def law_of(labels: list[str]) -> Constitution:
    return Constitution.model_validate(
        {
            "task": "talk",
            "title": {"en": "Talk", "zh": "说话"},
            "labels": [{"name": name, "definition": {"en": name, "zh": name}} for name in labels],
            "patterns": {
                "cues": {
                    "ask": {"start": ["what", "where"], "end": ["吗"]},
                    "do": {"word": ["turn"], "anywhere": ["把"]},
                },
                "reflexes": {"stop": {"label": "Do", "start": ["stop it"]}},
            },
            "abstain": {"Ask": {"max_error": 0.2, "confidence": 0.8}},
            "prompt": {"system": "-", "user": "-"},
        }
    )


def examples(labels: list[str]) -> list[Example]:
    """Six moulds a label; every fifth row is for calibration, and a mould is a family."""
    made = []
    for label in labels:
        for mould, sentence in enumerate(SENTENCES[label]):
            for number, thing in enumerate(THINGS):
                text, split = sentence.format(thing), "calibration" if number % 5 == 4 else "train"
                language = "zh" if any(char > "\u4e00" for char in sentence) else "en"
                family = f"{label}{mould}{split}"
                identity = f"{label}{mould}{number}"
                made.append(Example(identity, text, label, language, "generated", "test", family, split, 1.0))
    return made


@dataclass(frozen=True)
class Case:
    """A trainer with a task of two or three labels."""

    trainer: ModuleType
    labels: list[str]

    @property
    def law(self) -> Constitution:
        return law_of(self.labels)

    @property
    def rows(self) -> dict[str, Rows]:
        all_rows = examples(self.labels)
        return {
            split: to_rows([e for e in all_rows if e.split == split], self.labels) for split in ("train", "calibration")
        }

    def train(self, seed: int = 7, max_bytes: int = MAX_BYTES, **settings: object) -> FittedModel:
        chosen = self.trainer.Settings.model_validate(settings)
        model: FittedModel = self.trainer.train(self.rows, chosen, seed, self.law, max_bytes, Silent())
        return model


@cache
def trained(name: str, count: int) -> tuple[Case, FittedModel]:
    case = Case(registry.find("trainers", name), LABELS[count])
    return case, case.train()


@pytest.fixture(params=[(name, count) for name in registry.names("trainers") for count in LABELS], ids=str)
def fitted(request: pytest.FixtureRequest) -> tuple[Case, FittedModel]:
    return trained(*request.param)


def shipped(case: Case, model: FittedModel, folder: Path) -> dict[str, MicroModel]:
    """The model's two files, read by both engines."""
    graph = to_onnx(model.coef, model.intercept, "talk")
    p = Preprocessor(
        task="talk",
        blueprint="talks",
        labels=model.labels,
        languages=("zh", "en"),
        ngrams=model.ngrams,
        terms=model.terms,
        cue_value=model.cue_value,
        idf=tuple(model.idf.tolist()),
        tf_weights=TF_WEIGHTS if model.term_weight == "log_tf" else (),
        cues=cue_groups(case.law),
        reflexes=reflex_groups(case.law),
        thresholds=model.thresholds,
        classifier_sha256=hashlib.sha256(graph).digest(),
    )
    files = write(folder, p, graph)
    size = files.classifier.stat().st_size + files.preprocessor.stat().st_size
    assert size <= MAX_BYTES
    return {engine: MicroModel.load(folder, "talk", engine) for engine in ("plain", "onnxruntime")}  # type: ignore[misc]


def files_of(model: FittedModel, folder: Path) -> dict[str, bytes]:
    save(model, folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def agree(case: Case, model: FittedModel, folder: Path) -> None:
    random = Random(1)
    texts = [e.text for e in examples(case.labels)] + [random_text(random) for _ in range(200)] + list(HARD_TEXTS)
    texts += ["turn turn turn it on on on", "what " * 300, "把把把" * 100]
    pipeline = model.pipeline(case.law.patterns.cue_patterns())
    runtimes = shipped(case, model, folder)
    assert compare(pipeline, runtimes, texts) == 2 * len(texts)
    assert compare_dense(pipeline, runtimes, texts[::5]) == 2 * len(texts[::5])


def test_it_learns_a_tiny_set(fitted: tuple[Case, FittedModel], tmp_path: Path) -> None:
    case, model = fitted
    runtime = shipped(case, model, tmp_path)["plain"]
    asked = examples(case.labels)
    right = sum(runtime.predict(e.text).label == e.label for e in asked)
    assert right / len(asked) >= 0.97
    assert model.labels == tuple(case.labels) and set(model.thresholds) == {0}
    assert runtime.predict("STOP it!").outcome == "reflex"


def test_the_same_seed_gives_the_same_bytes(fitted: tuple[Case, FittedModel], tmp_path: Path) -> None:
    case, model = fitted
    assert files_of(case.train(), tmp_path / "again") == files_of(model, tmp_path / "first")


def test_it_exports_and_parity_holds(fitted: tuple[Case, FittedModel], tmp_path: Path) -> None:
    agree(*fitted, tmp_path)


def test_its_numbers_are_float32_and_its_terms_ascend(fitted: tuple[Case, FittedModel]) -> None:
    _, model = fitted
    for numbers in (model.coef, model.intercept, model.idf):
        assert np.array_equal(numbers, numbers.astype(np.float32).astype(np.float64))
    encoded = [term.encode() for term in model.terms]
    assert encoded == sorted(set(encoded)) and encoded


def test_it_comes_back_from_disk(fitted: tuple[Case, FittedModel], tmp_path: Path) -> None:
    _, model = fitted
    written = files_of(model, tmp_path / "a")
    assert files_of(load(tmp_path / "a"), tmp_path / "b") == written


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_it_fits_the_size(fitted: tuple[Case, FittedModel], tmp_path: Path) -> None:
    case, model = fitted
    shipped(case, model, tmp_path / "whole")
    room = int(0.6 * size_of(tmp_path / "whole"))
    small = case.train(max_bytes=room)
    shipped(case, small, tmp_path / "small")
    assert room - 1_000 <= size_of(tmp_path / "small") <= room
    assert 0 < len(small.terms) < len(model.terms)


def test_vocabulary_and_idf_never_see_the_calibration_rows(fitted: tuple[Case, FittedModel]) -> None:
    case, model = fitted
    rows = case.rows
    told = rows["calibration"].texts
    for i in range(len(told)):
        told[i] += " zyzzyva"
    settings = case.trainer.Settings()
    again = case.trainer.train(rows, settings, 7, case.law, MAX_BYTES, Silent())
    assert again.terms == model.terms and again.idf.tolist() == model.idf.tolist()


def test_a_label_without_a_row_is_refused(fitted: tuple[Case, FittedModel]) -> None:
    case, _ = fitted
    rows = case.rows
    rows["train"] = rows["train"].take(rows["train"].y != 1)
    with pytest.raises(TrainingError, match="no training row for label Do"):
        case.trainer.train(rows, case.trainer.Settings(), 7, case.law, MAX_BYTES, Silent())


VARIANTS = {
    "presence": (2, {"term_weight": ["presence"], "idf": [False]}),
    "presence and idf": (3, {"term_weight": ["presence"], "idf": [True]}),
    "log tf": (3, {"term_weight": ["log_tf"], "idf": [False]}),
    "log tf and idf": (2, {"term_weight": ["log_tf"], "idf": [True]}),
    "log tf and idf, three labels": (3, {"term_weight": ["log_tf"], "idf": [True]}),
    "no single characters": (2, {"char_min": 2, "char_max": 3}),
    "short and no words": (3, {"char_max": 2, "word_max": 0}),
    "long": (2, {"char_min": 3, "char_max": 8, "word_min": 2, "word_max": 3}),
}


@pytest.mark.parametrize(("count", "settings"), VARIANTS.values(), ids=VARIANTS.keys())
def test_parity_of_tfidf_linear_holds_whatever_its_settings(count: int, settings: dict, tmp_path: Path) -> None:
    case = Case(registry.find("trainers", "tfidf_linear"), LABELS[count])
    model = case.train(C=[5.0], **settings)
    assert model.term_weight == settings.get("term_weight", ["presence"])[0]
    assert len(model.idf) == (len(model.terms) if settings.get("idf", [len(model.idf) > 0])[0] else 0)
    agree(case, model, tmp_path)

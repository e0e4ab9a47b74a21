"""A fitted model on disk: the same model comes back, damage is named, nothing is unpickled."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from foundry_engine.artifact.preprocessor import Certificate, Threshold
from foundry_engine.errors import DataError, MissingPart
from foundry_engine.features.ngrams import NGramSettings
from foundry_engine.learning.fitted import FittedModel, load, save
from tests.small_artifacts import coefficients

COEF, INTERCEPT = coefficients(4, 1)
MODEL = FittedModel(
    labels=("否", "是"),
    ngrams=NGramSettings(1, 3, 0, 0),
    term_weight="presence",
    cue_value=0.7,
    terms=["\x02不", "不", "吗\x03"],
    idf=np.array([1.5, 1.0, 2.25]),
    coef=COEF,
    intercept=INTERCEPT,
    cue_coef=np.array([[0.5]]),
    cue_intercept=np.array([-0.25]),
    thresholds={0: Threshold(None, Certificate(3, 1, 0.05, 0.9)), 1: Threshold(0.75, Certificate(90, 0, 0.05, 0.9))},
    log={"temperature": 1.25},
)


def same(a: object, b: object) -> bool:
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


def test_what_is_saved_is_loaded_and_saved_again_the_same(tmp_path: Path) -> None:
    save(MODEL, tmp_path / "a")
    loaded = load(tmp_path / "a")
    assert [f.name for f in fields(MODEL) if not same(getattr(MODEL, f.name), getattr(loaded, f.name))] == []
    save(loaded, tmp_path / "b")
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert [n for n in files if (tmp_path / "a" / n).read_bytes() != (tmp_path / "b" / n).read_bytes()] == []


def test_a_folder_without_a_model_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match="Run the step train first"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["model.json", "coef.npy", "intercept.npy", "idf.npy", "cue_coef.npy"])
@pytest.mark.parametrize("how", ["empty", "half", "text", "pickle"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, how: str) -> None:
    save(MODEL, tmp_path)
    path = tmp_path / name
    if how == "empty":
        path.write_bytes(b"")
    elif how == "half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "text":
        path.write_text("[" * 100_000)
    else:
        np.save(path.with_suffix(".npy"), np.array([{"a": 1}], dtype=object), allow_pickle=True)
        path.with_suffix(".npy").replace(path)
    with pytest.raises(DataError, match="damaged"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["[]", "{}", "null", "3", '"x"'])
def test_json_of_another_shape_is_damage(tmp_path: Path, text: str) -> None:
    save(MODEL, tmp_path)
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(DataError, match="damaged"):
        load(tmp_path)


@pytest.mark.parametrize("key", ["labels", "ngrams", "terms", "thresholds", "cue_value"])
def test_a_missing_key_is_damage(tmp_path: Path, key: str) -> None:
    save(MODEL, tmp_path)
    path = tmp_path / "model.json"
    data = json.loads(path.read_text("utf-8"))
    del data[key]
    path.write_text(json.dumps(data))
    with pytest.raises(DataError, match=key):
        load(tmp_path)

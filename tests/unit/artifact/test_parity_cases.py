"""Parity cases: the inputs every model is tried on, how values are written, and what is no case."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from random import Random

import pytest

from foundry_engine.artifact import parity_cases
from foundry_engine.errors import MalformedArtifact, MissingPart
from foundry_engine.features.normalizer import MAX_CODE_POINTS, text_problem

CASE = {
    "text": "好",
    "normalized": "好",
    "ngrams": ["好"],
    "indices": [3],
    "values": ["3ff0000000000000"],
    "logits": ["0000000000000000", "3fe8000000000000"],
    "probabilities": ["3fe0000000000000", "3fe0000000000000"],
    "reflex": None,
    "label": "Yes",
    "outcome": "accepted",
}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, 0.1, -1e-300, 5e-324, 1.7976931348623157e308, math.inf])
def test_bits_come_back(value: float) -> None:
    written = parity_cases.bits(value)
    assert len(written) == 16 and written == written.lower()
    assert parity_cases.bits(parity_cases.from_bits(written)) == written
    assert parity_cases.from_bits(written) == value


@pytest.mark.parametrize(
    ("items", "written"),
    [
        ([], []),
        ([1, 2], [1, 2]),
        (["a"] * 64, ["a"] * 64),
        (["a"] * 65, {"count": 65, "sha256": sha("\n".join("a" * 65))}),
        (list(range(65)), {"count": 65, "sha256": sha("\n".join(map(str, range(65))))}),
    ],
)
def test_long_lists_are_hashed(items: list, written: object) -> None:
    assert parity_cases.listed(items) == written


def test_long_texts_are_hashed() -> None:
    assert parity_cases.shortened("好" * 400) == "好" * 400
    assert parity_cases.shortened("好" * 401) == {"count": 401, "sha256": sha("好" * 401)}


@pytest.mark.parametrize("count", [1, 500, 800])
def test_inputs_cover_hard_boundary_long_real_and_random_texts(count: int) -> None:
    corpus = [f"sentence number {i}" for i in range(900)] + ["long " * 20]
    boundary = ["are you sure?", "不是不可以"]
    inputs = list(parity_cases.texts_for(corpus, boundary, count, seed=5))
    texts = [parity_cases.text_of(case) for case in inputs]
    assert inputs == list(parity_cases.texts_for(list(reversed(corpus)), boundary, count, seed=5))
    assert len(inputs) >= count
    assert set(boundary) <= set(texts) and set(parity_cases.HARD_TEXTS) <= set(texts)
    assert any(len(text) == MAX_CODE_POINTS for text in texts)
    assert sum(text in corpus for text in texts) >= 10 and "long " * 20 not in texts
    assert len(set(texts) - set(corpus) - set(boundary) - set(parity_cases.HARD_TEXTS)) > 10
    assert [text for text in texts if text_problem(text)] == []


def test_random_texts_reach_every_plane_and_are_seeded() -> None:
    random = Random(0)
    texts = [parity_cases.random_text(random) for _ in range(3_000)]
    points = {ord(char) for text in texts for char in text}
    assert len({point >> 16 for point in points}) == 17
    assert not any(0xD800 <= point < 0xE000 for point in points)
    assert "" in texts and max(map(len, texts)) == 24
    again = Random(0)
    assert [parity_cases.random_text(again) for _ in range(3_000)] == texts


def test_cases_are_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "t_parity.jsonl"
    long = {key: value for key, value in CASE.items() if key != "text"} | {"repeat": "a\u2028", "times": 50_000}
    path.write_bytes("\n".join(json.dumps(case, ensure_ascii=False) for case in (CASE, long)).encode() + b"\n")
    assert parity_cases.read_cases(path) == [CASE, long]
    assert parity_cases.text_of(long) == "a\u2028" * 50_000


WRONG = {
    "a list": [],
    "a number": 3,
    "nothing": {},
    "no text": {**CASE, "text": None},
    "a lone surrogate": {**CASE, "text": "\ud800"},
    "too long": {**CASE, "text": "x" * (MAX_CODE_POINTS + 1)},
    "a bomb": {**{k: v for k, v in CASE.items() if k != "text"}, "repeat": "x", "times": 10**15},
    "times a share": {**{k: v for k, v in CASE.items() if k != "text"}, "repeat": "x", "times": 1.5},
    "times below zero": {**{k: v for k, v in CASE.items() if k != "text"}, "repeat": "x", "times": -1},
    "bits too short": {**CASE, "logits": ["3ff"]},
    "bits with spaces": {**CASE, "logits": ["3ff 0 00000000 0"]},
    "bits as a number": {**CASE, "probabilities": [0.5]},
    "a reflex that is no name": {**CASE, "reflex": 1},
    **{f"no {name}": {k: v for k, v in CASE.items() if k != name} for name in CASE},
    **{f"{name} is true": {**CASE, name: True} for name in CASE},
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG.keys())
def test_what_is_no_case_is_named_by_its_line(tmp_path: Path, case: object) -> None:
    path = tmp_path / "t_parity.jsonl"
    path.write_text(json.dumps(CASE) + "\n" + json.dumps(case) + "\n")
    with pytest.raises(MalformedArtifact, match=r"t_parity.jsonl:2: not a parity case"):
        parity_cases.read_cases(path)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"{", b"\xff", b"[" * 100_000, json.dumps(CASE).encode()[:-5]])
def test_bytes_that_are_no_cases(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t_parity.jsonl"
    path.write_bytes(data)
    with pytest.raises(MalformedArtifact, match="Export the model again"):
        parity_cases.read_cases(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match=r"none_parity\.jsonl"):
        parity_cases.read_cases(tmp_path / "none_parity.jsonl")

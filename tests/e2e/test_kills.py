"""``kill -9`` at random instants: every resumed run makes what an unbroken one makes."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from scripts import crash_test
from scripts.crash_test import PROMOTE, PROMOTE_SECONDS, START, Stretch, Unbroken
from tests.conftest import Forged

STEPS = ("generate", "refine", "train", "export", "verify")


@pytest.fixture(scope="module")
def whole(forged: Forged) -> Unbroken:
    """The session's forged blueprint as the unbroken run, with the seconds it said its steps took."""
    told = dict(re.findall(r"^\S+ +(\w+) +([0-9.]+) s ", forged.output, re.MULTILINE))
    steps = [{"task": forged.task, "step": step, "seconds": float(told[step])} for step in STEPS]
    seconds = 1.0 + sum(map(float, told.values()))
    return crash_test.unbroken({"blueprint": forged.task, "steps": steps}, forged.models.parent, seconds)


def in_every_step(random: Random, whole: Unbroken, count: int) -> list[tuple[Stretch, float]]:
    """Two kills in the first second of every step: ten kills in a minute, and none of them waits for chance."""
    stretches = sorted([s for s in whole.stretches if s.step != START] * 2, key=whole.stretches.index)[:count]
    return [(s, random.uniform(0, min(1.0, s.seconds or PROMOTE_SECONDS))) for s in stretches]


@pytest.mark.slow
def test_ten_kills_leave_no_trace(forged: Forged, whole: Unbroken, tmp_path: Path) -> None:
    outcome = crash_test.crash(
        forged.blueprint, whole, 10, tmp_path, seed=20261121, each=(11, 11), instants=in_every_step
    )
    assert outcome.differences == []
    assert outcome.kills == 10
    assert len(outcome.where) == len(STEPS), outcome.summary()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda models, task: (models / f"{task}_classifier.onnx").write_bytes(b"half"), "is half-written"),
        (lambda models, task: (models / f"{task}_parity.jsonl").unlink(), "is missing beside its .bin"),
    ],
    ids=["cut", "gone"],
)
def test_a_half_written_model_is_noticed(forged: Forged, whole: Unbroken, tmp_path: Path, harm, said: str) -> None:  # type: ignore[no-untyped-def]
    models = tmp_path / "models"
    models.mkdir()
    for file in forged.models.iterdir():
        (models / file.name).write_bytes(file.read_bytes())
    assert crash_test.half_written(whole, models) == []
    harm(models, forged.task)
    assert [line for line in crash_test.half_written(whole, models) if said in line]


def test_a_difference_is_noticed(forged: Forged, whole: Unbroken, tmp_path: Path) -> None:
    assert crash_test.different(whole, forged.models.parent) == []
    found = crash_test.different(whole, tmp_path)
    assert any("models/" in line for line in found) and any("3_fitted" in line for line in found)


def test_instants_are_seeded_and_cover_the_run(whole: Unbroken) -> None:
    many = [crash_test.uniform(Random(7), whole, 400) for _ in range(2)]
    assert many[0] == many[1]
    assert {stretch.step for stretch, _ in many[0]} == {START, *STEPS, PROMOTE}
    assert all(seconds <= max(stretch.seconds, PROMOTE_SECONDS) for stretch, seconds in many[0])

"""``refine.yaml``: every mistake at once, each at its place, with the nearest known name."""

from __future__ import annotations

from pathlib import Path

import pytest

from foundry_engine.errors import InvalidSetting
from foundry_engine.refinery import job_file

SOUND = """task: rooms
inputs:
  - path: a.jsonl
output: out
"""


def mistakes(folder: Path, text: str) -> list[str]:
    (folder / "a.jsonl").write_text("{}")
    path = folder / "refine.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidSetting) as raised:
        job_file.load(path)
    return [line.removeprefix(str(path)) for line in raised.value.message.splitlines()]


def test_a_sound_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}")
    (tmp_path / "refine.yaml").write_text(SOUND)
    file = job_file.load(tmp_path / "refine.yaml")
    assert file.files(file.job.inputs[0]) == [tmp_path / "a.jsonl"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SOUND + "taks: x\n", ":5:1: unknown key 'taks'; did you mean 'task'?"),
        (SOUND.replace("output: out\n", ""), ":1:1: key 'output' is missing"),
        (SOUND.replace("a.jsonl", "b.jsonl"), ":3:11: no file: "),
        (SOUND.replace("a.jsonl", "'*.yaml'"), ":3:11: refine.yaml: its end says no format"),
        (SOUND.replace("a.jsonl", "a.jsonl\n    encoding: utf-88"), ":4:15: no encoding 'utf-88'"),
        (SOUND + "operators: [normalize]\n", ":5:13: no operator 'normalize'; did you mean 'normalise'?"),
        (SOUND + "operators: [length, length]\n", ":5:21: operator 'length' again"),
        (SOUND + "settings:\n  length: {max: many}\n", ":6:17: "),
        (SOUND + "settings:\n  length: {maxx: 3}\n", ":6:12: unknown key 'maxx'; did you mean 'max'?"),
        (SOUND + "split: {calibration: 0.6, test: 0.6}\n", ":5:8: calibration and test leave nothing"),
        (SOUND + "constitution: law.yaml\n", ":5:15: no file: "),
        (SOUND + "gates: [{measure: beauty, at_least: 0.5}]\n", ":5:19: 'beauty' is not allowed here"),
        (SOUND + "memory_gib: lots\n", ":5:13: "),
        (SOUND + "seed: -1\n", ":5:7: "),
        (SOUND + "a: 1\nb: 2\n", ":6:1: unknown key 'b'"),
        ("", ":1:1: "),
        ("task: [", ": not YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in line for line in mistakes(tmp_path, text)), mistakes(tmp_path, text)

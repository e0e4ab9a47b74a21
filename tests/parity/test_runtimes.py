"""Python, Rust, Rust with ONNX Runtime, C++ and other Pythons give the same answers; a difference is named.

What is not built yet is built. A machine without cargo or a C++ compiler fails here, and is told what it lacks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from foundry_engine.runtime import MicroModel

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"
STRINGS = 2_000

sys.path.insert(0, str(SCRIPTS))
try:
    import digest
    import parity
    import runtimes
finally:
    sys.path.remove(str(SCRIPTS))


@pytest.fixture(scope="module")
def built() -> None:
    runtimes.build()


def script(name: str, *arguments: object) -> SimpleNamespace:
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)


def test_all_runtimes_agree(built: None) -> None:
    done = script("parity", "--count", STRINGS, "--jobs", 2)
    assert done.code == 0, done.out + done.err
    lines = done.out.splitlines()
    assert len(lines) == len(list((ROOT / "models").glob("*_preprocessor.bin")))
    for line in lines:
        assert "2,000 strings" in line and "through Python, native, onnxruntime, cpp: features equal to the bit" in line
        for outcome in ("accepted", "abstained", "InvalidText"):
            assert f" {outcome}" in line, "the strings reach every outcome"


def test_the_toy_models_agree_too(built: None) -> None:
    done = script("parity", "--count", 700, "--jobs", 2, "--models", ROOT / "tests" / "parity" / "toy", "--task", "toy")
    assert done.code == 0, done.out + done.err
    assert " reflex" in done.out


def test_other_pythons_agree() -> None:
    """Where this is the only Python on the machine the script says so, and there is nothing to compare."""
    done = script("pythons", "--count", STRINGS)
    if done.code == 5:
        assert "only cpython" in done.err
        pytest.skip(done.err.strip())
    assert done.code == 0, done.out + done.err
    assert "give the same digests" in done.out
    assert " texts through cpython 3." in done.err, "each Python is named as it starts"
    print(done.out)


def test_help_builds_nothing() -> None:
    done = script("runtimes", "--help")
    assert (done.code, done.err) == (0, "") and "usage: runtimes.py" in done.out and "target" not in done.out


LINE = "accepted 1 - 0f 2:0a 1:0b 1:0c 3ff0000000000000,bff0000000000000 3fe0000000000000,3fe0000000000000"


@pytest.mark.parametrize(
    ("step", "old", "new"),
    [
        ("outcome", "accepted", "abstained"),
        ("label", " 1 -", " 0 -"),
        ("reflex", " - ", " 0a "),
        ("normalized", " 0f ", " 0e "),
        ("ngrams", "2:0a", "3:0a"),
        ("indices", "1:0b", "1:0c"),
        ("values", "1:0c", "1:0d"),
        ("logits", "bff0000000000000", "bff0000000010000"),
        ("probabilities", "3fe0000000000000", "3fe0000000010000"),
        ("probabilities", "3fe0000000000000", "7ff8000000000000"),
        ("probabilities", ",3fe0000000000000", ""),
    ],
)
def test_a_difference_is_named(step: str, old: str, new: str) -> None:
    assert parity.first_difference(LINE, LINE.replace(old, new)) != (None, 0.0)
    assert parity.first_difference(LINE, LINE.replace(old, new))[0] == step


def test_the_last_bits_of_a_score_may_differ() -> None:
    step, delta = parity.first_difference(LINE, LINE.replace("3fe0000000000000", "3fe0000000000001"))
    assert step is None and 0 < delta < 1e-15
    assert parity.first_difference(LINE, LINE) == (None, 0.0)
    assert parity.first_difference(LINE, "InvalidText")[0] == "refusal"
    both = LINE.replace("accepted", "abstained").replace("1:0b", "1:0c")
    assert parity.first_difference(LINE, both)[0] == "indices", "the earlier step is the fault"


STUB = """
import sys
sys.path.insert(0, {scripts!r})
import digest, json
model = digest.MicroModel.load({models!r}, "is_question")
for number, line in enumerate(sys.stdin.buffer):
    found = digest.digest(model, json.loads(line))
    {change}
    print(found)
"""


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ("found = found.replace('accepted', 'abstained') if number >= 3 else found", "outcome"),
        ("if number == 3: sys.exit('out of memory')", "run"),
        ("pass", None),
    ],
)
def test_a_runtime_that_differs_is_found(tmp_path: Path, change: str, step: str | None) -> None:
    stub = tmp_path / "stub.py"
    stub.write_text(STUB.format(scripts=str(SCRIPTS), models=str(ROOT / "models"), change=change), "utf-8")
    model = MicroModel.load(ROOT / "models", "is_question")
    texts = ["what time is it", "", "hello there", "今天天气怎么样", "what time is it"]
    tally = parity.compare(model, {"stub": [sys.executable, str(stub)]}, texts, 10)
    if step is None:
        assert tally.difference is None and tally.strings == 5 and tally.largest == {"stub": 0.0}
        return
    assert tally.difference is not None
    assert (tally.difference.runtime, tally.difference.step, tally.difference.number) == ("stub", step, 13)
    assert "'stub' differs from Python on string 13" in parity.shown(tally.difference)


def test_the_strings_are_those_promised() -> None:
    model = MicroModel.load(ROOT / "models", "is_question")
    one, two = (parity.Strings(model, 6_000, 1) for _ in range(2))
    texts = [text for number in range(3) for text in one.batch(number)]
    assert len(texts) == 6_000 and texts == [text for number in range(3) for text in two.batch(number)]
    assert max(map(len, texts)) > 100_000
    alone = {text for text in texts if len(text) == 1}
    assert len(alone) > 900 and {"\x1c", "\x1f", "\x85", "\u0301"} <= alone
    assert sum(f"a{char}b" in set(texts) for char in list(alone)[:50]) > 25
    assert {"", "\ud800", "İß", "Ⓐ②½"} <= set(texts)
    naughty = [json.loads(line)["text"] for line in parity.NAUGHTY.read_text("utf-8").split("\n") if line]
    assert set(naughty) <= set(texts)
    patterns = {p.literal for group in model.preprocessor.cues for p in group.patterns}
    assert patterns <= set(texts)
    every = list(parity.assigned())
    assert len(every) > 140_000
    million = parity.Strings(model, 1_000_000, 1)
    texts = [text for number in range(200) for text in million.batch(number)]
    assert {chr(code) for code in every} | {f"a{chr(code)}b" for code in every} <= set(texts)
    assert digest.fnv(b"foobar") == 0x85944171F73967E8

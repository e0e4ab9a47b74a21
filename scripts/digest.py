"""One short line a text, for comparing runtimes on very many texts: ``digest.py MODELS TASK < JSON strings``.

The Python side of ``cerebellum digest``; what a line holds is written in ``rust_runtime/cli/src/digest.rs``. Needs the
runtime package alone (standard library and protobuf), so that any Python can be held to another.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from foundry_engine.errors import InvalidText  # noqa: E402
from foundry_engine.runtime import MicroModel  # noqa: E402


def fnv(numbers: Iterable[int]) -> int:
    """FNV-1a of 64 bits, a number a step.

    >>> f"{fnv(b'foobar'):016x}"
    '85944171f73967e8'
    """
    state = 0xCBF29CE484222325
    for number in numbers:
        state = ((state ^ number) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return state


def digest(model: MicroModel, text: str) -> str:
    """The line of one text."""
    try:
        steps = model.steps(text)
    except InvalidText:
        return "InvalidText"
    answer = steps.answer
    reflex = "-" if steps.reflex is None else f"{fnv(steps.reflex.encode()):016x}"
    grams = fnv([fnv(gram.encode()) for gram in steps.ngrams])
    return (
        f"{answer.outcome} {model.labels.index(answer.label)} {reflex} {fnv(steps.normalized.encode()):016x}"
        f" {len(steps.ngrams)}:{grams:016x}"
        f" {len(steps.indices)}:{fnv(steps.indices):016x}"
        f" {len(steps.values)}:{fnv(_bits(steps.values)):016x}"
        f" {_joined(steps.logits)} {_joined(answer.probabilities)}"
    )


def _bits(numbers: Sequence[float]) -> tuple[int, ...]:
    count = len(numbers)
    return struct.unpack(f"{count}Q", struct.pack(f"{count}d", *numbers))


def _joined(numbers: Sequence[float]) -> str:
    return ",".join([f"{bits:016x}" for bits in _bits(numbers)])


def main(arguments: Sequence[str]) -> int:
    """One line out for every line in."""
    if len(arguments) != 2:
        print("expected: digest.py MODELS TASK < JSON strings", file=sys.stderr)
        return 2
    model = MicroModel.load(arguments[0], arguments[1])
    for line in sys.stdin.buffer:
        print(digest(model, json.loads(line)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

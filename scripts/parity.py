"""Send very many strings through Python, Rust, Rust with ONNX Runtime and C++, and name the first step that differs.

``make parity N=1000000``, for every model in ``models/`` or ``TASK=...``. Normalized text, n-grams, indices and values
must be equal to the bit (as 64-bit hashes), label, outcome and reflex equal, every logit and probability within 1e-12.

Strings, the same for the same seed: the hard ones of the parity cases, the naughty strings, lone surrogates and lengths
at the limit; every assigned code point alone and between letters; then random Unicode and texts made of the model's own
patterns and terms. Exit codes: 0 all agree, 1 a runtime differs, 5 something needed is missing.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from random import Random

import digest
import runtimes

from foundry_engine.artifact import parity_cases
from foundry_engine.artifact.files import tasks_in
from foundry_engine.errors import FoundryError, MissingDependency
from foundry_engine.features.ngrams import BEGIN, END, WORD_MARK
from foundry_engine.features.normalizer import MAX_CODE_POINTS
from foundry_engine.runtime import MicroModel

NAUGHTY = runtimes.ROOT / "tests" / "parity" / "naughty_strings.jsonl"
TOLERANCE = 1e-12
BATCH = 2_000
PLAIN = 100_000
"""Where there is no terminal, a line of progress after so many strings."""
STEPS = ("outcome", "label", "reflex", "normalized", "ngrams", "indices", "values", "logits", "probabilities")
ORDER = ("normalized", "ngrams", "indices", "values", "logits", "probabilities", "reflex", "label", "outcome")
"""In this order steps are computed: the first that differs is the fault."""

SPECIAL = (
    "\ud800", "a\udfff", "\udc00\ud800", "a" * MAX_CODE_POINTS, "a" * (MAX_CODE_POINTS + 1),
    "👍" * (MAX_CODE_POINTS + 1), "İ" * MAX_CODE_POINTS, " " * MAX_CODE_POINTS, "\x1c", "\x1d", "\x1e", "\x1f", "\x85",
    "a\x1cb\x1dc\x1ed\x1fe\x85f", "e\u0301\u0327", "\u0301", "Ⓐ②½", "ΑΣ ΑΣ. ΣΑ", "İß", "ẞ", "👩‍👩‍👧‍👦", "👩🏽‍🚒?",
    "ＦＵＬＬ　ｗｉｄｔｈ？！", "\u200b\u200d\ufeff", "\ufdd0\uffff\U0010ffff",
)  # fmt: skip


class Strings:
    """The strings of a run, in batches."""

    def __init__(self, model: MicroModel, count: int, seed: int) -> None:
        self.count, self.seed = count, seed
        p = model.preprocessor
        groups = [*p.cues, *p.reflexes]
        self._literals = sorted({pattern.literal for group in groups for pattern in group.patterns}) or ["?"]
        marks = str.maketrans({BEGIN: " ", END: " ", WORD_MARK: " "})
        self._terms = [term.translate(marks) for term in p.terms] or ["a"]

    @cached_property
    def _fixed(self) -> list[str]:
        """Strings everyone has to get right, then the code points: all of them where they fit two fifths of the run."""
        long = [text * (length // len(text)) for text, length in parity_cases.LONG_TEXTS]
        naughty = [json.loads(line)["text"] for line in NAUGHTY.read_text("utf-8").split("\n") if line]
        own = [*parity_cases.HARD_TEXTS, *long, *SPECIAL, *naughty, *self._literals]
        codes = list(assigned())
        step = max(1, math.ceil(2 * len(codes) / max(1, self.count * 2 // 5)))
        chosen = [chr(code) for code in codes[self.seed % step :: step]]
        return (own + [text for char in chosen for text in (char, f"a{char}b")])[: self.count]

    def batch(self, number: int) -> list[str]:
        """The strings of one batch."""
        start, stop = number * BATCH, min(self.count, (number + 1) * BATCH)
        texts = self._fixed[start:stop]
        random = Random(f"{self.seed}:{number}")
        makers = (parity_cases.random_text, parity_cases.random_text, self._of_patterns, self._of_terms)
        while len(texts) < stop - start:
            texts.append(random.choice(makers)(random))
        return texts

    def _of_patterns(self, random: Random) -> str:
        return _written(random, [random.choice(self._literals) for _ in range(random.randint(1, 4))])

    def _of_terms(self, random: Random) -> str:
        terms = [random.choice(self._terms) for _ in range(random.randint(1, 8))]
        if random.random() < 0.3:
            terms.insert(random.randrange(len(terms)), random.choice(self._literals))
        return _written(random, terms)


def _written(random: Random, parts: Sequence[str]) -> str:
    """Parts joined and spelt as people and machines do: cases, widths, marks and spaces around."""
    glue = random.choice(("", "", " ", "  ", "，", "…", "\u3000", "-", "\u200b"))
    text = glue.join(parts)
    kind = random.random()
    if kind < 0.2:
        text = text.upper()
    elif kind < 0.3:
        text = text.title()
    elif kind < 0.4:
        text = "".join([chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text])
    around = ("", "", " ", "?", "？", "!", "。", "“", "\u0301", "x", "吗", "\x85", "👍", "\u200d")
    return random.choice(around) + text + random.choice(around)


def assigned() -> Iterator[int]:
    """Every code point that is a character, by the newest tables at hand; private use and surrogates are none."""
    try:
        from unicodedata2 import category
    except ImportError:
        from unicodedata import category
    return (code for code in range(0x110000) if category(chr(code)) not in ("Cn", "Co", "Cs"))


@dataclass(frozen=True)
class Difference:
    """The first string on which a runtime does not do as Python does."""

    number: int
    runtime: str
    step: str
    text: str
    expected: str
    got: str


@dataclass
class Tally:
    """What a part of a run found."""

    strings: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    features: int = 0
    largest: dict[str, float] = field(default_factory=dict)
    difference: Difference | None = None

    def add(self, other: Tally) -> None:
        """Take in another part, which comes after this one."""
        self.strings += other.strings
        self.outcomes += other.outcomes
        self.features += other.features
        for runtime, delta in other.largest.items():
            self.largest[runtime] = max(delta, self.largest.get(runtime, 0.0))
        self.difference = self.difference or other.difference


def first_difference(expected: str, got: str) -> tuple[str | None, float]:
    """The first step in which two lines differ, or ``None``; and the largest difference of a logit or probability."""
    if expected == got:
        return None, 0.0
    a, b = expected.split(" "), got.split(" ")
    if len(a) != len(STEPS) or len(b) != len(STEPS):
        return "refusal", math.inf
    left, right = dict(zip(STEPS, a, strict=True)), dict(zip(STEPS, b, strict=True))
    largest = 0.0
    for step in ORDER:
        if left[step] == right[step]:
            continue
        if step not in ("logits", "probabilities"):
            return step, largest
        numbers, others = _numbers(left[step]), _numbers(right[step])
        if len(numbers) != len(others):
            return step, math.inf
        deltas = [abs(x - y) for x, y in zip(numbers, others, strict=True)]
        largest = max(largest, *deltas)
        if not all(delta <= TOLERANCE for delta in deltas):
            return step, largest
    return None, largest


def _numbers(field: str) -> tuple[float, ...]:
    data = bytes.fromhex(field.replace(",", ""))
    return struct.unpack(f">{len(data) // 8}d", data)


def compare(model: MicroModel, commands: Mapping[str, Sequence[str]], texts: Sequence[str], start: int) -> Tally:
    """Hold every runtime to Python on some strings; ``start`` is the number of the first."""
    lines = [digest.digest(model, text) for text in texts]
    tally = Tally(len(texts), Counter(line.split(" ")[0] for line in lines))
    tally.features = sum(int(line.split(" ")[5].split(":")[0]) for line in lines if line != "InvalidText")
    sent = "".join([json.dumps(text) + "\n" for text in texts]).encode()
    found: list[Difference] = []
    for name, command in commands.items():
        done = subprocess.run(command, input=sent, capture_output=True, check=False, timeout=1800)
        got = done.stdout.decode("utf-8", "replace").split("\n")[:-1]
        tally.largest[name] = 0.0
        for place, (text, expected, line) in enumerate(zip(texts, lines, got, strict=False)):
            step, delta = first_difference(expected, line)
            if step is not None:
                found.append(Difference(start + place, name, step, text, expected, line))
                break
            tally.largest[name] = max(tally.largest[name], delta)
        else:
            if done.returncode or len(got) != len(texts):
                said = f"exit code {done.returncode}, {len(got)} lines: {done.stderr.decode('utf-8', 'replace')[-500:]}"
                place = min(len(got), len(texts) - 1)
                found.append(Difference(start + place, name, "run", texts[place], "a line a text", said))
    tally.difference = min(found, key=lambda difference: difference.number, default=None)
    return tally


class _Worker:
    """What a process of the pool holds."""

    strings: Strings
    model: MicroModel
    commands: Mapping[str, Sequence[str]]

    @classmethod
    def start(cls, models: Path, task: str, commands: Mapping[str, Sequence[str]], count: int, seed: int) -> None:
        cls.model, cls.commands = MicroModel.load(models, task), commands
        cls.strings = Strings(cls.model, count, seed)

    @classmethod
    def work(cls, number: int) -> Tally:
        return compare(cls.model, cls.commands, cls.strings.batch(number), number * BATCH)


def run(models: Path, task: str, commands: Mapping[str, Sequence[str]], options: argparse.Namespace) -> Tally:
    """All strings of one model, over the cores; ends at the first difference."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    tally = Tally()
    batches = range(math.ceil(options.count / BATCH))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    pool = ProcessPoolExecutor(
        options.jobs, get_context("spawn"), _Worker.start, (models, task, commands, options.count, options.seed)
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(task, total=options.count)
        try:
            for part in pool.map(_Worker.work, batches):
                tally.add(part)
                progress.advance(bar, part.strings)
                if not console.is_terminal and tally.strings % PLAIN < BATCH:
                    print(f"{task}: {tally.strings:,} of {options.count:,}", file=sys.stderr, flush=True)
                if tally.difference:
                    break
        finally:
            pool.shutdown(cancel_futures=True)
    return tally


def shown(difference: Difference) -> str:
    """A difference for people."""
    text = ascii(difference.text)
    text = text if len(text) <= 300 else f"{text[:300]}… ({len(difference.text):,} code points)"
    return (
        f"runtime '{difference.runtime}' differs from Python on string {difference.number}: {text}\n"
        f"  first differing step: {difference.step}\n  expected {difference.expected}\n  got      {difference.got}"
    )


def main() -> int:
    """Build the runtimes, send the strings, say what was found."""
    parser = argparse.ArgumentParser(description="Prove that every runtime answers alike.")
    parser.add_argument("--count", type=int, default=100_000, help="strings a model")
    parser.add_argument("--task", action="append", help="a model's task; all of the folder when left out")
    parser.add_argument("--models", type=Path, default=runtimes.ROOT / "models")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    tasks = options.task or tasks_in(options.models)
    if not tasks or options.count < 1:
        parser.error(f"no model in {options.models}" if not tasks else "--count must be at least 1")
    try:
        runtimes.build()
        for task in tasks:
            begun = time.monotonic()
            tally = run(options.models, task, runtimes.commands("digest", options.models, task), options)
            if tally.difference:
                print(f"{task}: {shown(tally.difference)}")
                return 1
            largest = ", ".join(f"{name} {delta:.1e}" for name, delta in tally.largest.items())
            outcomes = ", ".join(f"{count:,} {name}" for name, count in sorted(tally.outcomes.items()))
            print(
                f"{task}: {tally.strings:,} strings ({outcomes}; {tally.features:,} features) through Python, "
                f"{', '.join(tally.largest)}: features equal to the bit, 0 labels or outcomes differ, largest "
                f"difference of a logit or probability {largest}; {time.monotonic() - begun:.0f} s"
            )
    except FoundryError as error:
        print(error.message, file=sys.stderr)
        return 5 if isinstance(error, MissingDependency) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

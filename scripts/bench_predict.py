"""One sentence to its label: plain Python against scikit-learn, in one run, taking turns on the same sentences.

``make bench`` after ``make forge``. Two scikit-learn pipelines are timed. ``same`` is the fitted model as scikit-learn
holds it in ``runs/…/3_fitted``: the same answers, so the requirement is against it. ``stock`` is what one would write
without the foundry, TfidfVectorizer and LogisticRegression with the same n-gram lengths: other features, no patterns,
so the fairer question of what a user gains, and told beside it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from foundry_engine import blueprint  # noqa: E402
from foundry_engine.cli import console  # noqa: E402
from foundry_engine.errors import FoundryError, MissingPart  # noqa: E402
from foundry_engine.folders import EXAMPLES_FILE, RunFolder  # noqa: E402
from foundry_engine.records import Example, read_records  # noqa: E402
from foundry_engine.runtime import MicroModel  # noqa: E402

REQUIRED = 15.0
"""How many times faster than ``same`` plain Python has to be."""

TURN = 20

Predict = Callable[[str], object]


def engines(declared: blueprint.Blueprint, task: str, runs: Path, models: Path) -> dict[str, Predict]:
    """Ways from a sentence to its label by name; raises ``MissingPart`` before the blueprint is forged."""
    from foundry_engine.learning.fitted import load

    folder = RunFolder(runs / declared.name / task)
    examples = read_records(_needed(folder.dataset / EXAMPLES_FILE), Example)
    fitted = load(folder.fitted)
    plain = MicroModel.load(models, task)
    onnx = MicroModel.load(models, task, "onnxruntime")
    same = fitted.pipeline(declared.constitutions[task].patterns.cue_patterns())
    stock = _stock(fitted, [e for e in examples if e.split == "train"])
    return {
        "plain": lambda text: plain.predict(text).label,
        "onnxruntime": lambda text: onnx.predict(text).label,
        "same": lambda text: same.predict_proba([text]).argmax(),
        "stock": lambda text: stock.predict([text])[0],
    }


def _stock(fitted: Any, examples: Sequence[Example]) -> Any:
    """scikit-learn's own vectorisers and classifier, fitted on the training rows."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import FeatureUnion, Pipeline

    lengths = fitted.ngrams
    parts = [("char", TfidfVectorizer(analyzer="char", ngram_range=(lengths.char_min, lengths.char_max), min_df=2))]
    if lengths.word_max:
        parts.append(("word", TfidfVectorizer(ngram_range=(lengths.word_min, lengths.word_max), min_df=2)))
    pipeline = Pipeline([("features", FeatureUnion(parts)), ("classifier", LogisticRegression(C=10, max_iter=1000))])
    return pipeline.fit([e.text for e in examples], [e.label for e in examples])


def measure(predicts: dict[str, Predict], texts: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """Seconds of every engine on every text: the median of its rounds.

    Engines take turns of ``TURN`` texts: close enough in time that a busy machine slows all alike, long enough that
    each works with its own memory in the caches, as it would in a service.
    """
    taken: dict[str, list[list[float]]] = {name: [[] for _ in texts] for name in predicts}
    clock = time.perf_counter
    for _ in range(rounds):
        for start in range(0, len(texts), TURN):
            for name, predict in predicts.items():
                predict(texts[start])
                for place, text in enumerate(texts[start : start + TURN], start=start):
                    begun = clock()
                    predict(text)
                    taken[name][place].append(clock() - begun)
    return {name: [statistics.median(times) for times in rows] for name, rows in taken.items()}


def figures(task: str, texts: Sequence[str], seconds: dict[str, list[float]]) -> dict[str, Any]:
    """Medians in microseconds, and how many times faster plain Python is: the median of the ratios text by text."""
    ratios = {
        name: statistics.median(other / own for other, own in zip(times, seconds["plain"], strict=True))
        for name, times in seconds.items()
        if name != "plain"
    }
    return {
        "task": task,
        "sentences": len(texts),
        "characters": statistics.median(map(len, texts)),
        "microseconds": {name: round(statistics.median(times) * 1e6, 1) for name, times in seconds.items()},
        "plain_is_faster": {name: round(ratio, 1) for name, ratio in ratios.items()},
        "required": REQUIRED,
        "reached": ratios["same"] >= REQUIRED,
    }


def bench(declared: blueprint.Blueprint, runs: Path, models: Path, sentences: int, rounds: int) -> list[dict[str, Any]]:
    """The figures of every task, on sentences of its own test rows."""
    found = []
    for task in declared.tasks:
        predicts = engines(declared, task, runs, models)
        examples = read_records(RunFolder(runs / declared.name / task).dataset / EXAMPLES_FILE, Example)
        unseen = sorted({e.text for e in examples if e.split not in ("train", "calibration")})
        texts = Random(0).sample(unseen, min(sentences, len(unseen)))
        found.append(figures(task, texts, measure(predicts, texts, rounds)))
    return found


def _needed(path: Path) -> Path:
    if not path.is_file():
        raise MissingPart(f"{path}: no such file. Forge the blueprint first: make forge")
    return path


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    names = list(rows[0]["microseconds"])
    head = ("task", *(f"{name} µs" for name in names), "× same", "× stock", "required")
    cells = []
    for row in rows:
        faster = row["plain_is_faster"]
        verdict = f"{row['required']:.0f} {'reached' if row['reached'] else 'MISSED'}"
        times = [f"{row['microseconds'][name]:.1f}" for name in names]
        cells.append([row["task"], *times, f"{faster['same']:.1f}", f"{faster['stock']:.1f}", verdict])
    return console.columns(head, cells)


def main() -> int:
    """Measure and print; 1 when the requirement is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--blueprint", type=Path, default=ROOT / "blueprints" / "text_classification")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs")
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--sentences", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    options = parser.parse_args()
    console.set_up()
    try:
        declared = blueprint.load(options.blueprint)
        rows = bench(declared, options.runs, options.models, options.sentences, options.rounds)
    except FoundryError as error:
        console.complain(error.message)
        return 1
    console.result(console.schema({"tasks": rows})) if options.json else console.text(_table(rows))
    return 0 if all(row["reached"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Every way from a sentence to its label in one table, in one run: our runtimes, scikit-learn's pipeline and fastText.

``make bench-runtime`` after ``make forge``. Each engine times itself inside a process of its own, call by call, so that
starting it does not count; engines take turns and the medians of the turns are shown. fastText is trained on the rows
our model was trained on, and installed into ``.venv`` by this verb alone; its C++ is built from the PyPI sources.

The first load of a process has cold caches; *again* is the median of nine more.

Sentences are the test rows, cut or repeated to 5, 20, 100 and 1,000 characters. Throughput: two threads, 20 characters.
Memory: what the process holds resident after the work, the language's own share included.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import runtimes

from foundry_engine import blueprint
from foundry_engine.artifact.files import tasks_in
from foundry_engine.errors import FoundryError, MissingDependency, MissingPart
from foundry_engine.folders import EXAMPLES_FILE, RunFolder
from foundry_engine.records import Example, read_records

LENGTHS = (5, 20, 100, 1_000)
TEXTS = 100
SECONDS, LEAST_ROUNDS, RELOADS, THREADS, THROUGHPUT = 0.3, 5, 9, 2, 20
"""As in ``rust_runtime/cli/src/bench.rs``, the twin."""
FASTTEXT = ("fasttext-numpy2-wheel==0.9.2", "fasttext-wheel==0.9.2")
"""Built for today's numpy, and one that has the C++ sources; both hold fastText 0.9.2 as Facebook released it."""
SETTINGS = {
    "lr": 0.5,
    "epoch": 25,
    "dim": 16,
    "wordNgrams": 2,
    "minn": 1,
    "maxn": 4,
    "bucket": 50_000,
    "loss": "softmax",
}
REQUIRED = {"scikit-learn": 1 / 400, "fastText (Python)": 1 / 3, "fastText (C++)": 1.0}
"""How much of each one's time Rust native may take on a sentence of 20 characters."""

Predict = Callable[[str], object]


def examples_of(runs: Path, name: str, task: str) -> list[Example]:
    """The rows the model was trained and tested on."""
    path = RunFolder(runs / name / task).dataset / EXAMPLES_FILE
    if not path.exists():
        raise MissingPart(f"{path} is not there. Forge the blueprint first: make forge")
    return list(read_records(path, Example))


def sentences(examples: Sequence[Example]) -> list[str]:
    """``TEXTS`` sentences of every length."""
    own = [" ".join(e.text.split()) for e in examples if e.split == "test"]
    Random(1).shuffle(own)
    texts = []
    for length in LENGTHS:
        stream = itertools.cycle(own)
        for _ in range(TEXTS):
            text = ""
            while len(text) < length:
                text += (" " if text else "") + next(stream)
            cut = text[:length]
            texts.append(cut if cut.strip() == cut else cut[:-1] + "e")
    return texts


def measure(load: Callable[[], Predict], texts: Sequence[str]) -> dict[str, Any]:
    """The line of an engine in Python: the same work as ``cerebellum bench``."""
    clock = time.perf_counter_ns
    loads = []
    for _ in range(1 + RELOADS):
        begun = clock()
        predict = load()
        loads.append(clock() - begun)
    result: dict[str, Any] = {"load_ns": loads[0], "reload_ns": statistics.median(loads[1:]), "groups": {}}
    for length in LENGTHS:
        group = [text for text in texts if len(text) == length]
        taken = []
        for text in group[:10]:
            predict(text)
        began, rounds = time.perf_counter(), 0
        while rounds < LEAST_ROUNDS or time.perf_counter() - began < SECONDS:
            for text in group:
                start = clock()
                predict(text)
                taken.append(clock() - start)
            rounds += 1
        taken.sort()
        result["groups"][str(length)] = {"p50_ns": taken[len(taken) // 2], "p99_ns": taken[int(0.99 * len(taken))]}
    result["per_second"] = _throughput(predict, [text for text in texts if len(text) == THROUGHPUT])
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    result["resident_kib"] = next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
    return result


def _throughput(predict: Predict, group: Sequence[str]) -> float:
    counts = [0] * THREADS
    began = time.perf_counter()

    def work(place: int) -> None:
        while time.perf_counter() - began < SECONDS:
            for text in group:
                predict(text)
            counts[place] += len(group)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def child(engine: str, place: Mapping[str, str]) -> dict[str, Any]:
    """One engine in Python, inside its own process; imports count as memory, not as load time."""
    texts = [json.loads(line) for line in sys.stdin.buffer]
    if engine == "python":
        from foundry_engine.runtime import MicroModel

        def load() -> Predict:
            return MicroModel.load(place["models"], place["task"]).predict

    elif engine == "scikit-learn":
        from foundry_engine.learning.fitted import load as load_fitted

        declared = blueprint.load(Path(place["blueprint"]))
        patterns = declared.constitutions[place["task"]].patterns.cue_patterns()

        def load() -> Predict:
            pipeline = load_fitted(Path(place["fitted"])).pipeline(patterns)
            return lambda text: pipeline.predict_proba([text])

    else:
        import fasttext  # type: ignore[import-not-found, import-untyped, unused-ignore]

        def load() -> Predict:
            predict: Predict = fasttext.load_model(place["fasttext"]).predict
            return predict

    return measure(load, texts)


def install_fasttext() -> None:
    """Put fastText into this environment, once; it is no dependency of the foundry."""
    if importlib.util.find_spec("fasttext") is None:
        print(f"installing {FASTTEXT[0]}, for this benchmark alone", file=sys.stderr)
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            FASTTEXT[0],
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise MissingDependency(f"{FASTTEXT[0]} cannot be installed: {done.stderr.strip()[-500:]}")
        importlib.invalidate_caches()


def build_fasttext() -> Path:
    """``bench`` with fastText's own C++ in it, from the sources on PyPI."""
    target = runtimes.CPP / "bench_fasttext"
    if target.exists():
        return target
    kept = runtimes.CPP / "fasttext-wheel-0.9.2.tar.gz"
    if not kept.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        done = subprocess.run(
            [*command, "--dest", str(runtimes.CPP), FASTTEXT[1]], capture_output=True, text=True, check=False
        )
        if not kept.exists():
            raise MissingDependency(f"no sources of {FASTTEXT[1]}: {done.stderr.strip()[-500:]}")
    with tempfile.TemporaryDirectory() as temporary, tarfile.open(kept) as archive:
        archive.extractall(temporary, filter="data")
        folder = next(Path(temporary).glob("*/src"))
        sources = [path for path in sorted(folder.glob("*.cc")) if path.name != "main.cc"]
        options = ("-DWITH_FASTTEXT", "-funroll-loops", "-include", "cstdint", "-I", str(folder), "-w")
        runtimes.compile_cpp(target, [runtimes.SOURCES / "bench.cpp", *sources], *options)
    return target


def train_fasttext(examples: Sequence[Example], folder: Path) -> tuple[Path, float]:
    """A model of the training rows; its accuracy on the test rows."""
    import fasttext  # type: ignore[import-not-found, import-untyped, unused-ignore]

    rows = folder / "train.txt"
    lines = [f"__label__{e.label} {' '.join(e.text.split())}\n" for e in examples if e.split == "train"]
    rows.write_text("".join(lines), "utf-8")
    model = fasttext.train_supervised(str(rows), thread=1, seed=1, verbose=0, **SETTINGS)
    path = folder / "fasttext.bin"
    model.save_model(str(path))
    test = [e for e in examples if e.split == "test"]
    right = sum(model.predict(" ".join(e.text.split()))[0][0] == f"__label__{e.label}" for e in test)
    return path, right / len(test)


def accuracy_of(models: Path, task: str, examples: Sequence[Example]) -> float:
    """Our model's share of right labels on the same rows, abstained or not."""
    from foundry_engine.runtime import MicroModel

    model = MicroModel.load(models, task)
    test = [e for e in examples if e.split == "test"]
    return sum(model.predict(e.text).label == e.label for e in test) / len(test)


def engines(options: argparse.Namespace, fasttext_model: Path | None) -> dict[str, tuple[list[str], int]]:
    """Command lines by engine, with the bytes each keeps on disk."""
    folder = RunFolder(options.runs / options.blueprint.name / options.task)
    place = {"models": options.models, "task": options.task, "blueprint": options.blueprint, "fitted": folder.fitted}
    if fasttext_model is not None:
        place["fasttext"] = fasttext_model
    words = json.dumps({key: str(value) for key, value in place.items()})
    ours = [options.models / f"{options.task}_{name}" for name in ("classifier.onnx", "preprocessor.bin")]
    size = sum(path.stat().st_size for path in ours)
    commands = runtimes.commands("bench", options.models, options.task)

    def here(name: str) -> list[str]:
        return [sys.executable, str(Path(__file__).resolve()), "--engine", name, "--place", words]

    found = {
        "Rust native": (commands["native"], size),
        "Rust + ONNX Runtime": (commands["onnxruntime"], size),
        "C++": (commands["cpp"], size),
        "Python plain": (here("python"), size),
        "scikit-learn": (here("scikit-learn"), sum(p.stat().st_size for p in folder.fitted.glob("*") if p.is_file())),
    }
    if fasttext_model is not None:
        own = fasttext_model.stat().st_size
        found["fastText (Python)"] = (here("fasttext"), own)
        found["fastText (C++)"] = ([str(build_fasttext()), "--fasttext", str(fasttext_model)], own)
    return found


def bench(found: Mapping[str, tuple[list[str], int]], texts: Sequence[str], turns: int) -> dict[str, dict[str, float]]:
    """Medians over the turns of every engine, times in microseconds."""
    sent = "".join([json.dumps(text) + "\n" for text in texts])
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in found}
    for turn in range(turns):
        for name, (command, _) in found.items():
            print(f"turn {turn + 1} of {turns}: {name}", file=sys.stderr)
            done = subprocess.run(command, input=sent, capture_output=True, text=True, check=False)
            if done.returncode:
                raise FoundryError(f"{name}: exit code {done.returncode}: {done.stderr.strip()[-1000:]}")
            told[name].append(json.loads(done.stdout.splitlines()[-1]))
    rows = {}
    for name, turns_of in told.items():
        row = {
            f"p{p}_{n}": _median(t["groups"][str(n)][f"p{p}_ns"] for t in turns_of) for n in LENGTHS for p in (50, 99)
        }
        row = {key: value / 1e3 for key, value in row.items()}
        row["load_ms"] = _median(t["load_ns"] for t in turns_of) / 1e6
        row["reload_ms"] = _median(t["reload_ns"] for t in turns_of) / 1e6
        row["per_second"] = _median(t["per_second"] for t in turns_of)
        row["resident_mib"] = _median(t["resident_kib"] for t in turns_of) / 1024
        row["disk_kib"] = found[name][1] / 1024
        rows[name] = row
    return rows


def _median(numbers: Any) -> float:
    return float(statistics.median(numbers))


def shown(task: str, rows: Mapping[str, Mapping[str, float]]) -> tuple[str, bool]:
    """The table and the ratios that are required, and whether they hold."""
    head = [
        "µs a call: p50 / p99",
        *(f"{n:,} characters" for n in LENGTHS),
        "2 threads, /s",
        "load ms: first / again",
        "disk KiB",
        "MiB",
    ]
    table = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for name, row in rows.items():
        cells = [name, *(f"{_short(row[f'p50_{n}'])} / {_short(row[f'p99_{n}'])}" for n in LENGTHS)]
        cells += [f"{row['per_second']:,.0f}", f"{row['load_ms']:.2f} / {row['reload_ms']:.2f}"]
        cells.append(f"{row['disk_kib']:,.0f}")
        table.append([*cells, f"{row['resident_mib']:.1f}"])
    lines = [f"{task}", "", *("| " + " | ".join(cells) + " |" for cells in table), ""]
    held = True
    own = rows["Rust native"]["p50_20"]
    for name, most in REQUIRED.items():
        if name not in rows:
            lines.append(f"- {name}: not measured")
            held = False
            continue
        share = own / rows[name]["p50_20"]
        held = held and share <= most
        verdict = "holds" if share <= most else "DOES NOT HOLD"
        lines.append(
            f"- Rust native / {name}, 20 characters: 1/{1 / share:,.1f}, required ≤ 1/{1 / most:,.0f}: {verdict}"
        )
    return "\n".join(lines), held


def _short(microseconds: float) -> str:
    return f"{microseconds:.2f}" if microseconds < 10 else f"{microseconds:,.0f}"


def main() -> int:
    """Build, train, measure, print."""
    parser = argparse.ArgumentParser(description="Time every runtime, scikit-learn and fastText.")
    declared = runtimes.ROOT / "blueprints" / "text_classification"
    parser.add_argument("--blueprint", metavar="FOLDER", type=Path, default=declared, help="what was forged")
    parser.add_argument("--runs", type=Path, default=runtimes.ROOT / "runs", help="where it was forged")
    parser.add_argument("--models", type=Path, default=runtimes.ROOT / "models", help="folder of the forged models")
    parser.add_argument("--task", default="is_question", help="the model that is timed (default: is_question)")
    parser.add_argument("--turns", type=int, default=3, help="how often each engine is timed (default: 3)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--without-fasttext", action="store_true", help="no installation, no network")
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    parser.add_argument("--place", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(child(options.engine, json.loads(options.place))))
        return 0
    try:
        known = tasks_in(options.models)
        if options.task not in known:
            raise MissingPart(
                f"no model for task '{options.task}' in {options.models}; known: {', '.join(known) or 'none'}."
            )
        examples = examples_of(options.runs, options.blueprint.name, options.task)
        runtimes.build()
        with tempfile.TemporaryDirectory() as temporary:
            model = None
            if not options.without_fasttext:
                install_fasttext()
                model, accuracy = train_fasttext(examples, Path(temporary))
                trained = ", ".join(f"{key} {value}" for key, value in SETTINGS.items())
                own = accuracy_of(options.models, options.task, examples)
                told = f"fastText 0.9.2: {trained}, 1 thread; right on {accuracy:.1%} of the test rows, ours {own:.1%}"
                print(told, file=sys.stderr if options.json else sys.stdout)
            rows = bench(engines(options, model), sentences(examples), options.turns)
    except FoundryError as error:
        print(error.message, file=sys.stderr)
        return 5 if isinstance(error, MissingDependency) else 1
    table, held = shown(options.task, rows)
    print(json.dumps(rows) if options.json else table)
    busy, cores = os.getloadavg()[0], os.cpu_count() or 1
    if busy > cores / 2 + 1:
        told = (
            f"{busy:.1f} processes wanted to run on {cores} cores: long calls look longer than they are. Run it again."
        )
        print(told, file=sys.stderr)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())

"""What refining gives: macro-F1 on fresh families of a model trained on refined rows, less that on the raw rows.

Tasks are drawn from seeds: a tenth of the labels wrong, the largest label twenty times the smallest, three tenths of
the rows copies. Both trainings are the same scikit-learn pipeline; the refined one uses the weights it was given. Run
with ``make bench-seeded-task``; the interval is a bootstrap over the tasks.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from seeded_task import SeededRow, SeededTask  # noqa: E402

from foundry_engine.refinery import job, job_file  # noqa: E402

OPERATORS = [
    *("normalise", "schema", "exact_duplicates", "conflicts", "near_duplicates", "twin_conflicts"),
    *("typo_twins", "families", "label_errors", "quality_score", "balance"),
]
NOISE, COPIES = 0.10, 0.30


def refined(rows: list[SeededRow], folder: Path) -> list[dict[str, Any]]:
    """The rows after refining."""
    lines = (json.dumps({"text": r.text, "label": r.label, "mould": r.mould}, ensure_ascii=False) + "\n" for r in rows)
    (folder / "rows.jsonl").write_text("".join(lines), "utf-8")
    settings = {"balance": {"strength": 1.0}}
    job_yaml = {"task": "seeded", "inputs": [{"path": "rows.jsonl"}], "output": "out", "divide": False}
    (folder / "refine.yaml").write_text(json.dumps({**job_yaml, "operators": OPERATORS, "settings": settings}), "utf-8")
    job.run(job_file.load(folder / "refine.yaml"))
    return [json.loads(line) for line in (folder / "out" / "examples.jsonl").read_text("utf-8").splitlines()]


def macro_f1(texts: list[str], labels: list[str], weights: list[float] | None, fresh: list[SeededRow]) -> float:
    """Of a plain pipeline fitted on the rows, on the fresh ones."""
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, min_df=2)
    model = LogisticRegression(C=10, max_iter=300).fit(vectorizer.fit_transform(texts), labels, sample_weight=weights)
    answers = model.predict(vectorizer.transform([row.text for row in fresh]))
    return float(f1_score([row.truth for row in fresh], answers, average="macro"))


def measure(seed: int, language: str, count: int) -> dict[str, float]:
    """One task: scores, and the shares of copies and of wrong labels before and after."""
    task = SeededTask(seed, language)
    rows, fresh = task.training(count, NOISE, COPIES), task.fresh(1_000)
    with tempfile.TemporaryDirectory() as folder:
        kept = refined(rows, Path(folder))
    origin = {f"rows.jsonl:{n}": row for n, row in enumerate(rows, start=1)}
    originals = [origin[row["place"]].original for row in kept]
    return {
        "raw": macro_f1([row.text for row in rows], [row.label for row in rows], None, fresh),
        "refined": macro_f1(
            [row["text"] for row in kept], [row["label"] for row in kept], [row["weight"] for row in kept], fresh
        ),
        "copies_raw": len(rows) - len({row.original for row in rows}),
        "copies_refined": len(originals) - len(set(originals)),
        "wrong_raw": sum(row.label != row.truth for row in rows) / len(rows),
        "wrong_refined": sum(row["label"] != origin[row["place"]].truth for row in kept) / len(kept),
    }


def main() -> None:
    """Measure and print a table, its means and the interval of the gain."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=5, help="seeds, each in Chinese and in English")
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: list[dict[str, Any]] = []
    for seed in range(options.tasks):
        for language in ("zh", "en"):
            found.append({"seed": seed, "language": language, **measure(seed, language, options.rows)})
            if not options.json:
                print("  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in found[-1].items()))
    gains = np.array([row["refined"] - row["raw"] for row in found])
    drawn = np.random.default_rng(0).choice(gains, (2_000, len(gains))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    copies = 1 - sum(row["copies_refined"] for row in found) / sum(row["copies_raw"] for row in found)
    summary = {"gain": gains.mean(), "low": low, "high": high, "worst": gains.min(), "copies_removed": copies}
    summary = {name: round(float(value), 4) for name, value in summary.items()}
    print(json.dumps({**summary, "tasks": found}) if options.json else summary)


if __name__ == "__main__":
    main()

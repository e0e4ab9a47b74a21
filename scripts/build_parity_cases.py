"""Rebuild the frozen cases and toy models in ``tests/parity``; ``tests/parity/README.md`` says what they are.

A test checks that the committed files are what this script makes: to the byte, but for logits and probabilities, whose
last bits depend on the processor numpy finds.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from foundry_engine import exporter  # noqa: E402
from foundry_engine.artifact import parity_cases  # noqa: E402
from foundry_engine.artifact.files import ArtifactFiles  # noqa: E402
from foundry_engine.artifact.graph_reader import IR_VERSION, NODES, OPSET  # noqa: E402
from foundry_engine.artifact.onnx_graph import output_columns  # noqa: E402
from foundry_engine.artifact.preprocessor import Certificate, Group, Preprocessor, Threshold, encode  # noqa: E402
from foundry_engine.constitution import Constitution  # noqa: E402
from foundry_engine.features.ngrams import BEGIN, END, WORD_MARK, NGramSettings, ngrams  # noqa: E402
from foundry_engine.features.normalizer import MAX_CODE_POINTS, normalize  # noqa: E402
from foundry_engine.features.patterns import Pattern, PatternMatcher, patterns_of  # noqa: E402
from foundry_engine.features.tfidf import TF_WEIGHTS  # noqa: E402
from foundry_engine.learning.fitted import FittedModel  # noqa: E402

FOLDER = ROOT / "tests" / "parity"

TEXTS = (
    *parity_cases.HARD_TEXTS, "What is it", "what, is", "whatever", "what's up?", "I think so", "think I", "hi",
    "你好吗", "你好", "好吗？", "我", "多少钱", "stop", "Please STOP!", "unstoppable", "stop stop", "不要停", "ok",
    "OK。", "ok ok 好吗", "wifi打开了吗", "打开 wi-fi 吗?", "3.5", "３．５", "half ½ ok", "ΑΣ ας ασ", "İ i̇ I ı",
    "a b c d e f", "aaaaaaaaaaaaaaaaaaaa", "吗吗吗吗", "\u2029ok\u2028", "o\u200dk", "ok\u0301", "\u0301ok", "“ok”",
    "'ok'", "...ok...", "ok\x85", "\x1cok",
)  # fmt: skip

SETTINGS = (
    NGramSettings(1, 4, 1, 3), NGramSettings(1, 1, 1, 0), NGramSettings(2, 3, 2, 2), NGramSettings(4, 4, 1, 1),
    NGramSettings(1, 16, 1, 0), NGramSettings(3, 5, 3, 5), NGramSettings(16, 16, 16, 16), NGramSettings(5, 5, 2, 3),
)  # fmt: skip

GROUPS = (
    {"start": ["what", "how do", "你好", "3.5"]},
    {"end": ["吗", "right", "ok", "?"]},
    {"word": ["i", "stop", "wi-fi", "我", "ok"]},
    {"anywhere": ["多少", "halt", "...", "o"]},
    {"start": ["ok"], "end": ["what"], "word": ["ok ok", "½"], "anywhere": ["不要停", "\u0301", "👍"]},
    {"start": ["."], "end": ["."], "word": ["'"], "anywhere": ["σ"]},
    {"word": ["aaaaaaaaaaaaaaaaaaaa", "好吗"], "start": ["unstoppable"], "end": ["f"]},
)

Law = Constitution


def graph_of(coef: Any, intercept: Any, name: str) -> bytes:
    """The graph, its bytes independent of the version of skl2onnx."""
    from onnx import TensorProto, helper, numpy_helper

    weights, bias = output_columns(coef, intercept)
    nodes = [
        helper.make_node(kind, inputs, outputs, name=f"step_{i}", **attributes)
        for i, (kind, inputs, outputs, attributes) in enumerate(cast(Any, NODES))
    ]
    inputs = [
        helper.make_tensor_value_info("indices", TensorProto.INT64, [None]),
        helper.make_tensor_value_info("values", TensorProto.DOUBLE, [1, None]),
    ]
    output = helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, [1, weights.shape[1]])
    numbers = [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")]
    graph = helper.make_graph(nodes, name, inputs, [output], numbers)
    model = helper.make_model(graph, ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)])
    return bytes(model.SerializeToString(deterministic=True))


def groups_of(groups: Sequence[Any], names: Sequence[str], labels: Sequence[int] | None = None) -> tuple[Group, ...]:
    """Named groups of literals by anchor."""
    patterns = patterns_of(groups)
    return tuple(
        Group(name, tuple(p for p in patterns if p.group == i), labels[i] if labels else 0)
        for i, name in enumerate(names)
    )


def toy() -> Preprocessor:
    """Three labels, idf, log weights, cues, reflexes and every kind of threshold."""
    terms = {
        WORD_MARK + "what", WORD_MARK + "what is", WORD_MARK + BEGIN + " i", WORD_MARK + "ok " + END, BEGIN + "w", " ",
        "?", "!", ".", "..", "a", "aa", "aaaa", "b", "e", "i", "o", "ok", "k" + END, "what", "t i", "s", "ß", "σ", "ς",
        "i\u0307", "\u0301", "½", "②", "ⓐ", "什么", "吗", "吗" + END, "好", BEGIN + "你", "你好", "𠀀", "👍", "🏽",
        "3.5",
    }  # fmt: skip
    ordered = sorted(terms, key=lambda term: term.encode())
    return Preprocessor(
        task="toy",
        blueprint="parity",
        labels=("Ask", "Tell", "Greet"),
        languages=("zh", "en"),
        ngrams=NGramSettings(1, 4, 1, 2),
        terms=ordered,
        idf=tuple(1.0 + (7 * i % 11) / 4 for i in range(len(ordered))),
        tf_weights=TF_WEIGHTS,
        cue_value=0.7,
        cues=groups_of(GROUPS[:3], ("asks", "ends", "words")),
        reflexes=groups_of(
            ({"start": ["你好", "hi"]}, {"word": ["stop"], "anywhere": ["不要停"]}), ("hello", "halt"), (2, 1)
        ),
        thresholds={
            0: Threshold(0.5, Certificate(300, 0, 0.01, 0.95)),
            2: Threshold(None, Certificate(12, 3, 0.05, 0.9)),
        },
    )


def patterns() -> Preprocessor:
    """Two labels, one term, a cue for every group."""
    return Preprocessor(
        task="patterns",
        blueprint="parity",
        labels=("No", "Yes"),
        languages=(),
        ngrams=NGramSettings(1, 1, 1, 0),
        terms=["a"],
        cue_value=1.0,
        cues=groups_of(GROUPS, [f"group_{i}" for i in range(len(GROUPS))]),
    )


def of_settings(settings: NGramSettings) -> Preprocessor:
    """Two labels, presence; every seventh n-gram of the texts is a term."""
    found = {gram for text in TEXTS for gram in ngrams(normalize(text), settings) if len(gram.encode()) <= 255}
    terms = sorted(found, key=lambda term: term.encode())[::7] or ["a"]
    name = f"ngrams_{settings.char_min}_{settings.char_max}_{settings.word_min}_{settings.word_max}"
    return Preprocessor(name, "parity", ("No", "Yes"), (), settings, terms, cue_value=1.0)


def model_files(p: Preprocessor, inputs: Sequence[dict[str, Any]]) -> dict[Path, bytes]:
    """A toy model and its parity cases, computed by scikit-learn."""
    rows = 1 if len(p.labels) == 2 else len(p.labels)
    places = np.arange(rows * p.feature_count).reshape(rows, p.feature_count)
    coef = ((places * 37 % 101) - 50) / 32  # exact in float32
    intercept = (np.arange(rows) - rows / 2) / 4
    graph = graph_of(coef, intercept, p.task)
    p = replace(p, classifier_sha256=hashlib.sha256(graph).digest())
    model = FittedModel(
        labels=p.labels,
        ngrams=p.ngrams,
        term_weight="log_tf" if p.tf_weights else "presence",
        cue_value=p.cue_value,
        terms=list(p.terms),
        idf=np.array(p.idf),
        coef=coef,
        intercept=intercept,
        cue_coef=np.zeros((1, len(p.cues))),
        cue_intercept=np.zeros(1),
    )
    law = SimpleNamespace(
        patterns=SimpleNamespace(cue_patterns=lambda: _flat(p.cues), reflex_patterns=lambda: _flat(p.reflexes))
    )
    files = ArtifactFiles(FOLDER / "toy", p.task)
    cases = exporter.expected_cases(model, cast(Law, law), p, inputs)
    return {files.preprocessor: encode(p), files.classifier: graph, files.parity: lines(cases)}


def _flat(groups: Sequence[Group]) -> list[Pattern]:
    return [pattern for group in groups for pattern in group.patterns]


def lines(rows: Sequence[dict[str, Any]]) -> bytes:
    """JSON Lines, LF alone, Unicode as it is."""
    return "".join([json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows]).encode()


def outputs() -> dict[Path, bytes]:
    """Every file with its content."""
    models = {settings: of_settings(settings) for settings in SETTINGS}
    matcher = PatternMatcher(patterns_of(GROUPS))
    cases = FOLDER / "cases"
    files = {
        cases / "normalize.jsonl": lines([{"text": text, "normalized": normalize(text)} for text in TEXTS]),
        cases / "ngrams.jsonl": lines(
            [
                {"model": p.task, "settings": asdict(s), "text": text, "ngrams": ngrams(normalize(text), s)}
                for s, p in models.items()
                for text in TEXTS[::3]
            ]
        ),
        cases / "patterns.jsonl": lines(
            [
                {"model": "patterns", "groups": GROUPS, "text": text, "found": matcher.groups_in(normalize(text))}
                for text in TEXTS
            ]
        ),
    }
    short: list[dict[str, Any]] = [{"text": text} for text in TEXTS]
    long: list[dict[str, Any]] = [
        {"repeat": text, "times": length // len(text)} for text, length in parity_cases.LONG_TEXTS
    ]
    assert max(case["times"] * len(case["repeat"]) for case in long) == MAX_CODE_POINTS
    for p, inputs in ((toy(), short + long), (patterns(), short), *((p, short[::2]) for p in models.values())):
        files |= model_files(p, inputs)
    return files


def main() -> int:
    """Write the files."""
    for path, data in outputs().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Do scikit-learn, ONNX Runtime and the plain scorer give the same answer? The first step that differs is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from foundry_engine.artifact import parity_cases
from foundry_engine.errors import ParityError
from foundry_engine.runtime import MicroModel

DOUBLE_TOLERANCE = 1e-12
"""Float64 sums of some hundred terms in another order, and another exp, differ by less."""
SINGLE_TOLERANCE = 2e-6
"""skl2onnx's stock conversion computes in float32 over a dense row."""


def replay(models: Mapping[str, MicroModel], cases: Sequence[Mapping[str, Any]]) -> int:
    """Hold every runtime to the parity cases; gives how many comparisons of cases were made.

    Raises ``ParityError`` naming the runtime, the case and the first step that differs.
    """
    for number, case in enumerate(cases, start=1):
        text = parity_cases.text_of(dict(case))
        for name, model in models.items():
            steps = model.steps(text)
            _equal(name, number, text, "normalized", case["normalized"], parity_cases.shortened(steps.normalized))
            _equal(name, number, text, "ngrams", case["ngrams"], parity_cases.listed(steps.ngrams))
            _equal(name, number, text, "indices", case["indices"], parity_cases.listed(steps.indices))
            bits = parity_cases.listed([parity_cases.bits(value) for value in steps.values])
            _equal(name, number, text, "values", case["values"], bits)
            _near(name, number, text, "logits", [parity_cases.from_bits(b) for b in case["logits"]], steps.logits)
            expected = [parity_cases.from_bits(b) for b in case["probabilities"]]
            _near(name, number, text, "probabilities", expected, list(model.score(steps.indices, steps.values)))
            _equal(name, number, text, "reflex", case["reflex"], steps.reflex)
            answer = model.predict(text)
            _equal(name, number, text, "label", case["label"], answer.label)
            _equal(name, number, text, "outcome", case["outcome"], answer.outcome)
    return len(cases) * len(models)


def compare(pipeline: Pipeline, models: Mapping[str, MicroModel], texts: Sequence[str]) -> int:
    """Hold every runtime to scikit-learn's pipeline on any texts: features bit for bit, probabilities, label."""
    matrix = pipeline.named_steps["features"].transform(list(texts)).tocsr()
    matrix.sort_indices()
    probabilities = pipeline.named_steps["classifier"].predict_proba(matrix)
    for number, text in enumerate(texts):
        start, stop = matrix.indptr[number], matrix.indptr[number + 1]
        expected_indices, expected_values = matrix.indices[start:stop].tolist(), matrix.data[start:stop].tolist()
        for name, model in models.items():
            steps = model.steps(text)
            _equal(name, number, text, "indices", expected_indices, steps.indices)
            _equal(name, number, text, "values", expected_values, steps.values)
            scored = list(model.score(steps.indices, steps.values))
            _near(name, number, text, "probabilities", probabilities[number].tolist(), scored)
            if steps.reflex is None:
                best = model.labels[int(np.argmax(probabilities[number]))]
                _equal(name, number, text, "label", best, model.predict(text).label)
    return len(texts) * len(models)


def compare_dense(pipeline: Pipeline, models: Mapping[str, MicroModel], texts: Sequence[str]) -> int:
    """Hold the runtimes to skl2onnx's stock conversion of the classifier: dense rows, float32."""
    import onnxruntime
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    classifier = pipeline.named_steps["classifier"]
    inputs = [("X", FloatTensorType([None, classifier.n_features_in_]))]
    stock = convert_sklearn(
        classifier, initial_types=inputs, target_opset=18, options={id(classifier): {"zipmap": False}}
    )
    session = onnxruntime.InferenceSession(stock.SerializeToString(), providers=["CPUExecutionProvider"])
    dense = pipeline.named_steps["features"].transform(list(texts)).toarray().astype(np.float32)
    probabilities = session.run(["probabilities"], {"X": dense})[0]
    for number, text in enumerate(texts):
        for name, model in models.items():
            steps = model.steps(text)
            scored = list(model.score(steps.indices, steps.values))
            _near(name, number, text, "stock dense graph", probabilities[number].tolist(), scored, SINGLE_TOLERANCE)
    return len(texts) * len(models)


def _equal(runtime: str, number: int, text: str, step: str, expected: object, got: object) -> None:
    if expected != got:
        raise _error(runtime, number, text, step, expected, got, 0.0)


def _near(
    runtime: str,
    number: int,
    text: str,
    step: str,
    expected: Sequence[float],
    got: Sequence[float],
    tolerance: float = DOUBLE_TOLERANCE,
) -> None:
    if len(expected) != len(got) or any(not abs(a - b) <= tolerance for a, b in zip(expected, got, strict=True)):
        raise _error(runtime, number, text, step, list(expected), list(got), tolerance)


def _error(
    runtime: str, number: int, text: str, step: str, expected: object, got: object, tolerance: float
) -> ParityError:
    shown = text if len(text) <= 60 else f"{text[:60]}… ({len(text):,} code points)"
    return ParityError(
        f"runtime '{runtime}' differs on case {number} {shown!r}: first differing step is {step}: "
        f"expected {str(expected)[:200]}, got {str(got)[:200]} (tolerance {tolerance:g}). "
        "This is a fault of the foundry: nothing is shipped.",
        case=number,
        step=step,
        expected=expected,
        got=got,
        tolerance=tolerance,
    )

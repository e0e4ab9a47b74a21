"""Scoring through ONNX Runtime, when asked for: one thread, one session."""

from __future__ import annotations

from collections.abc import Sequence

from foundry_engine.errors import MissingDependency


class OnnxSession:
    """Probabilities from the features that occur, by ONNX Runtime."""

    def __init__(self, classifier: bytes) -> None:
        try:
            import numpy as np
            import onnxruntime
        except ImportError as error:
            raise MissingDependency(
                "ONNX Runtime is not installed: pip install onnxruntime, or use the plain engine."
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._numpy = np
        self._session = onnxruntime.InferenceSession(classifier, options, providers=["CPUExecutionProvider"])

    def probabilities(self, indices: Sequence[int], values: Sequence[float]) -> list[float]:
        """One probability a label."""
        np = self._numpy
        feed = {
            "indices": np.array(indices, dtype=np.int64),
            "values": np.array([values], dtype=np.float64).reshape(1, -1),
        }
        result: list[float] = self._session.run(["probabilities"], feed)[0][0].tolist()
        return result

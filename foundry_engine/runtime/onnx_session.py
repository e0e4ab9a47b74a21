"""Scoring through ONNX Runtime, when asked for: one thread, one session."""

from __future__ import annotations

from collections.abc import Sequence

from foundry_engine.errors import MalformedArtifact, MissingDependency

SHAPES = [("indices", "tensor(int64)", [None]), ("values", "tensor(double)", [1, None])]
"""Name, element type and dimensions of the graph's inputs."""


class OnnxSession:
    """Probabilities from the features that occur, by ONNX Runtime."""

    def __init__(self, classifier: bytes) -> None:
        try:
            import numpy as np
            import onnxruntime
        except ModuleNotFoundError as error:  # an import that Ctrl-C breaks off is an ImportError of another class
            raise MissingDependency(
                "ONNX Runtime is not installed: pip install onnxruntime, or use the plain engine."
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._numpy = np
        try:
            self._session = onnxruntime.InferenceSession(classifier, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its classes share no base but this
            raise MalformedArtifact(f"ONNX Runtime {onnxruntime.__version__} refuses the graph: {error}") from error
        found = [(entry.name, entry.type, entry.shape) for entry in self._session.get_inputs()]
        if found != SHAPES:
            raise MalformedArtifact(f"another graph: expected the inputs {SHAPES}, got {found[:4]}")

    def probabilities(self, indices: Sequence[int], values: Sequence[float]) -> list[float]:
        """One probability a label."""
        np = self._numpy
        feed = {
            "indices": np.array(indices, dtype=np.int64),
            "values": np.array([values], dtype=np.float64).reshape(1, -1),
        }
        result: list[float] = self._session.run(["probabilities"], feed)[0][0].tolist()
        return result

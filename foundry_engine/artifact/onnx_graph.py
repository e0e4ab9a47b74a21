"""A fitted linear classifier as an ONNX graph, through skl2onnx's door for custom converters.

skl2onnx's own converter takes a dense row and computes in float32; ours takes the indices and values of the features
that occur and computes in double over float32 weights, so that all runtimes agree to 1e-12.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin

from foundry_engine.artifact.graph_reader import IR_VERSION, NODES, OPSET

ALIAS = "FoundrySparseLinearClassifier"


class SparseLinearClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Probabilities from the features that occur: softmax of ``values @ weights[indices] + bias``.

    ``weights`` is ``[features, labels]`` float32, ``bias`` ``[labels]`` float64.
    """

    def __init__(self, weights: npt.NDArray[np.float32] | None = None, bias: npt.NDArray[np.float64] | None = None):
        self.weights = weights
        self.bias = bias


def output_columns(
    coef: npt.NDArray[np.float64], intercept: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """scikit-learn's ``coef_`` and ``intercept_`` as one column a label.

    Two labels have one row of coefficients z in scikit-learn; the columns are -z/2 and z/2, whose softmax is
    scikit-learn's sigmoid of z. Halves of float32 numbers are exact.
    """
    if coef.shape[0] == 1:
        coef, intercept = np.vstack([-coef / 2, coef / 2]), np.concatenate([-intercept / 2, intercept / 2])
    return np.ascontiguousarray(coef.T, dtype=np.float32), intercept.astype(np.float64)


def to_onnx(coef: npt.NDArray[np.float64], intercept: npt.NDArray[np.float64], name: str) -> bytes:
    """The graph's bytes: no time, no host, the same for the same numbers."""
    from onnx import numpy_helper
    from skl2onnx import convert_sklearn, update_registered_converter
    from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType

    update_registered_converter(
        SparseLinearClassifier, ALIAS, _shape, _convert, parser=_parse, overwrite=True, options=None
    )
    weights, bias = output_columns(coef, intercept)
    inputs = [("indices", Int64TensorType([None])), ("values", DoubleTensorType([1, None]))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        model = convert_sklearn(
            SparseLinearClassifier(weights, bias), name=name, initial_types=inputs, target_opset=OPSET
        )
    model.ir_version = IR_VERSION
    model.graph.ClearField("initializer")
    model.graph.initializer.extend([numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")])
    return bytes(model.SerializeToString(deterministic=True))


def _parse(scope: Any, model: Any, inputs: list[Any], custom_parsers: Any = None) -> list[Any]:
    from skl2onnx.common.data_types import DoubleTensorType

    operator = scope.declare_local_operator(ALIAS, model)
    operator.inputs.extend(inputs)
    operator.outputs.append(scope.declare_local_variable("probabilities", DoubleTensorType()))
    return list(operator.outputs)


def _shape(operator: Any) -> None:
    from skl2onnx.common.data_types import DoubleTensorType

    operator.outputs[0].type = DoubleTensorType([1, operator.raw_operator.weights.shape[1]])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    from onnx import TensorProto

    estimator = operator.raw_operator
    container.add_initializer("weights", TensorProto.FLOAT, estimator.weights.shape, estimator.weights)
    container.add_initializer("bias", TensorProto.DOUBLE, estimator.bias.shape, estimator.bias)
    for number, (kind, inputs, outputs, attributes) in enumerate(NODES):
        container.add_node(kind, inputs, outputs, op_version=OPSET, name=f"step_{number}_{kind.lower()}", **attributes)

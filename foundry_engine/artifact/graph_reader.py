"""The weights inside a ``.onnx``, read without the onnx package, and proof that the graph is ours.

The graph is exactly Gather → Cast to double → Gemm → Softmax over the inputs ``indices`` and ``values``; anything else
is refused, so a plain scorer and ONNX Runtime cannot mean different things.
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from foundry_engine.artifact import messages
from foundry_engine.errors import MalformedArtifact, VersionMismatch

FLOAT, DOUBLE = 1, 11
"""ONNX element types."""
IR_VERSION, OPSET = 8, 13
NODES: tuple[tuple[str, list[str], list[str], dict[str, int]], ...] = (
    ("Gather", ["weights", "indices"], ["rows"], {"axis": 0}),
    ("Cast", ["rows"], ["rows_double"], {"to": DOUBLE}),
    ("Gemm", ["values", "rows_double", "bias"], ["logits"], {}),
    ("Softmax", ["logits"], ["probabilities"], {"axis": 1}),
)
"""Operator, inputs, outputs and attributes of every node, in order."""
UNREAD = {"ModelProto": {4, 5, 6}, "AttributeProto": {20}, "ValueInfoProto": {2}}
"""Fields our files have besides those of ``onnx_subset.proto``: names and element types. Any other, such as tensors
kept in other files, local functions or sparse weights, could make ONNX Runtime compute something else."""


@dataclass(frozen=True, slots=True)
class Weights:
    """``rows`` is ``[features, labels]`` row by row, float32 values; ``bias`` has one float64 a label."""

    rows: array[float]
    bias: tuple[float, ...]

    @property
    def labels(self) -> int:
        """Number of output columns."""
        return len(self.bias)

    @property
    def features(self) -> int:
        """Number of rows."""
        return len(self.rows) // len(self.bias)


def read_weights(data: bytes) -> Weights:
    """Weights and bias of a classifier's bytes.

    Raises ``VersionMismatch`` for another IR or operator set, ``MalformedArtifact`` for any other graph or bytes.
    """
    try:
        model = messages.ModelProto.FromString(data)
    except (DecodeError, UnicodeDecodeError) as error:  # the second from protobuf's pure Python
        raise MalformedArtifact("not an ONNX model") from error
    if not model.HasField("graph"):
        raise MalformedArtifact("not an ONNX model: no graph")
    opsets = [(entry.domain, entry.version) for entry in model.opset_import]
    if model.ir_version != IR_VERSION or opsets != [("", OPSET)]:
        raise VersionMismatch(
            f"ONNX IR {model.ir_version} with operator sets {opsets[:4]}, "
            f"expected IR {IR_VERSION} with [('', {OPSET})]. Forge the model again with this version."
        )
    _check_fields(model)
    graph = model.graph
    _check_nodes(graph)
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    if len(graph.initializer) != 2 or tensors.keys() != {"weights", "bias"}:
        raise MalformedArtifact(f"expected the initializers weights and bias, got {sorted(tensors)[:8]}")
    bias = _numbers(tensors["bias"], DOUBLE, "d")
    weights = _numbers(tensors["weights"], FLOAT, "f")
    labels = len(bias)
    if list(tensors["bias"].dims) != [labels] or labels < 2:
        raise MalformedArtifact(f"bias has shape {list(tensors['bias'].dims)[:4]}")
    if list(tensors["weights"].dims) != [len(weights) // labels, labels] or len(weights) % labels:
        raise MalformedArtifact(f"weights have shape {list(tensors['weights'].dims)[:4]} for {labels} labels")
    return Weights(weights, tuple(bias))


def _check_fields(message: Any) -> None:
    name = message.DESCRIPTOR.name
    unknown = UnknownFieldSet(message)
    foreign = {unknown[i].field_number for i in range(len(unknown))} - UNREAD.get(name, set())
    if foreign:
        raise MalformedArtifact(f"another graph: {name} has the foreign fields {sorted(foreign)[:8]}")
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            for part in value if descriptor.is_repeated else [value]:
                _check_fields(part)


def _check_nodes(graph: Any) -> None:
    found = [
        (node.op_type, list(node.input), list(node.output), [(a.name, a.i, a.f) for a in node.attribute])
        for node in graph.node
    ]
    expected = [
        (op, inputs, outputs, [(name, i, 0.0) for name, i in attributes.items()])
        for op, inputs, outputs, attributes in NODES
    ]
    if found != expected:
        shape = " → ".join(str(node[0])[:20] for node in found[:8]) or "empty"
        raise MalformedArtifact(f"another graph: expected Gather → Cast → Gemm → Softmax as written here, got {shape}")
    if any(node.domain for node in graph.node):
        raise MalformedArtifact("another graph: an operator of a foreign domain")
    if [i.name for i in graph.input] != ["indices", "values"] or [o.name for o in graph.output] != ["probabilities"]:
        raise MalformedArtifact("another graph: expected inputs indices, values and output probabilities")


def _numbers(tensor: Any, kind: int, code: str) -> array[float]:
    size = struct.calcsize(code)
    if tensor.data_type != kind or len(tensor.raw_data) % size:
        raise MalformedArtifact(f"{tensor.name} has element type {tensor.data_type} and {len(tensor.raw_data)} bytes")
    numbers = array(code, tensor.raw_data)
    if sys.byteorder == "big":
        numbers.byteswap()
    if not all(map(math.isfinite, numbers)):
        raise MalformedArtifact(f"{tensor.name} has a number that is not finite")
    return numbers

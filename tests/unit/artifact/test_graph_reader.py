"""Reading weights out of a graph: ours to the bit, and refusal of every graph that could mean something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

from foundry_engine.artifact.graph_reader import IR_VERSION, OPSET, read_weights
from foundry_engine.artifact.onnx_graph import output_columns, to_onnx
from foundry_engine.errors import ArtifactError, MalformedArtifact, VersionMismatch
from foundry_engine.learning.fitted import logistic
from foundry_engine.runtime.onnx_session import OnnxSession
from foundry_engine.runtime.scorer import Scorer
from tests.small_artifacts import coefficients


@pytest.fixture(scope="module")
def graph() -> bytes:
    return to_onnx(*coefficients(6, 3), "mood")


@pytest.mark.parametrize(("features", "rows"), [(1, 1), (7, 1), (5, 3), (40, 11)])
def test_weights_come_back_bit_for_bit(features: int, rows: int) -> None:
    coef, intercept = coefficients(features, rows, seed=features)
    read = read_weights(to_onnx(coef, intercept, "t"))
    weights, bias = output_columns(coef, intercept)
    assert (read.features, read.labels) == weights.shape
    assert read.rows.tolist() == weights.ravel().tolist()
    assert list(read.bias) == bias.tolist()


@pytest.mark.parametrize("rows", [1, 3])
def test_columns_give_scikit_learns_probabilities(rows: int) -> None:
    coef, intercept = coefficients(9, rows)
    weights, bias = output_columns(coef, intercept)
    x = np.random.default_rng(1).normal(size=(50, 9))
    logits = x @ weights.astype(np.float64) + bias
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = logistic(coef, intercept, max(2, rows)).predict_proba(x)
    assert np.abs(shares / shares.sum(axis=1, keepdims=True) - expected).max() <= 1e-12


def test_equal_numbers_give_equal_bytes_that_load_anywhere(graph: bytes) -> None:
    assert to_onnx(*coefficients(6, 3), "mood") == graph
    model = onnx.load_from_string(graph)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, [(o.domain, o.version) for o in model.opset_import]) == (IR_VERSION, [("", OPSET)])
    assert [node.op_type for node in model.graph.node] == ["Gather", "Cast", "Gemm", "Softmax"]
    assert {t.name: t.data_type for t in model.graph.initializer} == {
        "weights": TensorProto.FLOAT,
        "bias": TensorProto.DOUBLE,
    }


def opset(model: ModelProto) -> None:
    model.opset_import[0].version = OPSET + 1


def ir(model: ModelProto) -> None:
    model.ir_version = IR_VERSION + 1


def second_opset(model: ModelProto) -> None:
    model.opset_import.extend([helper.make_opsetid("ai.onnx.ml", 3)])


def no_graph(model: ModelProto) -> None:
    model.ClearField("graph")


def no_nodes(model: ModelProto) -> None:
    del model.graph.node[:]


def one_node_more(model: ModelProto) -> None:
    model.graph.node.extend([helper.make_node("Identity", ["probabilities"], ["same"])])


def other_operator(model: ModelProto) -> None:
    model.graph.node[3].op_type = "LogSoftmax"


def foreign_domain(model: ModelProto) -> None:
    model.graph.node[3].domain = "com.example"


def other_axis(model: ModelProto) -> None:
    model.graph.node[3].attribute[0].i = 0


def axis_twice(model: ModelProto) -> None:
    model.graph.node[0].attribute.insert(0, helper.make_attribute("axis", 1))


def attribute_of_another_kind(model: ModelProto) -> None:
    model.graph.node[3].attribute[0].CopyFrom(AttributeProto(name="axis", type=AttributeProto.FLOAT, f=1.0, i=1))


def scaled_gemm(model: ModelProto) -> None:
    model.graph.node[2].attribute.extend([helper.make_attribute("alpha", 2.0)])


def swapped_inputs(model: ModelProto) -> None:
    model.graph.node[2].input[0], model.graph.node[2].input[1] = "rows_double", "values"


def other_input(model: ModelProto) -> None:
    model.graph.input[0].name = "ids"


def second_output(model: ModelProto) -> None:
    model.graph.output.extend([helper.make_tensor_value_info("logits", TensorProto.DOUBLE, [1, 3])])


def third_tensor(model: ModelProto) -> None:
    model.graph.initializer.extend([numpy_helper.from_array(np.zeros(3), "more")])


def tensor_twice(model: ModelProto) -> None:
    model.graph.initializer.extend([model.graph.initializer[0]])


def double_weights(model: ModelProto) -> None:
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.zeros((6, 3)), "weights"))


def other_shape(model: ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [3, 6]


def flat_shape(model: ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [18]


def one_number_less(model: ModelProto) -> None:
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-4]


def half_a_number(model: ModelProto) -> None:
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-1]


def one_label(model: ModelProto) -> None:
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.zeros((6, 1), np.float32), "weights"))
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.zeros(1), "bias"))


def not_a_number(model: ModelProto) -> None:
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.array([0, np.nan, 0]), "bias"))


def infinite(model: ModelProto) -> None:
    weights = numpy_helper.to_array(model.graph.initializer[0]).copy()
    weights[2, 1] = np.inf
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "weights"))


def tensor_in_another_file(model: ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.data")


def sparse_weights(model: ModelProto) -> None:
    model.graph.sparse_initializer.add(dims=[6, 3])


def local_function(model: ModelProto) -> None:
    function = helper.make_function("", "Softmax", ["x"], ["y"], [helper.make_node("Exp", ["x"], ["y"])], [])
    model.functions.extend([function])


def subgraph(model: ModelProto) -> None:
    model.graph.node[3].attribute[0].g.CopyFrom(helper.make_graph([], "inner", [], []))


FOREIGN: list[Callable[[ModelProto], None]] = [
    no_graph, no_nodes, one_node_more, other_operator, foreign_domain, other_axis, axis_twice,
    attribute_of_another_kind, scaled_gemm, swapped_inputs, other_input, second_output, third_tensor, tensor_twice,
    double_weights, other_shape, flat_shape, one_number_less, half_a_number, one_label, not_a_number, infinite,
    tensor_in_another_file, sparse_weights, local_function, subgraph,
]  # fmt: skip


@pytest.mark.parametrize("change", FOREIGN, ids=lambda change: change.__name__)
def test_another_graph_is_refused(graph: bytes, change: Callable[[ModelProto], None]) -> None:
    model = onnx.load_from_string(graph)
    change(model)
    with pytest.raises(MalformedArtifact):
        read_weights(model.SerializeToString())


@pytest.mark.parametrize("change", [opset, ir, second_opset], ids=lambda change: change.__name__)
def test_another_version_says_what_was_expected(graph: bytes, change: Callable[[ModelProto], None]) -> None:
    model = onnx.load_from_string(graph)
    change(model)
    with pytest.raises(VersionMismatch, match=f"expected IR {IR_VERSION}"):
        read_weights(model.SerializeToString())


@pytest.mark.parametrize("data", [b"", b"\x00", b"<html>", b"PK\x03\x04", "人工智能".encode(), bytes(1_000)])
def test_bytes_that_are_no_graph(data: bytes) -> None:
    with pytest.raises(ArtifactError):
        read_weights(data)


def test_a_foreign_graph_of_skl2onnx_is_refused() -> None:
    from skl2onnx import to_onnx as stock

    x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    model = stock(LogisticRegression().fit(x, x[:, 0] > 0), x, target_opset=18)
    with pytest.raises(ArtifactError):
        read_weights(model.SerializeToString())


@pytest.mark.parametrize(
    ("place", "kind", "shape"),
    [(0, TensorProto.INT32, [None]), (0, TensorProto.INT64, [5]), (1, TensorProto.FLOAT, [1, None])],
)
def test_inputs_of_another_type_are_refused_when_onnx_runtime_is_asked_for(
    graph: bytes, place: int, kind: int, shape: list
) -> None:
    model = onnx.load_from_string(graph)
    model.graph.input[place].CopyFrom(helper.make_tensor_value_info(model.graph.input[place].name, kind, shape))
    with pytest.raises(MalformedArtifact):
        OnnxSession(model.SerializeToString())


def test_the_plain_scorer_and_onnx_runtime_mean_the_same(graph: bytes, tmp_path: Path) -> None:
    plain, session = Scorer(read_weights(graph)), OnnxSession(graph)
    random = np.random.default_rng(4)
    for size in range(7):
        indices = np.sort(random.permutation(6)[:size]).tolist()
        values = random.normal(size=size).tolist()
        assert session.probabilities(indices, values) == pytest.approx(plain.probabilities(indices, values), abs=1e-12)

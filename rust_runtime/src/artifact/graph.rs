//! The weights inside a `.onnx`, and proof that the graph is ours.
//!
//! The graph is exactly Gather → Cast to double → Gemm → Softmax over the inputs `indices` and `values`; anything else
//! is refused, so a plain scorer and ONNX Runtime cannot mean different things.

use super::onnx_messages::{Graph, Model, Node, Tensor};
use super::wire;
use crate::error::{Error, Result};

const FLOAT: i32 = 1;
const DOUBLE: i32 = 11;
const IR_VERSION: i64 = 8;
const OPSET: i64 = 13;

struct Expected {
    op_type: &'static str,
    inputs: &'static [&'static str],
    output: &'static str,
    attribute: Option<(&'static str, i64)>,
}

/// Operator, inputs, output and attribute of every node, in order.
const NODES: [Expected; 4] = [
    Expected { op_type: "Gather", inputs: &["weights", "indices"], output: "rows", attribute: Some(("axis", 0)) },
    Expected { op_type: "Cast", inputs: &["rows"], output: "rows_double", attribute: Some(("to", DOUBLE as i64)) },
    Expected { op_type: "Gemm", inputs: &["values", "rows_double", "bias"], output: "logits", attribute: None },
    Expected { op_type: "Softmax", inputs: &["logits"], output: "probabilities", attribute: Some(("axis", 1)) },
];

/// `rows` is `[features, labels]` row by row; `bias` has one number a label.
#[derive(Debug)]
pub(crate) struct Weights {
    pub rows: Vec<f32>,
    pub bias: Vec<f64>,
}

impl Weights {
    pub(crate) fn labels(&self) -> usize {
        self.bias.len()
    }

    pub(crate) fn features(&self) -> usize {
        self.rows.len() / self.bias.len()
    }
}

/// Weights and bias of a classifier's bytes.
pub(crate) fn read_weights(data: &[u8]) -> Result<Weights> {
    let model: Model = wire::decode(data).map_err(|_| Error::malformed("not an ONNX model"))?;
    let graph = model.graph.as_ref().ok_or_else(|| Error::malformed("not an ONNX model: no graph"))?;
    check_versions(&model)?;
    if let Some((message, number)) = foreign_field(&model, graph) {
        return Err(Error::malformed(format!("another graph: {} has the foreign field {}", message, number)));
    }
    check_nodes(graph)?;
    let tensor = |name| graph.initializer.iter().find(|tensor| tensor.name == name);
    let (weights, bias) = match (graph.initializer.count, tensor("weights"), tensor("bias")) {
        (2, Some(weights), Some(bias)) => (weights, bias),
        _ => {
            let names: Vec<String> = graph.initializer.iter().map(|tensor| cut(tensor.name)).collect();
            return Err(Error::malformed(format!("expected the initializers weights and bias, got {:?}", names)));
        }
    };
    let (bias_dims, weights_dims) = (&bias.dims, &weights.dims);
    let bias: Vec<f64> = numbers(bias, DOUBLE, f64::from_le_bytes)?;
    let rows: Vec<f32> = numbers(weights, FLOAT, f32::from_le_bytes)?;
    let labels = bias.len();
    if *bias_dims != [labels as i64] || labels < 2 {
        return Err(Error::malformed(format!("bias has shape {:?}", first(bias_dims))));
    }
    if *weights_dims != [(rows.len() / labels) as i64, labels as i64] || rows.len() % labels != 0 {
        let shape = first(weights_dims);
        return Err(Error::malformed(format!("weights have shape {:?} for {} labels", shape, labels)));
    }
    // without a way out of the loop it is done many numbers at a time
    let finite = rows.iter().fold(true, |all, number| all & number.is_finite());
    if !finite || !bias.iter().all(|number| number.is_finite()) {
        return Err(Error::malformed("weights or bias have a number that is not finite"));
    }
    Ok(Weights { rows, bias })
}

fn check_versions(model: &Model) -> Result<()> {
    let opsets = &model.opset_import;
    let ours = opsets.count == 1 && opsets.iter().all(|opset| opset.domain.is_empty() && opset.version == OPSET);
    if model.ir_version == IR_VERSION && ours {
        return Ok(());
    }
    let found: Vec<_> = opsets.iter().take(4).map(|opset| (cut(opset.domain), opset.version)).collect();
    Err(Error::VersionMismatch {
        message: format!(
            "ONNX IR {} with operator sets {:?}, expected IR {} with [(\"\", {})]. Forge the model again with this version.",
            model.ir_version, found, IR_VERSION, OPSET
        ),
    })
}

/// A field that could make ONNX Runtime compute something else, with its message's name.
fn foreign_field(model: &Model, graph: &Graph) -> Option<(&'static str, u32)> {
    let named = |name| move |number| (name, number);
    let opset = || model.opset_import.iter().find_map(|opset| opset.foreign).map(named("OperatorSetIdProto"));
    let node = || graph.node.iter().find_map(|node| node.foreign).map(named("NodeProto"));
    let attribute = || {
        let mut attributes = graph.node.iter().flat_map(|node| node.attribute.iter());
        attributes.find_map(|attribute| attribute.foreign).map(named("AttributeProto"))
    };
    let tensor = || graph.initializer.iter().find_map(|tensor| tensor.foreign).map(named("TensorProto"));
    let value = || {
        let mut values = graph.input.iter().chain(graph.output.iter());
        values.find_map(|value| value.foreign).map(named("ValueInfoProto"))
    };
    model
        .foreign
        .map(named("ModelProto"))
        .or_else(opset)
        .or_else(|| graph.foreign.map(named("GraphProto")))
        .or_else(node)
        .or_else(attribute)
        .or_else(tensor)
        .or_else(value)
}

fn check_nodes(graph: &Graph) -> Result<()> {
    if graph.node.count != NODES.len() || !graph.node.iter().zip(&NODES).all(|(node, expected)| is(node, expected)) {
        let found: Vec<String> = graph.node.iter().map(|node| cut(node.op_type)).collect();
        let shape = if found.is_empty() { "empty".to_owned() } else { found.join(" → ") };
        return Err(Error::malformed(format!(
            "another graph: expected Gather → Cast → Gemm → Softmax as written here, got {}",
            shape
        )));
    }
    if graph.node.iter().any(|node| !node.domain.is_empty()) {
        return Err(Error::malformed("another graph: an operator of a foreign domain"));
    }
    let inputs: Vec<&str> = graph.input.iter().map(|input| input.name).collect();
    let outputs: Vec<&str> = graph.output.iter().map(|output| output.name).collect();
    if graph.input.count != 2
        || inputs != ["indices", "values"]
        || graph.output.count != 1
        || outputs != ["probabilities"]
    {
        return Err(Error::malformed("another graph: expected inputs indices, values and output probabilities"));
    }
    Ok(())
}

fn is(node: &Node, expected: &Expected) -> bool {
    let attributes = match (node.attribute.count, expected.attribute) {
        (0, None) => true,
        (1, Some((name, value))) => {
            node.attribute.iter().all(|attribute| attribute.name == name && attribute.i == value && attribute.f == 0.0)
        }
        _ => false,
    };
    attributes && node.op_type == expected.op_type && node.input == expected.inputs && node.output == [expected.output]
}

fn numbers<T, const N: usize>(tensor: &Tensor, kind: i32, from_bytes: fn([u8; N]) -> T) -> Result<Vec<T>> {
    if tensor.data_type != kind || tensor.raw_data.len() % N != 0 {
        return Err(Error::malformed(format!(
            "{} has element type {} and {} bytes",
            tensor.name,
            tensor.data_type,
            tensor.raw_data.len()
        )));
    }
    let bytes = tensor.raw_data.chunks_exact(N);
    Ok(bytes.map(|bytes| from_bytes(bytes.try_into().unwrap_or([0; N]))).collect())
}

/// A name from a file, not longer than a message should have it.
fn cut(name: &str) -> String {
    name.chars().take(20).collect()
}

fn first(dims: &[i64]) -> &[i64] {
    &dims[..dims.len().min(4)]
}

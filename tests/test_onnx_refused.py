"""ONNX files that cannot become models are refused, each with the reason."""

import os
import random
import re

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import lamina  # noqa: E402
import onnx_models  # noqa: E402
from onnx_models import Maker  # noqa: E402

MUTATIONS = 2000 if "FILES_FULL" in os.environ else 120


def one_node(op, inputs=("x",), shape=("n", 4), kind="float32", opset=17, constants=(), **settings):
    m = Maker()
    for name, array in constants:
        m.constant(name, array)
    return m.model({"x": (kind, list(shape))}, [m(op, *inputs, **settings)], opset)


def altered(change):
    """Return a model that a function has changed."""
    model = onnx_models.mlp()
    change(model.graph)
    return model


def second_output(graph):
    graph.node[1].output[0] = graph.node[0].output[0]


def circle(graph):
    nodes = [*graph.node][::-1]
    del graph.node[:]
    graph.node.extend(nodes)


def strings(graph):
    graph.input[0].type.tensor_type.elem_type = TensorProto.STRING


def short(graph):
    graph.initializer[0].raw_data = graph.initializer[0].raw_data[:-4]


def giant(graph):
    graph.initializer[0].dims[:] = [2**40, 2**40]


def negative(graph):
    graph.initializer[0].dims[:] = [-6, -4]


def no_shape(graph):
    graph.input[0].type.tensor_type.ClearField("shape")


def no_outputs(graph):
    del graph.output[:]


def no_inputs(graph):
    graph.initializer.append(numpy_helper.from_array(np.ones((2, 4), np.float32), "x"))


REFUSED = {
    "an operator": (
        lambda: one_node("NonMaxSuppression", ["x", "x"]),
        r"lamina has no counterpart of NonMaxSuppression 'NonMaxSuppression_0' \(opset 17\)",
    ),
    "a shape from the input": (
        lambda: one_node("Reshape", ["x", "x"], kind="int64"),
        "input 'x' must be a constant of the file",
    ),
    "a shape that is calculated": (
        lambda: one_node("Expand", ["x", "x"], kind="int64"), "must be a constant",
    ),
    "a shape that values decide": (lambda: one_node("NonZero"), "depends on the values"),
    "floats of 8 bits": (
        lambda: one_node("Cast", to=17, opset=19),
        "type float8e4m3fn is not supported",
    ),
    "a giant constant": (
        lambda: one_node("Expand", ["x", "s"], constants=[("s", np.array([2**20, 2**20, 4]))]),
        "a constant may have at most .* elements",
    ),
    "a giant kernel": (
        lambda: one_node("AveragePool", shape=("n", 1, 4), kernel_shape=[9]), "is larger than",
    ),
    "an axis": (lambda: one_node("Softmax", axis=7), r"Softmax 'Softmax_0' \(opset 17\): axis"),
    "an attribute": (
        lambda: one_node("LeakyRelu", alpha="much"),
        "Mismatched attribute type in",
    ),
    "a circle": (lambda: altered(circle), "no earlier node computes its input"),
    "two makers": (lambda: altered(second_output), "is also computed by an earlier node"),
    "no outputs": (lambda: altered(no_outputs), "has no outputs"),
    "no inputs": (lambda: altered(no_inputs), "has no inputs"),
    "strings": (lambda: altered(strings), "input 'x' holds string"),
    "no shape": (lambda: altered(no_shape), "input 'x' has no shape in the file"),
    "too few bytes": (lambda: altered(short), r"'w1' of shape \(6, 4\) needs 96 bytes; .* 92"),
    "too large a shape": (lambda: altered(giant), r"'w1' of shape .* needs \d+ bytes; .* 96"),
    "a negative size": (lambda: altered(negative), "sizes must not be negative"),
    "peepholes": (
        lambda: one_node(
            "LSTM", ["x", "w", "r", "", "", "", "", "p"], shape=("n", 3, 2), hidden_size=1,
            constants=[(k, np.ones((1, n, *more), np.float32)) for k, n, more in
                       (("w", 4, (2,)), ("r", 4, (1,)), ("p", 3, ()))],
        ),
        "peepholes",
    ),
    "a newer version": (lambda: one_node("Relu", opset=999), "version 999 of the operators"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_a_model_is_refused(case):
    make, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        lamina.onnx.load(make())


def test_inputs_have_rows_in_common():
    m = Maker()
    model = m.model({"a": ("float32", [2, 3]), "b": ("float32", [4, 3])}, [m("Add", "a", "b")])
    with pytest.raises(
        ValueError, match=r"the axis of rows, of the same length; got {'a': 2, 'b': 4}"
    ):
        lamina.onnx.load(model)


def test_arguments_are_checked():
    with pytest.raises(TypeError, match=r"must be the path of an ONNX file, or an onnx\.M"):
        lamina.onnx.load(3)
    with pytest.raises(FileNotFoundError):
        lamina.onnx.load("no such file.onnx")
    with pytest.raises(ValueError, match="trainable names 'w9', which is not an initializer"):
        lamina.onnx.load(onnx_models.mlp(), trainable=["w9"])
    with pytest.raises(TypeError, match="trainable must be True, False or names"):
        lamina.onnx.load(onnx_models.mlp(), trainable="w1")


# --- files


def loaded(path, data):
    path.write_bytes(data)
    return lamina.onnx.load(path)


def test_files_that_are_cut_off_or_altered_are_refused_or_read(tmp_path):
    path = tmp_path / "m.onnx"
    for name in ("cnn", "bidirectional lstm", "attention"):
        data = onnx_models.MODELS[name]().SerializeToString()
        rng = random.Random(name)
        for attempt in range(MUTATIONS):
            changed = bytearray(data)
            if attempt % 3 == 0:
                changed = changed[: rng.randrange(len(data))]
            else:
                for _ in range(rng.choice([1, 2, 5])):
                    changed[rng.randrange(len(data))] = rng.randrange(256)
            try:
                loaded(path, changed)
            except ValueError as error:
                assert str(error).startswith(f"{path}: ")  # noqa: PT017


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"m\.onnx: is not a complete ONNX file|holds no graph"):
        loaded(tmp_path / "m.onnx", b"PK\x03\x04 and more")
    with pytest.raises(ValueError, match=r"m\.onnx: is not an ONNX file: it holds no graph"):
        loaded(tmp_path / "m.onnx", b"")


def outside(model, location, length=96, offset=0):
    """Move the first weight of a model to another file."""
    tensor = model.graph.initializer[0]
    data = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", location), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(text))
    return data


def test_arrays_beside_the_file_are_read(tmp_path):
    model = onnx_models.mlp()
    whole = lamina.onnx.load(model)
    (tmp_path / "weights.bin").write_bytes(b"\0" * 8 + outside(model, "weights.bin", offset=8))
    made = loaded(tmp_path / "m.onnx", model.SerializeToString())
    for one, other in zip(made.get_weights(), whole.get_weights(), strict=True):
        assert np.array_equal(one, other)
    with pytest.raises(ValueError, match=r"'w1' is in another file, 'weights\.bin'"):
        lamina.onnx.load(model)


@pytest.mark.parametrize(
    "location", ["../w.bin", "/etc/passwd", "sub/w.bin", "..", "", "link", "a\0b"]
)
def test_no_file_outside_the_folder_is_read(tmp_path, location):
    folder = tmp_path / "models"
    (folder / "sub").mkdir(parents=True)
    model = onnx_models.mlp()
    data = outside(model, location)
    (tmp_path / "w.bin").write_bytes(data)
    (folder / "sub" / "w.bin").write_bytes(data)
    (folder / "link").symlink_to(tmp_path / "w.bin")
    with pytest.raises(ValueError, match="which is not a file in the folder of the model"):
        loaded(folder / "m.onnx", model.SerializeToString())


@pytest.mark.parametrize("place", [{"length": 92}, {"offset": 4}, {"offset": -8}, {"length": "x"}])
def test_arrays_beside_the_file_are_whole(tmp_path, place):
    model = onnx_models.mlp()
    (tmp_path / "w.bin").write_bytes(outside(model, "w.bin", **place))
    with pytest.raises(ValueError, match=r"'w1' .*(needs 96 bytes; it claims|has no numbers)"):
        loaded(tmp_path / "m.onnx", model.SerializeToString())


def test_loops_end():
    """An infinite loop is refused, like one that unrolls to too much."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["v", "v"], ["w"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("w", TensorProto.FLOAT, None),
        ],
    )
    m = Maker()
    y = m("Loop", m.constant("most", np.array(2**40)), "", "x", body=body)
    with pytest.raises(ValueError, match=r"Loop 'Loop_0' .*: takes more than 4096 iterations"):
        lamina.onnx.load(m.model({"x": ("float32", ["n", 2])}, [y]))


def test_configurations_that_were_altered_are_refused():
    config = lamina.onnx.load(onnx_models.mlp()).layers[-1].get_config()
    layer = {"class_name": "ONNXGraph", "config": config}
    assert lamina.layers.deserialize(layer).name == "onnx_graph"
    for keys, put in (
        (("graph", "body"), 3),
        (("graph", "body", "nodes"), [{"op": "system"}]),
        (("graph", "weights"), [{"name": "w", "shape": [-1], "trainable": True}]),
        (("graph", "body", "constants"), {"c": {"dtype": "O", "shape": [1], "data": ""}}),
        (("graph", "body", "constants"), {"c": {"dtype": "int64", "shape": [9], "data": "AAAA"}}),
    ):
        changed = {**config, "graph": {**config["graph"], "body": {**config["graph"]["body"]}}}
        inner = changed
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = put
        with pytest.raises(ValueError, match=re.escape("ONNXGraph: graph is not valid")):
            lamina.layers.deserialize({"class_name": "ONNXGraph", "config": changed})


def test_an_array_has_the_values_of_the_file():
    model = onnx_models.mlp()
    first = numpy_helper.to_array(model.graph.initializer[0])
    model.graph.initializer[0].CopyFrom(
        helper.make_tensor("w1", TensorProto.FLOAT, first.shape, first.ravel().tolist())
    )
    assert np.array_equal(lamina.onnx.load(model).get_weights()[0], first.T)

"""Models in ONNX: results of ONNX Runtime, names and shapes, and errors."""

import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina import Input, layers, ops
from onnx_peer import exported, onnx, run, same_in_onnx

PAGE = Path(__file__).parents[1] / "docs" / "onnx.md"


def normal(*shape, dtype="float32"):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(dtype)


def trained(model, *inputs):
    """Return the model after a step, so that moving statistics and biases depend on data."""
    model.compile("sgd", "mse")
    x = list(inputs) if len(inputs) > 1 else inputs[0]
    y = model.predict(x, verbose=0)
    model.train_on_batch(x, {k: a + 1 for k, a in y.items()} if isinstance(y, dict) else y + 1)
    return model


# --- whole models


def mlp():
    hidden = [layers.Dense(16, "relu"), layers.Dropout(0.3), layers.Dense(8, "gelu")]
    return lamina.Sequential([Input((8,)), *hidden, layers.Dense(3, "softmax")]), [normal(5, 8)]


def cnn():
    stack = [
        layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D(),
        layers.SeparableConv2D(6, 3, strides=2, padding="same", use_bias=False),
        layers.BatchNormalization(center=False, scale=False), layers.LeakyReLU(),
        layers.DepthwiseConv2D(2, activation="relu6"), layers.Conv2D(5, 1, activation="hard_swish"),
        layers.ReLU(0.75), layers.GlobalAveragePooling2D(), layers.Dense(3),
    ]  # fmt: skip
    return lamina.Sequential([Input((12, 11, 3)), layers.RandomFlip(), *stack]), [
        normal(4, 12, 11, 3)
    ]


def recurrent(layer, **options):
    def make():
        rows = [layer(5, return_sequences=True, **options), layer(4, go_backwards=True)]
        return lamina.Sequential([Input((6, 3)), *rows, layers.Dense(1)]), [normal(5, 6, 3)]

    return make


def bidirectional():
    text = Input((7,), dtype="int32")
    x = layers.Embedding(12, 4, mask_zero=True)(text)
    x = layers.Bidirectional(layers.LSTM(5, return_sequences=True))(x)
    x = layers.Bidirectional(layers.GRU(3), merge_mode="sum")(x)
    tokens = np.random.default_rng(0).integers(0, 12, (4, 7)).astype("int32")
    tokens[1] = 0  # all of it padding
    return lamina.Model(text, layers.Dense(2)(x)), [tokens]


def attention():
    x = Input((None, 8))
    y = layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
    y = layers.LayerNormalization()(layers.Add()([x, y]))
    return lamina.Model(x, layers.Dense(2)(y)), [normal(3, 6, 8)]


def two_inputs_and_skips():
    a, b = Input((6,), name="left"), Input((4, 3), name="right")
    shared = layers.Dense(5, "tanh", name="shared")
    x, y = shared(a), layers.LSTM(6)(b)
    y = layers.Subtract()([shared(y), x])
    z = layers.Concatenate()([x, y, a])
    outputs = {"price": layers.Dense(1)(z), "kind": layers.Dense(3, "softmax")(y)}
    return lamina.Model([a, b], outputs), [normal(5, 6), normal(5, 4, 3)]


MODELS = {
    "mlp": mlp,
    "cnn": cnn,
    "lstm": recurrent(layers.LSTM),
    "lstm of other activations": recurrent(
        layers.LSTM, activation="elu", recurrent_activation="hard_sigmoid", use_bias=False
    ),
    "gru": recurrent(layers.GRU),
    "gru, reset before": recurrent(layers.GRU, reset_after=False),
    "gru of an activation of its own": recurrent(layers.GRU, activation="mish"),
    "gru, reset before, the same": recurrent(layers.GRU, reset_after=False, activation="mish"),
    "rnn": recurrent(layers.SimpleRNN, activation=lamina.activations.LeakyReLU(0.3)),
    "bidirectional": bidirectional,
    "attention": attention,
    "two inputs and skips": two_inputs_and_skips,
}


@pytest.mark.parametrize("opset", [18, 25])
@pytest.mark.parametrize("name", MODELS)
def test_models(name, opset):
    model, inputs = MODELS[name]()
    trained(model, *inputs)
    kind = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    made = exported(model, opset_version=opset)
    want = list(kind.values()) if isinstance(kind, dict) else [kind]
    for got, value in zip(run(made, *inputs), want, strict=True):
        assert np.abs(got - value).max() <= 1e-5
    assert made.opset_import[0].version == opset


# --- rows and lengths


@pytest.mark.parametrize("rows", [1, 7])
def test_any_number_of_rows(rows):
    model, _ = two_inputs_and_skips()
    made = exported(model)
    assert [dims(each) for each in made.graph.input] == [["batch", 6], ["batch", 4, 3]]
    assert run(made, normal(rows, 6), normal(rows, 4, 3))[0].shape == (rows, 3)


def dims(info):
    return [d.dim_value or d.dim_param or None for d in info.type.tensor_type.shape.dim]


class Last(layers.Layer):
    """Values that depend on the length: the last three steps, and the sum of all by position."""

    def call(self, x):
        steps = ops.shape(x)[1]
        flat = ops.reshape(x, (-1, steps * x.shape[2]))
        return ops.concatenate([ops.reshape(x[:, -3:], (-1, 3 * x.shape[2])), flat[:, ::2]], axis=1)


def of_any_length():
    x = Input((None, 4))
    y = layers.Masking()(x)
    y = layers.Conv1D(4, 3, padding="same", activation="relu")(y)
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(y)
    y = layers.TimeDistributed(layers.Dense(4))(layers.ZeroPadding1D(1)(y))
    return lamina.Model(x, [layers.GlobalMaxPooling1D()(y), layers.UpSampling1D(2)(y), Last()(x)])


def test_any_length():
    model = of_any_length()
    with pytest.warns(UserWarning, match="is below 4; the ONNX file is correct from 4 on"):
        made = exported(model)
    assert dims(made.graph.input[0]) == ["batch", "length", 4]
    assert [dims(each)[0] for each in made.graph.output] == ["batch"] * 3
    for length in (3, 4, 9):
        x = normal(2, length, 4)
        x[0, 2:] = 0
        for got, want in zip(run(made, x), model.predict(x, verbose=0), strict=True):
            assert got.shape == want.shape
            assert np.abs(got - want).max() <= 1e-5


def test_images_of_any_size():
    stack = [
        layers.Conv2D(4, 3, strides=2, padding="same"), layers.MaxPooling2D(2),
        layers.Conv2DTranspose(2, 3, strides=2), layers.GlobalAveragePooling2D(),
    ]  # fmt: skip
    model = lamina.Sequential([Input((None, None, 3)), *stack])
    made = exported(model)
    for size in ((8, 8), (11, 14), (16, 9)):
        x = normal(2, *size, 3)
        assert np.abs(run(made, x)[0] - model.predict(x, verbose=0)).max() <= 1e-5


def test_lengths_that_strides_make():
    """They are not multiples of the length of the input."""
    image = [layers.Conv2D(4, 3), layers.MaxPooling2D(2), layers.UpSampling2D(2)]
    tail = [layers.LayerNormalization(), layers.Resizing(5, 4), layers.Flatten()]
    of_images = lamina.Sequential([Input((None, None, 3)), *image, *tail])
    made = exported(of_images)
    for size in ((6, 7), (13, 9)):
        x = normal(2, *size, 3)
        assert np.abs(run(made, x)[0] - of_images.predict(x, verbose=0)).max() <= 1e-5
    x = Input((None, 4))
    y = layers.Conv1D(4, 3, strides=2, padding="same")(x)
    y = layers.TimeDistributed(layers.TimeDistributed(layers.Dense(2)))(
        layers.Reshape((-1, 2, 2))(y)
    )
    y = layers.Reshape((-1, 4))(y)
    of_steps = lamina.Model(x, layers.MultiHeadAttention(2, 3)(y, y))
    made = exported(of_steps)
    for length in (2, 7, 12):
        x = normal(2, length, 4)
        assert np.abs(run(made, x)[0] - of_steps.predict(x, verbose=0)).max() <= 1e-5


def test_lengths_of_several_inputs():
    a, b = Input((None, 4)), Input((None, 4))
    apart = lamina.Model([a, b], layers.Attention()([a, b]))
    made = same_in_onnx(apart, normal(2, 5, 4), normal(2, 7, 4))
    assert [dims(each)[1] for each in made.graph.input] == ["length_1", "length_2"]
    a, b = Input((None, 4)), Input((None, 4))
    made = same_in_onnx(lamina.Model([a, b], a * b), normal(2, 5, 4), normal(2, 5, 4))
    assert [dims(each)[1] for each in made.graph.input] == ["length", "length"]


def test_what_depends_on_a_length_unevenly_is_refused():
    rows = layers.RNN(layers.SimpleRNNCell(2), name="steps")
    steps = lamina.Sequential([Input((None, 4)), rows, layers.Dense(1)])
    with pytest.raises(ValueError, match=r"steps of sequential depends on the length of an axis"):
        lamina.onnx.to_model(steps)
    model = lamina.Sequential([Input((None, 4)), layers.AdaptiveMaxPooling1D(2, name="halves")])
    with pytest.raises(
        ValueError, match=r"halves of sequential_1 depends on the length of an axis"
    ):
        lamina.onnx.to_model(model)
    made = same_in_onnx(model, normal(2, 5, 4), input_signature=(None, 5, 4))
    assert dims(made.graph.input[0]) == ["batch", 5, 4]


def test_numbers_that_follow_a_length_only_where_it_is_even_are_refused():
    pad = layers.Lambda(lambda x: ops.pad(x, ((0, 0), (1 + x.shape[1] % 2, 0), (0, 0))), name="pad")
    with pytest.raises(ValueError, match="pad of sequential depends on the length"):
        lamina.onnx.to_model(lamina.Sequential([Input((None, 2)), pad]))


def test_models_that_know_their_rows():
    x = Input((4,))
    model = lamina.Model(x, layers.Lambda(lambda t: ops.flip(t, axis=0), name="turned")(x))
    made = same_in_onnx(model, normal(5, 4))
    assert dims(made.graph.output[0]) == ["batch", 4]
    assert np.array_equal(run(made, normal(3, 4))[0], normal(3, 4)[::-1])
    fixed = same_in_onnx(model, normal(5, 4), input_signature=[normal(5, 4)])
    assert dims(fixed.graph.output[0]) == [5, 4]


# --- names and types


def test_names():
    model, _ = two_inputs_and_skips()
    made = exported(model)
    assert [each.name for each in made.graph.input] == ["left", "right"]
    assert [each.name for each in made.graph.output] == ["kind", "price"]
    arrays = {each.name: onnx.numpy_helper.to_array(each) for each in made.graph.initializer}
    assert {path for path in arrays if "constant" not in path} == {
        "shared/kernel", "shared/bias", "lstm/kernel", "lstm/recurrent_kernel", "lstm/bias",
        "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias",
    }  # fmt: skip
    assert np.array_equal(arrays["shared/kernel"], model.get_layer("shared").kernel)
    assert made.producer_name == "lamina"
    assert {node.name.partition("/")[0] for node in made.graph.node} >= {"shared", "lstm"}


def test_outputs_that_are_inputs_or_one_value():
    x = Input((3,), name="x")
    y = layers.Dense(2, name="y")(x)
    model = lamina.Model(x, [y, layers.Dropout(0.5, name="z")(y), x])
    made = same_in_onnx(model, normal(2, 3))
    assert [each.name for each in made.graph.output] == ["y", "z", "x_1"]


def test_weights_of_equal_values_keep_their_names():
    model = lamina.Sequential([Input((2,)), layers.Dense(2), layers.Dense(2)])
    assert [each.name for each in exported(model).graph.initializer] == [
        "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias",
    ]  # fmt: skip


def test_indices_outside_and_rows_that_are_all_padding():
    tokens = Input((4,), dtype="int32")
    table = np.arange(6.0, dtype="float32").reshape(3, 2)
    taken = layers.Lambda(lambda i: ops.take(table, i - 2, axis=0))(tokens)
    mean = layers.GlobalAveragePooling1D()(layers.Embedding(7, 3, mask_zero=True)(tokens))
    given = np.array([[0, 0, 0, 0], [1, 2, 5, 6]], "int32")
    made = same_in_onnx(lamina.Model(tokens, [taken, mean]), given)
    values, means = run(made, given)
    assert np.isnan(values[1]).all(axis=-1).tolist() == [False, False, True, True]
    assert (means[0] == 0).all()


def test_types():
    numbers, flags = Input((3,), dtype="int32"), Input((3,), dtype="bool")
    chosen = layers.Lambda(lambda a: ops.where(a[1], a[0] * 2, -1))([numbers, flags])
    rng = np.random.default_rng(0)
    made = same_in_onnx(
        lamina.Model([numbers, flags], chosen),
        rng.integers(-5, 5, (4, 3)).astype("int32"), rng.random((4, 3)) < 0.5,
    )  # fmt: skip
    kinds = [each.type.tensor_type.elem_type for each in made.graph.input]
    assert kinds == [onnx.TensorProto.INT32, onnx.TensorProto.BOOL]


def test_double_precision():
    x = Input((5,), dtype="float64")
    y = layers.BatchNormalization()(layers.Dense(4, "elu")(x))
    y = layers.LayerNormalization()(layers.LeakyReLU(0.3)(layers.Dense(4, "selu")(y)))
    model = lamina.Model(x, layers.Dense(2, "hard_sigmoid")(y), dtype="float64")
    made = same_in_onnx(model, normal(3, 5, dtype="float64"), tolerance=1e-13)
    assert made.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.DOUBLE


def test_nothing_is_turned_twice():
    stack = [layers.Conv2D(2, 3, activation="relu"), layers.BatchNormalization()]
    model = lamina.Sequential(
        [Input((9, 9, 2)), *stack, layers.MaxPooling2D(), layers.Conv2D(2, 2)]
    )
    kinds = [node.op_type for node in same_in_onnx(model, normal(2, 9, 9, 2)).graph.node]
    assert kinds == [
        "Transpose", "Conv", "Relu", "BatchNormalization", "MaxPool", "Conv", "Transpose",
    ]  # fmt: skip


def test_only_what_is_read_is_written():
    model, _ = mlp()
    kinds = [node.op_type for node in exported(model).graph.node]
    assert kinds[:3] == ["Gemm", "Relu", "Gemm"]
    assert "Dropout" not in kinds


# --- files


def test_files(tmp_path, capsys):
    model, inputs = mlp()
    path = tmp_path / "m.onnx"
    path.write_bytes(b"old")
    model.export(path, verbose=True)
    assert str(path) in capsys.readouterr().out
    made = onnx.load(path)
    assert np.abs(run(made, *inputs)[0] - model.predict(inputs[0], verbose=0)).max() <= 1e-5
    assert os.listdir(tmp_path) == ["m.onnx"]
    lamina.onnx.export(model, str(path), opset_version=21)
    assert onnx.load(path).opset_import[0].version == 21


def test_what_cannot_be_expressed_is_all_named_and_nothing_written(tmp_path):
    x = Input((3,))
    y = layers.Lambda(lambda t: ops.gcd(ops.cast(t, "int32"), 2), name="common")(x)
    y = layers.Lambda(lambda t: t + lamina.random.normal((3,)), name="drawn")(
        ops.cast(y, "float32")
    )
    path = tmp_path / "m.onnx"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="ONNX cannot express") as refused:
        lamina.Model(x, y).export(path)
    lines = str(refused.value).splitlines()[1:]
    assert [line[: len("- common (Lambda): gcd")] for line in lines[:1]] == [
        "- common (Lambda): gcd"
    ]
    assert "drawn (Lambda): random: it draws random numbers" in lines[1]
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["m.onnx"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.LSTM(3, stateful=True), "keeps a state from one batch to the next"),
        (lambda: layers.Lambda(lambda t: lamina.random.dropout(t, 0.5)), "draws random numbers"),
    ],
)
def test_other_refusals(make, words):
    model = lamina.Sequential([Input((4, 3)), make()])
    with pytest.raises(ValueError, match=words):
        lamina.onnx.to_model(model)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"opset_version": 17}, ValueError, r"opset_version must be in \[18, 25\]; got 17"),
        ({"opset_version": True}, ValueError, "opset_version must be"),
        ({"input_signature": (None, 7)}, ValueError, r"shape \(None, 7\); .* needs \(None, 8\)"),
        ({"input_signature": [(1, 8), (1, 8)]}, ValueError, "a shape for each of 1 inputs"),
        ({"input_signature": {"x": (1, 8)}}, ValueError, "must have the inputs input_layer; got x"),
        ({"input_signature": [(-1, 8)]}, ValueError, "needs shapes with the axis of rows first"),
    ],
)
def test_bad_arguments(options, error, words):
    model, _ = mlp()
    with pytest.raises(error, match=f"to_model: .*{words}"):
        lamina.onnx.to_model(model, **options)


def test_other_bad_arguments(tmp_path, monkeypatch):
    model, _ = mlp()
    with monkeypatch.context() as patch:
        patch.setattr(onnx.defs, "onnx_opset_version", lambda: 21)
        with pytest.raises(ValueError, match=r"24 is newer than the package onnx .* up to 21"):
            lamina.onnx.to_model(model, opset_version=24)
    with pytest.raises(TypeError, match="model must be a lamina model; got 3"):
        lamina.onnx.to_model(3)
    with pytest.raises(ValueError, match="format must be 'onnx'; got 'tf_saved_model'"):
        model.export(tmp_path / "m", format="tf_saved_model")
    with pytest.raises(ValueError, match=r"the input shape of .* is not known yet"):
        lamina.onnx.to_model(lamina.Sequential([layers.Dense(2)]))
    with pytest.raises(TypeError, match="needs the path of a file"):
        model.export(3)
    for name in ("m.tflite", "m.pt", "m"):
        with pytest.raises(ValueError, match=rf"the name must end in \.onnx; got '.*{name}'$"):
            model.export(tmp_path / name)
    with pytest.raises(ValueError, match=r"m\.keras'; model\.save writes such files"):
        model.export(tmp_path / "m.keras")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"export: needs the package onnx; .*lamina\[onnx\]"):
        model.export(tmp_path / "m.onnx")
    assert os.listdir(tmp_path) == []


def test_a_refused_model_is_as_it_was():
    model = lamina.Sequential([layers.Dense(2), layers.PythonLayer(np.negative, None)])
    with pytest.raises(ValueError, match="computes with NumPy"):
        lamina.onnx.to_model(model, (None, 3))
    assert not model.built
    assert model.predict(normal(2, 4), verbose=0).shape == (2, 2)


def test_a_model_without_input_shape_takes_the_signature():
    model = lamina.Sequential([layers.Dense(2)])
    made = exported(model, input_signature=(None, 3))
    assert dims(made.graph.input[0]) == ["batch", 3]
    assert model.built


def test_the_page_on_onnx(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    scope = {}
    for example in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(example, scope)
    assert sorted(os.listdir(tmp_path)) == ["digits.lamina", "digits.onnx", "series.onnx"]

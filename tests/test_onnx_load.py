"""ONNX files as models: against ONNX Runtime, saved, and trained further."""

import io
import sys
import warnings
from contextlib import nullcontext

import numpy as np
import pytest

pytest.importorskip("onnx")

import lamina
import onnx_models
from lamina.models import load_model


def runtime_of(model):
    """Return a function that runs a model, or its bytes, with ONNX Runtime."""
    ort = pytest.importorskip("onnxruntime")
    data = model if isinstance(model, bytes) else model.SerializeToString()
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [port.name for port in session.get_inputs()]
    return lambda arrays: session.run(None, dict(zip(names, arrays, strict=True)))


def predicted(model, arrays):
    made = model.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0)
    return made if isinstance(made, list) else [made]


def check_equal(got, want):
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5 * max(1, np.abs(other).max()))


def told_of_rows():
    return pytest.warns(UserWarning, match=r"do not begin with an axis of rows.*batch_size=len\(x")


@pytest.mark.parametrize("name", onnx_models.MODELS)
def test_a_model_predicts_what_onnx_runtime_does_and_is_kept(name, tmp_path):
    proto = onnx_models.MODELS[name]()
    run = runtime_of(proto)
    with told_of_rows() if "steps first" in name else nullcontext():
        model = lamina.onnx.load(proto)
    for rows in (2,) if name == "fixed rows" else (4,) if "steps first" in name else (1, 2, 5):
        x = onnx_models.inputs_of(proto, rows)
        check_equal(predicted(model, x), run(x))
    model.save(tmp_path / "m.lamina")
    again = load_model(tmp_path / "m.lamina")
    for one, other in zip(predicted(again, x), predicted(model, x), strict=True):
        assert np.array_equal(one, other)
    text = io.StringIO()
    model.summary(print_fn=lambda line: text.write(line + "\n"))
    assert f"{model.count_params():,}" in text.getvalue()


def test_a_file_for_one_number_of_rows_takes_others():
    model = lamina.onnx.load(onnx_models.fixed_rows())
    x = np.random.default_rng(0).standard_normal((7, 3, 6, 6)).astype(np.float32)
    run = runtime_of(onnx_models.fixed_rows())
    want = np.concatenate([run([x[i : i + 2]])[0] for i in range(5)])[[0, 2, 4, 6, 8]]
    np.testing.assert_allclose(model.predict(x, verbose=0)[:5], want, rtol=1e-5, atol=1e-5)


def test_a_file_that_is_right_for_one_number_of_rows_takes_that(tmp_path):
    m = onnx_models.Maker()
    rows = m("Reshape", "x", m.shape(6, 4))  # of two rows of three parts
    y = m("Reshape", m("Softmax", m("MatMul", rows, m.weight("w", 4, 5)), axis=0), m.shape(2, 15))
    proto = m.model({"x": ("float32", [2, 3, 4])}, [y])
    model = lamina.onnx.load(proto)
    x = onnx_models.inputs_of(proto, 6)
    run = runtime_of(proto)
    want = np.concatenate([run([x[0][i : i + 2]])[0] for i in (0, 2, 4)])
    check_equal([model.predict(x[0], batch_size=2, verbose=0)], [want])
    with pytest.raises(ValueError, match=r"for batches of 2 rows, .*; got 6: give batch_size=2"):
        model.predict(x[0], verbose=0)
    model.save(tmp_path / "m.lamina")
    again = load_model(tmp_path / "m.lamina")
    check_equal([again.predict(x[0], batch_size=2, verbose=0)], [want])
    model.compile(lamina.optimizers.Adam(0.03), "mse")
    history = model.fit(x[0], want[::-1], batch_size=2, epochs=9, shuffle=False, verbose=0)
    assert history.history["loss"][-1] < 0.9 * history.history["loss"][0]


def test_outputs_without_rows_are_told_of():
    m = onnx_models.Maker()
    y = m("ReduceSum", "x", m.shape(0), keepdims=0)
    proto = m.model({"x": ("float32", ["n", 3])}, [m("Relu", "x"), y])
    with told_of_rows():
        model = lamina.onnx.load(proto)
    x = onnx_models.inputs_of(proto, 50)
    made = model.predict(x[0], batch_size=50, verbose=0)
    check_equal(made, runtime_of(proto)(x))


def test_inputs_have_the_files_names_and_outputs_its_order():
    model = lamina.onnx.load(onnx_models.two_inputs())
    a, b = onnx_models.inputs_of(onnx_models.two_inputs(), 3)
    by_name = model.predict({"b": b, "a": a}, verbose=0)
    assert [y.shape for y in by_name] == [(3, 1), (3, 4)]
    assert np.array_equal(by_name[0], model.predict([a, b], verbose=0)[0])


def test_loading_a_saved_model_needs_no_package(tmp_path, monkeypatch):
    proto = onnx_models.attention()
    x = onnx_models.inputs_of(proto, 3)
    model = lamina.onnx.load(proto)
    model.save(tmp_path / "m.lamina")
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert np.array_equal(
        predicted(load_model(tmp_path / "m.lamina"), x)[0], predicted(model, x)[0]
    )
    with pytest.raises(ImportError, match=r'needs the package onnx; .* "lamina\[onnx\]"'):
        lamina.onnx.load("m.onnx")


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_keras_reads_no_graph_of_onnx(ending, tmp_path):
    pytest.importorskip("h5py")
    model = lamina.onnx.load(onnx_models.cnn())
    with pytest.raises(ValueError, match=r"Keras has no ONNXGraph; .*'m\.lamina', can store it"):
        model.save(tmp_path / f"m{ending}")
    assert list(tmp_path.iterdir()) == []


def test_copies_are_whole():
    import copy
    import pickle

    model = lamina.onnx.load(onnx_models.cnn())
    x = onnx_models.inputs_of(onnx_models.cnn(), 2)
    for made in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(predicted(made, x)[0], predicted(model, x)[0])
    clone = lamina.models.clone_model(model)
    clone.set_weights(model.get_weights())
    assert np.array_equal(predicted(clone, x)[0], predicted(model, x)[0])


# --- weights


def test_weights_have_the_files_names_and_kerass_shapes():
    model = lamina.onnx.load(onnx_models.cnn())
    shapes = {w.name.partition("/")[2]: tuple(w.shape) for w in model.weights}
    assert shapes == {
        "k1": (3, 3, 3, 6), "c1": (6,), "gamma": (6,), "beta": (6,), "mean": (6,), "var": (6,),
        "k2": (3, 3, 6, 1), "k3": (1, 1, 3, 8), "w": (8, 2),
    }  # fmt: skip
    fixed = {w.name.partition("/")[2] for w in model.non_trainable_weights}
    assert fixed == {"mean", "var"}
    assert len(lamina.onnx.load(onnx_models.cnn(), trainable=False).trainable_weights) == 0
    some = lamina.onnx.load(onnx_models.cnn(), trainable=["w", "k3"])
    assert {w.name.partition("/")[2] for w in some.trainable_weights} == {"w", "k3"}


def test_a_weight_that_is_read_in_two_ways_is_kept_as_it_is():
    m = onnx_models.Maker()
    w = m.weight("w", 4, 4)
    y = m("MatMul", m("Gemm", "x", w, transB=1), w)
    proto = m.model({"x": ("float32", ["n", 4])}, [y])
    model = lamina.onnx.load(proto)
    x = onnx_models.inputs_of(proto, 3)
    check_equal(predicted(model, x), runtime_of(proto)(x))
    assert model.count_params() == 16


@pytest.mark.parametrize(
    "name", ["mlp", "cnn", "bidirectional lstm", "bidirectional gru", "attention"]
)
def test_gradients_are_those_of_finite_differences(name):
    proto = onnx_models.MODELS[name]()
    model = lamina.onnx.load(proto, dtype="float64")
    x = onnx_models.inputs_of(proto, 3)
    y = [np.zeros_like(v) for v in predicted(model, x)]
    model.compile("sgd", "mse")
    found = lamina.check_gradients(model, x[0].astype(np.float64), y if len(y) > 1 else y[0])
    # A bias of keys shifts all scores equally: its gradient is 0, and both sides are rounding
    # errors.
    errors = {name: error for name, error in found.errors.items() if not name.endswith("/bk")}
    assert max(errors.values()) < 1e-5


@pytest.mark.parametrize("name", ["mlp", "cnn", "lstm", "attention"])
def test_fit_lowers_the_loss_and_leaves_statistics(name):
    proto = onnx_models.MODELS[name]()
    model = lamina.onnx.load(proto)
    x = onnx_models.inputs_of(proto, 24)[0]
    y = [v[::-1] for v in predicted(model, [x])]
    y = y if len(y) > 1 else y[0]
    fixed = [np.array(w) for w in model.non_trainable_weights]
    model.compile(lamina.optimizers.Adam(0.01), "mse")
    history = model.fit(x, y, epochs=8, batch_size=10, verbose=0, shuffle=False)
    assert history.history["loss"][-1] < 0.9 * history.history["loss"][0]
    for before, now in zip(fixed, model.non_trainable_weights, strict=True):
        assert np.array_equal(before, now)


@pytest.mark.parametrize(("dtype", "limit"), [(np.float16, 2e-3), (np.float64, 1e-12)])
def test_other_floats_are_calculated_as_exactly_as_they_are(dtype, limit):
    from onnx import helper, numpy_helper

    proto = onnx_models.attention()
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    for tensor in proto.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32:
            tensor.CopyFrom(numpy_helper.from_array(array.astype(dtype), tensor.name))
    for port in (*proto.graph.input, *proto.graph.output):
        port.type.tensor_type.elem_type = kind
    x = onnx_models.inputs_of(proto, 3)[0].astype(dtype)
    model = lamina.onnx.load(proto)
    assert model.dtype == ("float64" if dtype == np.float64 else "float32")
    (want,) = runtime_of(proto)([x])
    assert np.abs(model.predict(x, verbose=0) - want).max() < limit


# --- other programs' files


def test_classifiers_of_scikit_learn():
    """The graph that skl2onnx writes for a scaler and a linear classifier."""
    from onnx import TensorProto, helper

    rng = np.random.default_rng(0)
    ml = "ai.onnx.ml"
    nodes = [
        helper.make_node("Scaler", ["x"], ["s"], domain=ml, offset=[0.5] * 3, scale=[2.0] * 3),
        helper.make_node("LinearClassifier", ["s"], ["label", "p"], domain=ml,
                         classlabels_ints=[3, 5, 9], post_transform="LOGISTIC",
                         coefficients=rng.normal(size=9).tolist(), intercepts=[0.1, -0.2, 0.3]),
        helper.make_node("Normalizer", ["p"], ["q"], domain=ml, norm="L1"),
        helper.make_node("ZipMap", ["q"], ["z"], domain=ml, classlabels_int64s=[3, 5, 9]),
    ]  # fmt: skip
    key_type = helper.make_map_type_proto(
        TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, ())
    )
    graph = helper.make_graph(
        nodes, "graph", [onnx_models.value("x", "float32", ["n", 3])],
        [onnx_models.value("label", "int64", ["n"]),
         helper.make_value_info("z", helper.make_sequence_type_proto(key_type))],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(ml, 1)]
    proto = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    x = rng.normal(size=(7, 3)).astype(np.float32)
    label, rows = runtime_of(proto)([x])
    got = predicted(lamina.onnx.load(proto), [x])
    assert np.array_equal(got[0], label)
    np.testing.assert_allclose(got[1], [list(row.values()) for row in rows], rtol=1e-5, atol=1e-6)


def test_models_of_pytorch():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)

    class Text(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(20, 8)
            self.first = nn.Parameter(torch.randn(1, 1, 8))
            layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
            self.rnn = nn.LSTM(8, 4, 1, batch_first=True, bidirectional=True)
            self.out = nn.Linear(8, 3)

        def forward(self, x):
            y = torch.cat([self.first.expand(x.shape[0], -1, -1), self.table(x)], 1)
            return self.out(self.rnn(self.encoder(y))[0][:, -1])

    image = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Hardswish(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.GroupNorm(2, 8), nn.PReLU(8),
        nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.PixelShuffle(2), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4, 2), nn.GELU(),
    )  # fmt: skip
    for net, x in ((image, torch.randn(2, 3, 8, 8)), (Text(), torch.randint(0, 20, (2, 5)))):
        data = exported(torch, net.eval(), x)
        model = lamina.onnx.load(onnx_of(data))
        run = runtime_of(data)
        for repeat in (1, 3):
            arrays = [np.concatenate([x.numpy()] * repeat)]
            check_equal(predicted(model, arrays), run(arrays))


def exported(torch, net, x):
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net, (x,), file, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "n"}},
            opset_version=17,
        )  # fmt: skip
    return file.getvalue()


def onnx_of(data):
    import onnx

    return onnx.load_from_string(data)


def test_the_backend_runs_models_and_nodes():
    from onnx import helper

    from lamina.onnx import backend

    proto = onnx_models.two_inputs()
    a, b = onnx_models.inputs_of(proto, 3)
    made = backend.run_model(proto, [a, b])
    check_equal(list(made), predicted(lamina.onnx.load(proto), [a, b]))
    for one, other in zip(made, backend.prepare(proto).run({"b": b, "a": a}), strict=True):
        assert np.array_equal(one, other)
    (y,) = backend.run_node(helper.make_node("Sub", ["a", "b"], ["c"]), [np.ones(2), np.ones(2)])
    assert y.dtype == np.float64
    assert y.tolist() == [0, 0]
    assert backend.supports_device("CPU")
    assert not backend.supports_device("CUDA:0")
    with pytest.raises(ValueError, match="device must be 'CPU'; got 'CUDA'"):
        backend.prepare(proto, "CUDA")
    assert backend.is_compatible(proto)
    unknown = helper.make_graph([helper.make_node("NonMaxSuppression", ["a", "b"], ["c"])], "g", [
        onnx_models.value("a", "float32", [1, 2, 4]), onnx_models.value("b", "float32", [1, 1, 2]),
    ], [onnx_models.value("c", "int64", None)])  # fmt: skip
    assert not backend.is_compatible(helper.make_model(unknown))

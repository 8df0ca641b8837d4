"""Every layer and every operation in ONNX: ONNX Runtime computes the same, or a reason is given."""

import copy
from operator import attrgetter

import numpy as np
import pytest

import lamina
from lamina import Input, _core, layers, ops
from lamina._tensors.arguments import flat, mapped
from lamina.layers import GRUCell, LSTMCell
from onnx_peer import assert_same, exported, run, same_in_onnx
from ops.test_functions import CASES
from test_bad_input_layers import IMAGE, JOIN, LAYERS, SIGNAL

ROWS = 3
# Layers that LAYERS lacks, and how they are called on inputs of these shapes.
CALLED = {
    "AdditiveAttention": (lambda q, v: layers.AdditiveAttention()([q, v]), [SIGNAL, (5, 4)]),
    "Attention": (lambda q, v: layers.Attention(use_scale=True)([q, v]), [SIGNAL, (5, 4)]),
    "Dot": (lambda a, b: layers.Dot(axes=2, normalize=True)([a, b]), [SIGNAL, (5, 4)]),
    "GroupQueryAttention": (layers.GroupQueryAttention(2, 4, 2), [SIGNAL, (5, 4)]),
    "MultiHeadAttention": (
        lambda q, v: layers.MultiHeadAttention(2, 3)(q, v, use_causal_mask=True), [SIGNAL, (5, 4)]),
    "GRUCell": (lambda x, h: layers.GRUCell(3)(x, [h])[0], [(4,), (3,)]),
    "LSTMCell": (lambda x, h, c: layers.LSTMCell(3)(x, [h, c])[0], [(4,), (3,), (3,)]),
    "SimpleRNNCell": (lambda x, h: layers.SimpleRNNCell(3)(x, [h])[0], [(4,), (3,)]),
    "StackedRNNCells": (layers.RNN(layers.StackedRNNCells([LSTMCell(3), GRUCell(2)])), [SIGNAL]),
    "TimeDistributed": (layers.TimeDistributed(layers.Conv1D(3, 2)), [(5, 6, 4)]),
    "Pipeline": (layers.Pipeline([layers.Rescaling(2.0), layers.RandomCrop(2, 3)]), [IMAGE]),
    "Lambda": (layers.Lambda(lambda t: ops.tanh(t) * 2 + 1), [SIGNAL]),
    **{name: (lambda a, b, name=name: getattr(layers, name)()([a, b]), [SIGNAL, SIGNAL])
       for name in JOIN},
}  # fmt: skip
NO_LAYERS = {"Input", "InputLayer", "SymbolicTensor"}
INTEGERS = {"Embedding", "CategoryEncoding"}
# On arrays, ahead of the graph: the layer, the shape and type of its inputs.
AHEAD = {
    "Discretization": (lambda: layers.Discretization([0.0, 1.0]), [(SIGNAL, "float32")]),
    "FillMissing": (lambda: layers.FillMissing([0.5]), [((1,), "float32")]),
    "HashedCrossing": (lambda: layers.HashedCrossing(5), [((1,), "string")] * 2),
    "Hashing": (lambda: layers.Hashing(3), [((1,), "string")]),
    "IntegerLookup": (lambda: layers.IntegerLookup(vocabulary=[7]), [((1,), "int64")]),
    "StringLookup": (lambda: layers.StringLookup(vocabulary=["a"]), [((1,), "string")]),
    "TextVectorization": (lambda: layers.TextVectorization(vocabulary=["a"]), [((1,), "string")]),
}
REFUSED = {"PythonLayer": "python: it computes with NumPy"}


class Mine(layers.Layer):
    def call(self, x):
        return ops.softmax(x, axis=1) - ops.mean(x, axis=-1, keepdims=True)


CALLED["Layer"] = (Mine(), [SIGNAL])


def drawn(shape, kind="float32"):
    rng = np.random.default_rng(len(shape))
    if kind == "int32":
        return rng.integers(0, 5, (ROWS, *shape)).astype(kind)
    return rng.normal(size=(ROWS, *shape)).astype(kind)


def moved(model):
    """Move weights away from values such as zeros and ones, which would hide a missing one."""
    rng = np.random.default_rng(0)
    model.set_weights(
        [w + rng.uniform(0.1, 0.4, w.shape).astype(w.dtype) for w in model.get_weights()]
    )
    return model


def test_every_layer_is_in_one_of_the_tables():
    public = {getattr(layers, name).__name__ for name in layers.__all__ if name[0].isupper()}
    assert set(LAYERS) | set(CALLED) | set(AHEAD) == public - NO_LAYERS


@pytest.mark.parametrize("name", sorted(set(LAYERS) - set(AHEAD)))
def test_layer(name):
    shape, given = copy.deepcopy(LAYERS[name])  # which holds layers
    x = drawn(shape, "int32" if name in INTEGERS else "float32")
    layer = getattr(layers, name)(**given)
    if name == "Normalization":
        layer.adapt(x)
    model = lamina.Sequential([Input(shape, dtype=x.dtype.name), layer])
    if name in REFUSED:
        with pytest.raises(ValueError, match=REFUSED[name]):
            lamina.onnx.to_model(model)
        return
    if layer.get_weights():
        moved(model)
    same_in_onnx(model, x)


@pytest.mark.parametrize("name", CALLED)
def test_layer_that_is_called(name):
    call, shapes = CALLED[name]
    inputs = [Input(shape) for shape in shapes]
    model = lamina.Model(inputs, call(*inputs))
    rng = np.random.default_rng(1)
    same_in_onnx(moved(model), *(rng.normal(size=(ROWS, *s)).astype("float32") for s in shapes))


@pytest.mark.parametrize("name", AHEAD)
def test_layers_ahead_of_the_graph_are_refused(name):
    make, given = AHEAD[name]
    inputs = [Input(shape, dtype=dtype) for shape, dtype in given]
    y = make()(inputs if len(inputs) > 1 else inputs[0])
    with pytest.raises(ValueError, match=rf"\({name}\): it computes on arrays, before"):
        lamina.onnx.to_model(lamina.Model(inputs, y))


def test_every_operation_has_a_converter():
    from lamina.onnx.writing.converters import CONVERTERS

    assert set(CONVERTERS) == {*_core.operations(), "expression", "python", "state"}


# --- operations, those of a table in one model

# Operations without an ONNX form, and the message of the error.
IN_NUMPY = """cholesky cholesky_inverse det eigh inv logdet matrix_rank nextafter pinv qr slogdet
solve solve_triangular svd"""
NOT_IN_ONNX = {
    **dict.fromkeys(IN_NUMPY.split(), "it computes with NumPy"),
    "erfinv": "ONNX has no erfinv",
    "gcd": "no greatest common",
    "lcm": "no least common",
}
TOLERANCE = {"fft": 4e-5}  # sums over up to 1,009 elements


class _Rows:
    def __init__(self, array):
        self.array = array.astype("float32") if array.dtype.kind == "f" else array


def marked(case):
    """The arguments, and the arrays among them whose first axis is that of the rows."""
    args = case.drawn(lambda made, a: _Rows(a) if made.rows and a.ndim and a.size else a)
    return args, [v.array for v in flat(args) if isinstance(v, _Rows)]


def is_taken(case):
    """Whether it is among the first of its function, with any number of rows, all finite."""
    arrays = marked(case)[1]
    return (
        case.number < 4
        and case.rows == "free"
        and arrays
        and all(np.isfinite(a).all() for a in arrays)
    )


class Calls(layers.Layer):
    """The results of a function for its inputs and the arrays of a case."""

    def __init__(self, case, args):
        super().__init__(name=f"{case.name.replace('.', '_')}_{case.number}")
        self.case, self.args = case, args

    def call(self, xs):
        left = iter(xs)
        args = mapped(self.args, lambda v: next(left) if isinstance(v, _Rows) else None)
        return flat(attrgetter(self.case.name)(ops)(*args, **self.case.kwargs))


def model_of(cases):
    """Return a model of many calls, and its inputs."""
    inputs, outputs, fed = [], [], []
    for case in cases:
        args, arrays = marked(case)
        own = [Input(a.shape[1:], dtype=a.dtype.name) for a in arrays]
        outputs += Calls(case, args)(own)
        inputs, fed = inputs + own, fed + arrays
    return lamina.Model(inputs, outputs), fed


def by_rows():
    """Cases that one model can hold, and one of each function that raises an error."""
    together, refused = {}, {}
    for case in filter(is_taken, CASES):
        if case.name in NOT_IN_ONNX:
            refused[case.name] = case
        else:
            together.setdefault(len(marked(case)[1][0]), []).append(case)
    return together, refused


TOGETHER, NOT_TAKEN = by_rows()


@pytest.mark.parametrize("rows", TOGETHER)
def test_operations(rows):
    model, fed = model_of(TOGETHER[rows])
    made = exported(model)
    want = model.predict(fed, verbose=0)
    want = want if isinstance(want, list) else [want]
    for output, a, b in zip(made.graph.output, run(made, *fed), want, strict=True):
        name = output.name.partition("_")[0]
        assert_same(a, b, output.name, TOLERANCE.get(name, 1e-5))


@pytest.mark.parametrize("name", NOT_IN_ONNX)
def test_operations_that_onnx_has_not(name):
    model, _ = model_of([NOT_TAKEN[name]])
    with pytest.raises(ValueError, match=NOT_IN_ONNX[name]):
        lamina.onnx.to_model(model)

"""Layers that move data, and rectifiers, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from lamina import _core, layers
from layer_harness import check_layer

MOVES = [
    (lambda **b: layers.Permute((2, 1), **b), (5, 7), lambda x: x.transpose(0, 2, 1)),
    (lambda **b: layers.Permute((3, 1, 2), **b), (4, 5, 3), lambda x: x.transpose(0, 3, 1, 2)),
    (
        lambda **b: layers.ZeroPadding1D((1, 2), **b),
        (4, 3),
        lambda x: np.pad(x, ((0, 0), (1, 2), (0, 0))),
    ),
    (
        lambda **b: layers.ZeroPadding2D(((1, 0), (2, 3)), **b),
        (3, 4, 2),
        lambda x: np.pad(x, ((0, 0), (1, 0), (2, 3), (0, 0))),
    ),
    (lambda **b: layers.Cropping1D((1, 2), **b), (6, 3), lambda x: x[:, 1:-2]),
    (
        lambda **b: layers.Cropping2D(((1, 0), (0, 2)), data_format="channels_first", **b),
        (3, 4, 5),
        lambda x: x[:, :, 1:, :-2],
    ),
    (
        lambda **b: layers.UpSampling2D((2, 3), **b),
        (3, 2, 4),
        lambda x: x.repeat(2, axis=1).repeat(3, axis=2),
    ),
    (lambda **b: layers.RepeatVector(3, **b), (5,), lambda x: np.repeat(x[:, None], 3, axis=1)),
    (lambda **b: layers.UpSampling2D(2, interpolation="bilinear", **b), (3, 4, 2), None),
    (lambda **b: layers.UpSampling2D((2, 3), interpolation="bicubic", **b), (3, 4, 2), None),
    (lambda **b: layers.UpSampling2D(2, interpolation="lanczos5", **b), (3, 4, 2), None),
    (lambda **b: layers.ReLU(0.8, 0.1, 0.3, **b), (9,),
     lambda x: np.where(x >= 0.8, 0.8, np.where(x >= 0.3, x, 0.1 * (x - 0.3)))),
    (layers.LeakyReLU, (9,), lambda x: np.where(x > 0, x, 0.3 * x)),
    (lambda **b: layers.ELU(0.5, **b), (9,), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    (layers.PReLU, (3, 4), lambda x, a: np.where(x > 0, x, a * x)),
    (lambda **b: layers.PReLU(shared_axes=(1, 2), **b), (3, 2, 4),
     lambda x, a: np.where(x > 0, x, a * x)),
    (lambda **b: layers.PReLU(shared_axes=[2], **b), (3, 4),
     lambda x, a: np.where(x > 0, x, a * x)),
    (lambda **b: layers.Softmax(axis=1, **b), (4, 3),
     lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)),
    (lambda **b: layers.Softmax(axis=(1, 2), **b), (4, 3),
     lambda x: np.exp(x) / np.exp(x).sum(axis=(1, 2), keepdims=True)),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", range(len(MOVES)))
def test_layer(case, dtype):
    factory, shape, oracle = MOVES[case]
    check_layer(factory, shape, oracle, dtype=dtype, reduction=16, magnitude=2.0, step=1e-6)


@pytest.mark.parametrize(
    ("layer", "shape", "text"),
    [
        (layers.Permute((2, 1)), (3,), "dims (2, 1) do not fit input (rows, 3)"),
        (layers.Cropping1D(2), (4, 1), "leaves nothing of input (rows, 4, 1)"),
        (layers.ZeroPadding2D(), (4, 1), "needs (rows, height, width, channels)"),
        (layers.Softmax(axis=4), (4, 1), "axis must be one of input (rows, 4, 1)"),
        (layers.RepeatVector(2), (4, 1), "needs (rows, features)"),
    ],
)
def test_refused(layer, shape, text):
    with pytest.raises(ValueError, match=layer.name) as caught:
        layer(np.zeros((2, *shape), np.float32))
    assert text in str(caught.value)


def _check_operation(record, shapes, oracle):
    """Forward against NumPy, gradients against finite differences."""
    graph = _core.Graph("float64")
    y = record(graph, [graph.input(shape, f"x{i}") for i, shape in enumerate(shapes)])
    graph.add_output(y)
    graph.add_loss(graph.loss("mean_squared_error", y, graph.input(tuple(y.shape), "target")))
    graph.build()
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(5, *shape)) for shape in shapes]
    target = rng.normal(size=(5, *y.shape))
    run = _core.Execution(graph, 8, True, 1, True)
    run.bind([*arrays, target])
    run.gradients(None, 0, 5, 3)
    np.testing.assert_allclose(run.output(0), oracle(*arrays), rtol=1e-12, atol=1e-14)
    for i, array in enumerate(arrays):
        run.gradients(None, 0, 5, 3)
        got = np.array(run.input_gradient(i))
        step = 1e-6
        for place in [(0,) * array.ndim, tuple(n - 1 for n in array.shape)]:
            kept = array[place]
            array[place] = kept + step
            high = np.mean((oracle(*arrays) - target) ** 2)
            array[place] = kept - step
            low = np.mean((oracle(*arrays) - target) ** 2)
            array[place] = kept
            np.testing.assert_allclose(got[place], (high - low) / (2 * step), rtol=1e-5, atol=1e-9)


def _unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@pytest.mark.parametrize(
    ("record", "shapes", "oracle"),
    [
        (lambda g, x: g.concatenate(x, 1), [(2, 3), (2, 1)],
         lambda a, b: np.concatenate([a, b], axis=2)),
        (lambda g, x: g.concatenate([x[0], x[1], x[0]], 0), [(2, 3), (4, 3)],
         lambda a, b: np.concatenate([a, b, a], axis=1)),
        (lambda g, x: g.add(x), [(3,)] * 3, lambda a, b, c: a + b + c),
        (lambda g, x: g.subtract(*x), [(3,)] * 2, lambda a, b: a - b),
        (lambda g, x: g.multiply(x), [(3,)] * 3, lambda a, b, c: a * b * c),
        (lambda g, x: g.maximum(x), [(3,)] * 3, lambda *a: np.maximum.reduce(a)),
        (lambda g, x: g.average(x), [(3,)] * 3, lambda *a: sum(a) / 3),
        (lambda g, x: g.unit_rows(x[0]), [(2, 4)], _unit),
        (lambda g, x: g.dot(*x), [(2, 3), (3, 4)], lambda a, b: a @ b),
        (lambda g, x: g.dot(*x, transpose_a=True), [(3, 2), (3, 4)],
         lambda a, b: a.transpose(0, 2, 1) @ b),
        (lambda g, x: g.dot(*x, transpose_b=True), [(2, 3), (4, 3)],
         lambda a, b: a @ b.transpose(0, 2, 1)),
        (lambda g, x: g.dot(*x, transpose_a=True, transpose_b=True), [(3, 2), (4, 3)],
         lambda a, b: a.transpose(0, 2, 1) @ b.transpose(0, 2, 1)),
    ],
)  # fmt: skip
def test_several_inputs(record, shapes, oracle):
    _check_operation(record, shapes, oracle)


def test_python_layer():
    check_layer(
        lambda **base: layers.PythonLayer(lambda x: x * x, lambda dy, x: 2 * x * dy, **base),
        (4,),
        lambda x: x * x,
        dtype="float64",
        many_rows=0,
    )


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (layers.ZeroPadding1D, "padding"),
        (lambda n: layers.ZeroPadding1D((0, n)), r"padding\[1\]"),
        (layers.ZeroPadding2D, "padding"),
        (lambda n: layers.ZeroPadding2D((1, n)), r"padding\[1\]"),
        (lambda n: layers.ZeroPadding2D(((0, n), (0, 0))), r"padding\[0\]\[1\]"),
        (layers.Cropping1D, "cropping"),
        (layers.Cropping2D, "cropping"),
        (layers.UpSampling2D, "size"),
        (layers.RepeatVector, "n"),
    ],
)
@pytest.mark.parametrize("n", [2**31, 2**60, 2**63 - 1, 2**70])
def test_sizes_beyond_the_engine_are_refused(make, name, n):
    who = type(make(1)).__name__
    with pytest.raises(ValueError, match=rf"^{who}: {name} must lie in \[[01], 2147483647\]"):
        make(n)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (layers.ZeroPadding1D(2**31 - 1), (1, 2**28)),
        (layers.ZeroPadding2D(2**31 - 1), (1, 1, 1)),
        (layers.UpSampling2D(2**31 - 1), (1, 1, 1)),
        (layers.RepeatVector(2**31 - 1), (2**30,)),
    ],
)
def test_outputs_beyond_memory_are_refused(layer, shape):
    with pytest.raises(ValueError, match=rf"^{layer.name}: output of shape .* memory can address"):
        layer(lamina.Input(shape))

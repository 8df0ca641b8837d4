"""Dropout with the same draws along axes: ``noise_shape``."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from lamina import _core, runtime
from lamina.layers import Dropout, SpatialDropout1D, TimeDistributed, deserialize, serialize
from layer_harness import check_layer
from thread_proof import assert_on_threads

SHAPES = [
    ((4, 3), (None, 1, None)),
    ((4, 3), (None, None, 1)),
    ((4, 3), (None, 1, 1)),
    ((4, 3), (1, None, None)),
    ((4, 3), (1, 4, 1)),
    ((3, 4, 2), (None, 1, None, 1)),
    ((3, 4, 2), (1, 3, 1, None)),
    ((5,), (None, 1)),
    ((5,), (1, 1)),
]
NOISE = pytest.mark.parametrize(("shape", "noise"), SHAPES)


def recorded(layer, x, dtype="float64", seed=1):
    graph = _core.Graph(dtype)
    y = layer.record(graph, graph.input(x.shape[1:], "x"))
    graph.add_output(y)
    graph.add_loss(graph.loss("mean_squared_error", y, graph.input(tuple(y.shape), "target")))
    graph.build()
    run = _core.Execution(graph, len(x), True, seed, True)
    run.bind([x, np.zeros_like(x)])
    return run


def trained(layer, x, dtype="float64", step=3):
    """Return output and input gradient of a training step towards zeros."""
    run = recorded(layer, x, dtype)
    run.gradients(None, 0, len(x), step)
    return np.array(run.output(0)), np.array(run.input_gradient(0))


@NOISE
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layer(shape, noise, dtype):
    check_layer(lambda **base: Dropout(0.3, noise, **base), shape, lambda x: x, dtype=dtype)


@NOISE
def test_a_draw_holds_along_the_axes_of_1(shape, noise):
    rows, rate = 300, 0.25
    x = np.random.default_rng(0).normal(size=(rows, *shape)) + 3.0
    y, dx = trained(Dropout(rate, noise, seed=5), x)
    factor = y / x
    assert set(np.unique(factor.round(9))) <= {0.0, round(1 / (1 - rate), 9)}
    # Each draw appears at its first place and is repeated along these axes only.
    first = factor[tuple(slice(0, 1) if n == 1 else slice(None) for n in noise)]
    np.testing.assert_allclose(factor, np.broadcast_to(first, factor.shape), rtol=1e-12)
    for axis, (n, size) in enumerate(zip(noise, x.shape, strict=True)):
        if n != 1 and size > 1 and first.size > 60:
            assert (np.diff(first, axis=axis) != 0).any(), axis
    if first.size > 200:
        assert abs((first == 0).mean() - rate) < 5 * np.sqrt(0.25 / first.size)
    # The gradient of a mean of y ** 2.
    np.testing.assert_allclose(dx, 2 * y * factor / y.size, rtol=1e-12, atol=1e-15)


@NOISE
def test_steps_and_seeds_draw_anew(shape, noise):
    x = np.ones((64, *shape))
    layer = Dropout(0.5, noise, seed=5)
    masks = [trained(layer, x, step=step)[0] for step in range(12)]
    assert len({mask.tobytes() for mask in masks}) > (1 if x.size else 0)
    assert_same_bits([trained(layer, x, step=3)[0]], [masks[3]], "the same step")
    others = [trained(Dropout(0.5, noise, seed=6), x, step=step)[0] for step in range(12)]
    assert any((a != b).any() for a, b in zip(masks, others, strict=True))


def test_it_is_what_spatial_dropout_does():
    x = np.random.default_rng(1).normal(size=(50, 4, 3))
    got = trained(Dropout(0.4, (None, 1, None), seed=2), x)
    assert_same_bits(got, trained(SpatialDropout1D(0.4, seed=2), x), "SpatialDropout1D")
    sizes = trained(Dropout(0.4, (50, 1, 3), seed=2), x)
    assert_same_bits(got, sizes, "sizes written out")
    plain = trained(Dropout(0.4, seed=2), x)
    assert_same_bits(trained(Dropout(0.4, (None, 4, None), seed=2), x), plain, "no axis of 1")


@pytest.mark.parametrize("noise", [(None, 1, None), (1, None, None), (1, None, 1), (None, None, 1)])
def test_bits_do_not_depend_on_threads(noise):
    x = np.random.default_rng(2).normal(size=(5000, 8, 16)).astype("float32")
    wanted, limit = None, runtime.get_num_threads()
    try:
        for count in (1, 2, 4):
            runtime.set_num_threads(count)
            run = recorded(Dropout(0.4, noise, seed=1), x, "float32")
            run.gradients(None, 0, len(x), 3)
            got = [np.array(run.output(0)), np.array(run.input_gradient(0))]
            if count > 1:
                assert_on_threads(run, len(x))
            wanted = wanted or got
            assert_same_bits(got, wanted, f"{noise} on {count} threads")
    finally:
        runtime.set_num_threads(limit)


def test_fewer_rows_keep_the_batch_s_mask():
    x = np.ones((40, 6))
    layer = Dropout(0.5, (1, None), seed=3)
    whole = trained(layer, x)[0]
    assert_same_bits([trained(layer, x[:7])[0]], [whole[:7]], "7 rows of 40")


def test_time_distributed_steps_draw_their_own():
    x = np.ones((30, 8, 3, 5))
    y = trained(TimeDistributed(Dropout(0.5, (1, 1, None), seed=3)), x)[0]
    assert (y == y[:1, :, :1]).all()
    assert (y[0, 1:] != y[0, :-1]).any()


def test_config():
    layer = Dropout(0.4, [None, 1, 3], seed=2)
    assert layer.noise_shape == (None, 1, 3)
    again = deserialize(json.loads(json.dumps(serialize(layer))))
    assert (again.rate, again.noise_shape, again.seed) == (0.4, (None, 1, 3), 2)
    assert deserialize(serialize(Dropout(0.4))).noise_shape is None


def test_a_model_learns_and_predicts_with_it():
    x = np.random.default_rng(3).normal(size=(32, 4, 3)).astype("float32")
    layers = [lamina.Input((4, 3)), Dropout(0.3, (None, 1, None)), lamina.layers.Flatten()]
    model = lamina.Sequential([*layers, lamina.layers.Dense(1)], seed=1)
    model.compile("sgd", "mse")
    model.fit(x, x[:, 0, :1], epochs=2, verbose=0)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(model.predict(x), x.reshape(32, 12) @ kernel + bias, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Dropout(0.4, 3), TypeError, r"Dropout: noise_shape must be like \(None.*got 3"),
        (lambda: Dropout(0.4, ()), TypeError, r"must be like .*got \(\)"),
        (lambda: Dropout(0.4, "ab"), TypeError, "must be like .*got 'ab'"),
        (lambda: Dropout(0.4, (None, 0)), ValueError, r"noise_shape\[1\] must be a positive .*0"),
        (lambda: Dropout(0.4, (None, 1.5)), TypeError, r"noise_shape\[1\] must be .*got 1.5"),
        (lambda: Dropout(0.4, (None, True)), TypeError, r"noise_shape\[1\] must be .*got True"),
        (
            lambda: Dropout(0.4, (None, 1))(np.ones((2, 4, 3))),
            ValueError,
            r"dropout: noise_shape must have None, 1 or the size for each axis of input "
            r"\(rows, 4, 3\); got \(None, 1\)",
        ),
        (
            lambda: Dropout(0.4, (None, 2, 3))(np.ones((2, 4, 3))),
            ValueError,
            r"input \(rows, 4, 3\); got \(None, 2, 3\)",
        ),
    ],
)
def test_refused(make, error, text):
    with pytest.raises(error, match=text):
        make()

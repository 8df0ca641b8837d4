"""Noise: the identity in prediction, the right moments in training, gradients that follow."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import _core, layers
from layer_harness import check_layer

LAYERS = [
    (layers.GaussianNoise, (6,)),
    (layers.GaussianDropout, (6,)),
    (layers.AlphaDropout, (6,)),
    (layers.SpatialDropout1D, (4, 3)),
    (layers.SpatialDropout2D, (2, 2, 3)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("cls", "shape"), LAYERS)
def test_layer(cls, shape, dtype):
    check_layer(lambda **base: cls(0.3, **base), shape, lambda x: x, dtype=dtype)


def _in_training(layer, x):
    graph = _core.Graph("float64")
    tensor = graph.input(x.shape[1:], "x")
    y = layer.record(graph, tensor)
    graph.add_output(y)
    graph.add_loss(graph.loss("mean_squared_error", y, graph.input(tuple(y.shape), "target")))
    graph.build()
    run = _core.Execution(graph, len(x), True, 1, True)
    run.bind([x, np.zeros_like(x)])
    run.gradients(None, 0, len(x), 3)
    return np.array(run.output(0))


def test_moments():
    x = np.random.default_rng(0).normal(size=(20000, 8))
    noise = _in_training(layers.GaussianNoise(0.5), x) - x
    assert abs(noise.mean()) < 0.005
    assert abs(noise.std() - 0.5) < 0.005
    factor = _in_training(layers.GaussianDropout(0.2), np.ones_like(x))
    assert abs(factor.mean() - 1.0) < 0.005
    assert abs(factor.std() - 0.5) < 0.005
    kept = _in_training(layers.AlphaDropout(0.2), x)
    assert abs(kept.mean()) < 0.02
    assert abs(kept.std() - 1.0) < 0.02


def test_spatial_dropout_drops_whole_channels():
    x = np.ones((500, 4, 4, 3))
    y = _in_training(layers.SpatialDropout2D(0.25), x)
    assert set(np.unique(y.round(9))) == {0.0, round(1 / 0.75, 9)}
    assert (y == y[:, :1, :1]).all()
    assert abs((y == 0).mean() - 0.25) < 0.05


def test_seeds_draw_different_noise():
    x = np.zeros((4, 5))
    one, same, other = (_in_training(layers.GaussianNoise(1.0, seed=s), x) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)

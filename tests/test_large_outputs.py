"""Outputs larger than the last cache bypass the caches; their values are the same."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import _core

CACHED_BYTES = 32 << 20  # csrc/kernels/large_output.h
CHANNELS, SIDE = 16, 32
IMAGE_BYTES = SIDE * SIDE * CHANNELS * 4


def input_gradient(x: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Of two depthwise convolutions, each normalised and rectified, the last one averaged."""
    rng = np.random.default_rng(1)
    graph = _core.Graph("float32")
    images = graph.input((SIDE, SIDE, CHANNELS), "x")
    wanted = graph.input((CHANNELS,), "target")
    y = images
    for i in range(2):
        shapes = {
            f"kernel{i}": (3, 3, CHANNELS, 1),
            f"mean{i}": (CHANNELS,),
            f"var{i}": (CHANNELS,),
        }
        slots = [_core.Parameter(name, shape, "float32") for name, shape in shapes.items()]
        _core.allocate(slots)
        slots[0].array[...] = rng.normal(size=slots[0].shape)
        kernel, mean, variance = map(graph.parameter, slots)
        y = graph.conv2d(y, kernel, None, (1, 1), (1, 1), (1, 1, 1, 1), groups=0)
        y = graph.activation(graph.batch_norm(y, mean, variance), "relu")
    means = graph.pool2d("average", y, (SIDE, SIDE), (SIDE, SIDE), (0, 0, 0, 0))
    means = graph.reshape(means, (CHANNELS,))
    graph.add_loss(graph.loss("mean_squared_error", means, wanted))
    graph.build()
    run = _core.Execution(graph, len(x), True, 0, True)
    run.bind([x, target])
    run.gradients(None, 0, len(x), 0)
    return np.array(run.input_gradient(0))


@pytest.mark.usefixtures("isa")
def test_rows_that_repeat_have_the_same_gradients() -> None:
    half = CACHED_BYTES // IMAGE_BYTES // 2 + 1
    rng = np.random.default_rng(0)
    x = rng.standard_normal((half, SIDE, SIDE, CHANNELS), np.float32)
    target = rng.standard_normal((half, CHANNELS), np.float32)
    alone = input_gradient(x, target)
    twice = input_gradient(np.concatenate([x, x]), np.concatenate([target, target]))
    np.testing.assert_array_equal(twice[:half], twice[half:])
    size = np.abs(alone).max()
    np.testing.assert_allclose(2 * twice[:half], alone, rtol=0, atol=1e-5 * size)

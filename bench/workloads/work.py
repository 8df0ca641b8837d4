"""The floating-point operations of a training step, and the shapes between its layers.

Only products are counted, at two operations per multiplication and addition, once forward and once
each for the gradients of the weights and of the input (which the first layer does not compute; a
recurrent one still computes those of its states).
Layers without products, such as a pool, an embedding or batch normalisation, count as one operation
per element each way, so that networks of only those do not count as free.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Shape = Any  # of a row: a tuple of ints, channels last; of several inputs, a tuple of those
Counted = tuple[float, Shape]  # operations forward, and the output shape


def _window(shape: Shape, size: int, padding: str) -> tuple[int, ...]:
    lost = 0 if padding == "same" else size - 1
    return tuple(length - lost for length in shape[:-1])


def dense(shape: Shape, units: int, _activation: str) -> Counted:
    return 2.0 * math.prod(shape) * units, (*shape[:-1], units)


def conv(shape: Shape, filters: int, size: int, padding: str, _activation: str) -> Counted:
    places = _window(shape, size, padding)
    window = size ** len(places)
    return 2.0 * math.prod(places) * window * shape[-1] * filters, (*places, filters)


def depthwise_conv2d(shape: Shape, size: int, padding: str) -> Counted:
    out = (*_window(shape, size, padding), shape[-1])
    return 2.0 * math.prod(out) * size**2, out


def pool(shape: Shape, size: int) -> Counted:
    out = (*(length // size for length in shape[:-1]), shape[-1])
    return float(math.prod(shape)), out


def recurrent(gates: int) -> Callable[..., Counted]:
    def count(shape: Shape, units: int, *_activation: str) -> Counted:
        return 2.0 * shape[0] * gates * units * (shape[1] + units), (units,)

    return count


def of_states(shape: Shape, gates: int, units: int) -> float:
    """Count the gradients of a recurrent layer's states."""
    return 2.0 * shape[0] * gates * units * units


def bidirectional_lstm(shape: Shape, units: int) -> Counted:
    return 2 * recurrent(4)(shape, units)[0], (2 * units,)


def embedding(shape: Shape, _words: int, size: int) -> Counted:
    return float(math.prod(shape) * size), (*shape, size)


def elementwise(shape: Shape, *_settings: Any) -> Counted:
    return float(math.prod(shape)), shape


LAYERS: dict[str, Callable[..., Counted]] = {
    "dense": dense,
    "conv1d": conv,
    "conv2d": conv,
    "depthwise_conv2d": depthwise_conv2d,
    "max_pool2d": pool,
    "global_average_pool1d": lambda shape: (float(math.prod(shape)), shape[-1:]),
    "global_average_pool2d": lambda shape: (float(math.prod(shape)), shape[-1:]),
    "simple_rnn": recurrent(1),
    "lstm": recurrent(4),
    "gru": recurrent(3),
    "bidirectional_lstm": bidirectional_lstm,
    "embedding": embedding,
    "flatten": lambda shape: (0.0, (math.prod(shape),)),
    "dropout": elementwise,
    "activation": elementwise,
    "batch_norm": elementwise,
}


GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3, "bidirectional_lstm": 8}


def step(layers: tuple[tuple[Any, ...], ...], shape: Shape) -> float:
    """Count forward and backward of one row, without the gradient at the data."""
    return _through(layers, shape, (2, 3))[0]


def forward(layers: tuple[tuple[Any, ...], ...], shape: Shape) -> float:
    """Count a prediction of one row."""
    return _through(layers, shape, (1, 1))[0]


def _through(layers: tuple[tuple[Any, ...], ...], shape: Shape, passes: tuple[int, int]) -> Counted:
    """Count the passes over each layer: of those that read the data, and of all others."""
    total = 0.0
    for kind, *settings in layers:
        if kind == "residual":
            count, shape = _through(settings[0], shape, passes)
            total += count + (passes[1] + 1) // 2 * math.prod(shape)
        elif kind == "concatenate":
            parts = [_through(*each, passes) for each in zip(settings, shape, strict=True)]
            total += sum(count for count, _ in parts)
            shape = (*parts[0][1][:-1], sum(out[-1] for _, out in parts))
        else:
            if kind in GATES and passes[0] < passes[1]:
                total += of_states(shape, GATES[kind], settings[0])
            count, shape = LAYERS[kind](shape, *settings)
            total += passes[0] * count
        if kind != "flatten":
            passes = (passes[1], passes[1])
    return total, shape

"""Steps of optimizers, in graphs for training."""

from __future__ import annotations

from typing import Any

from lamina import ops
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.registry import operator

TRAINING = "ai.onnx.preview.training"


def _columns(values: tuple[Any, ...], kinds: int) -> list[tuple[Any, ...]]:
    """Return, for each weight, its entry of each kind."""
    each = len(values) // kinds
    return list(zip(*(values[i * each : (i + 1) * each] for i in range(kinds)), strict=True))


def _rows(made: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return all weights, then all of each other kind."""
    return tuple(v for column in zip(*made, strict=True) for v in column)


def _penalized(node: Node, weight: Any, gradient: Any) -> Any:
    return ops.add(ops.multiply(weight, node.float("norm_coefficient", 0.0)), gradient)


def _moved(weight: Any, rate: Any, direction: Any, squares: Any, epsilon: float) -> Any:
    step = ops.divide(ops.multiply(rate, direction), ops.add(ops.sqrt(squares), epsilon))
    return ops.subtract(weight, step)


@operator("Adagrad", domain=TRAINING)
def adagrad(node: Node, rate: Any, step: Any, *values: Any) -> Any:
    """Return weights and sums of squares after one step."""
    decay, epsilon = node.float("decay_factor", 0.0), node.float("epsilon", 1e-6)
    rate = ops.divide(rate, ops.add(1.0, ops.multiply(ops.cast(step, "float32"), decay)))
    made = []
    for weight, gradient, squares in _columns(values, 3):
        g = _penalized(node, weight, gradient)
        h = ops.add(squares, ops.square(g))
        made.append((_moved(weight, rate, g, h, epsilon), h))
    return _rows(made)


@operator("Momentum", domain=TRAINING)
def momentum(node: Node, rate: Any, step: Any, *values: Any) -> Any:
    """Return weights and velocities after one step."""
    alpha, beta = node.float("alpha", 0.9), node.float("beta", 1.0)
    share = ops.where(ops.greater(step, 0), beta, 1.0)
    made = []
    for weight, gradient, velocity in _columns(values, 3):
        g = _penalized(node, weight, gradient)
        v = ops.add(ops.multiply(velocity, alpha), ops.multiply(g, share))
        ahead = ops.add(g, ops.multiply(v, alpha)) if node.text("mode") == "nesterov" else v
        made.append((ops.subtract(weight, ops.multiply(rate, ahead)), v))
    return _rows(made)


@operator("Adam", domain=TRAINING)
def adam(node: Node, rate: Any, step: Any, *values: Any) -> Any:
    """Return weights and moments after one step."""
    a, b = node.float("alpha", 0.9), node.float("beta", 0.999)
    after, epsilon = node.float("norm_coefficient_post", 0.0), node.float("epsilon", 1e-6)
    count = ops.cast(step, "float32")
    unbiased = ops.divide(
        ops.sqrt(ops.subtract(1.0, ops.power(b, count))), ops.subtract(1.0, ops.power(a, count))
    )
    rate = ops.where(ops.greater(step, 0), ops.multiply(rate, unbiased), rate)
    made = []
    for weight, gradient, first, second in _columns(values, 4):
        g = _penalized(node, weight, gradient)
        v = ops.add(ops.multiply(first, a), ops.multiply(g, 1 - a))
        h = ops.add(ops.multiply(second, b), ops.multiply(ops.square(g), 1 - b))
        made.append((ops.multiply(_moved(weight, rate, v, h, epsilon), 1 - after), v, h))
    return _rows(made)

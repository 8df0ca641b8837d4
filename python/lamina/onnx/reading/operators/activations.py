"""Activations."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from lamina import ops
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.operators._elements import one
from lamina.onnx.reading.registry import number, operator
from lamina.onnx.reading.views import axis_of, opened, plain, rank, sizes, viewed

SIMPLE: dict[str, Callable[[Any], Any]] = {
    "Relu": ops.relu, "Sigmoid": ops.sigmoid, "Softplus": ops.softplus, "Softsign": ops.softsign,
    "HardSwish": ops.hard_silu, "Mish": ops.mish,
}  # fmt: skip


def _enter(name: str, function: Callable[[Any], Any]) -> None:
    operator(name, views=True)(lambda _, x: one(function, x))


for _name, _function in SIMPLE.items():
    _enter(_name, _function)


@operator("LeakyRelu", views=True)
def leaky_relu(node: Node, x: Any) -> Any:
    """Return x, with negative elements multiplied by alpha."""
    alpha = node.float("alpha", 0.01)
    return one(lambda v: ops.where(ops.less(v, 0.0), ops.multiply(v, alpha), v), x)


@operator("Elu", views=True)
def elu(node: Node, x: Any) -> Any:
    """Return x, or alpha (exp(x) - 1) where it is negative."""
    return one(lambda v: ops.elu(v, node.float("alpha", 1.0)), x)


@operator("Selu", views=True)
def selu(node: Node, x: Any) -> Any:
    """Return gamma times the ELU of x."""
    alpha = node.float("alpha", 1.67326319217681884765625)
    gamma = node.float("gamma", 1.05070102214813232421875)
    return one(lambda v: ops.multiply(ops.elu(v, alpha), gamma), x)


@operator("Celu", views=True)
def celu(node: Node, x: Any) -> Any:
    """Return max(0, x) + min(0, alpha (exp(x / alpha) - 1))."""
    return one(lambda v: ops.celu(v, node.float("alpha", 1.0)), x)


@operator("HardSigmoid", views=True)
def hard_sigmoid(node: Node, x: Any) -> Any:
    """Return alpha x + beta within [0, 1]."""
    alpha, beta = node.float("alpha", 0.2), node.float("beta", 0.5)
    return one(lambda v: ops.clip(ops.add(ops.multiply(v, alpha), beta), 0.0, 1.0), x)


@operator("ThresholdedRelu", views=True)
def thresholded_relu(node: Node, x: Any) -> Any:
    """Return x if it is larger than alpha, otherwise 0."""
    alpha = node.float("alpha", 1.0)
    return one(lambda v: ops.where(ops.greater(v, alpha), v, 0.0), x)


@operator("Shrink", views=True)
def shrink(node: Node, x: Any) -> Any:
    """Return x moved towards 0 by bias if its size exceeds lambd, otherwise 0."""
    bias, bound = node.float("bias", 0.0), node.float("lambd", 0.5)

    def shrunk(v: Any) -> Any:
        positive = ops.where(ops.greater(v, bound), ops.subtract(v, bias), 0.0)
        return ops.where(ops.less(v, -bound), ops.add(v, bias), positive)

    return one(shrunk, x)


@operator("Gelu", views=True)
def gelu(node: Node, x: Any) -> Any:
    """Return x times the normal distribution function, or its approximation by tanh."""
    return one(lambda v: ops.gelu(v, node.text("approximate", "none") == "tanh"), x)


@operator("Swish", views=True)
def swish(node: Node, x: Any) -> Any:
    """Return x sigmoid(alpha x)."""
    alpha = node.float("alpha", 1.0)
    if alpha == 1.0:
        return one(ops.silu, x)
    return one(lambda v: ops.multiply(v, ops.sigmoid(ops.multiply(v, alpha))), x)


def _along(node: Node, x: Any, function: Callable[[Any, int], Any]) -> Any:
    """Return a function along an axis: before version 13, along that axis and all after it."""
    axis = axis_of(node.int("axis", -1 if node.opset >= 13 else 1), max(rank(x), 1))
    if node.opset >= 13 or axis == rank(x) - 1:
        stored, order = opened(x)
        return viewed(function(stored, order[axis]), order)
    x = plain(x)
    behind = prod(sizes(x)[axis:])
    flat = ops.reshape(x, (*sizes(x)[:axis], behind))
    return ops.reshape(function(flat, axis), sizes(x))


@operator("Softmax", views=True)
def softmax(node: Node, x: Any) -> Any:
    """Return exp(x), divided by the sum."""
    return _along(node, x, lambda v, axis: ops.softmax(v, axis=axis))


@operator("LogSoftmax", views=True)
def log_softmax(node: Node, x: Any) -> Any:
    """Return the logarithm of the softmax."""
    return _along(node, x, lambda v, axis: ops.log_softmax(v, axis=axis))


@operator("Hardmax", views=True)
def hardmax(node: Node, x: Any) -> Any:
    """Return 1 at the first largest element, 0 elsewhere."""

    def largest(v: Any, axis: int) -> Any:
        return ops.one_hot(ops.argmax(v, axis=axis), ops.shape(v)[axis], axis=axis)

    return _along(node, x, largest)


@operator("Dropout", views=True, known=(1, 2))
def dropout(node: Node, x: Any, ratio: Any = None, training: Any = None) -> Any:
    """Return x, and True for each element: dropout is only for training."""
    acts = node.opset >= 12 and training is not None and bool(number(training, "training_mode"))
    rate = float(number(ratio, "ratio", 0.5)) if acts else 0.0
    if rate:
        raise ValueError(
            "random dropout (training_mode) is not supported; export the model in inference mode"
        )
    mask = None
    if len(node.outputs) > 1 and node.outputs[1]:
        dtype = "bool" if node.opset >= 10 else "float32"
        mask = one(lambda v: ops.ones_like(v, dtype=dtype), x)
    return x, mask

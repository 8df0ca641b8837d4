"""Normalisations and softmax."""

from __future__ import annotations

from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.sheet import Array
from lamina.onnx.writing.translation import Translation, Value

SHORTEST = 1e-7  # a row that is shorter is divided by this length


@converts("batch_norm")
def batch_norm(t: Translation, asked: Asked) -> str:
    """Write the normalisation by moving statistics, as used for predictions."""
    x = asked.x
    size = x.shape[-1]
    gamma, beta = asked["gamma"], asked["beta"]
    if not t.short_attributes:
        mean, variance = t.name_of(asked["moving_mean"]), t.name_of(asked["moving_variance"])
        return _normalized(t, asked, t.node("Sub", t.name_of(x), mean), variance)
    y = t.node(
        "BatchNormalization", t.channels_first(x),
        t.ones(size) if gamma is None else t.name_of(gamma),
        t.zeros(size) if beta is None else t.name_of(beta),
        t.name_of(asked["moving_mean"]), t.name_of(asked["moving_variance"]),
        epsilon=float(asked["epsilon"]),
    )  # fmt: skip
    return t.channels_last(y, x.rank)


@converts("layer_norm")
def layer_norm(t: Translation, asked: Asked) -> str:
    """Write the normalisation of the last axes."""
    x, axes = asked.x, int(asked["axes"])
    shape = x.shape[len(x.shape) - axes :]
    gamma, beta = asked["gamma"], asked["beta"]
    if not t.short_attributes:
        last = t.integers(range(-axes, 0))
        mean = t.node("ReduceMean", t.name_of(x), last, keepdims=1)
        apart = t.node("Sub", t.name_of(x), mean)
        variance = t.node("ReduceMean", t.node("Mul", apart, apart), last, keepdims=1)
        return _normalized(t, asked, apart, variance, shape)
    return t.node(
        "LayerNormalization", t.name_of(x),
        t.ones(*shape) if gamma is None else _of_shape(t, gamma, shape),
        "" if beta is None else _of_shape(t, beta, shape),
        axis=-axes, epsilon=float(asked["epsilon"]),
    )  # fmt: skip


def _normalized(
    t: Translation, asked: Asked, apart: str, variance: str, shape: tuple[int, ...] = ()
) -> str:
    """Write apart / sqrt(variance + epsilon) gamma + beta."""
    y = t.node("Div", apart, t.node("Sqrt", t.node("Add", variance, t.number(asked["epsilon"]))))
    for op, weight in (("Mul", asked["gamma"]), ("Add", asked["beta"])):
        if weight is not None:
            y = t.node(op, y, _of_shape(t, weight, shape or weight.shape))
    return y


def _of_shape(t: Translation, weight: Value, shape: tuple[int, ...]) -> str:
    if weight.shape == shape:
        return t.name_of(weight)

    def arrange(array: Array) -> Array:
        return array.reshape(shape)

    return t.laid_out(
        weight, f"shape {shape}", arrange, lambda: t.reshaped(weight.name, list(shape))
    )


@converts("normalize")
def normalize(t: Translation, asked: Asked) -> str:
    """Write (x - mean) / std."""
    apart = t.node("Sub", t.name_of(asked.x), t.name_of(asked["mean"]))
    return t.node("Div", apart, t.name_of(asked["std"]))


@converts("unit_rows")
def unit_rows(t: Translation, asked: Asked) -> str:
    """Write the last axis scaled to length 1."""
    x = t.name_of(asked.x)
    length = t.node("ReduceL2", x, t.integers([-1]), keepdims=1)
    return t.node("Div", x, t.node("Max", length, t.number(SHORTEST)))


@converts("softmax")
def softmax(t: Translation, asked: Asked) -> str:
    """Write the softmax of the last axis."""
    return t.node("Softmax", t.name_of(asked.x), axis=-1)


@converts("log_softmax")
def log_softmax(t: Translation, asked: Asked) -> str:
    """Write its logarithm."""
    return t.node("LogSoftmax", t.name_of(asked.x), axis=-1)

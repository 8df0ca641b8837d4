"""Quantization: integers for numbers, with a scale and a zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import ops
from lamina.onnx.reading.graph import TYPES, Node, type_name
from lamina.onnx.reading.registry import operator
from lamina.onnx.reading.views import axis_of, plain, rank, sizes


def _limits(name: str) -> tuple[int, int]:
    bits = int(name.lstrip("uint"))
    return (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _along(node: Node, v: Any, x: Any) -> Any:
    """Return a scale, or zero, for each element: common to all, to an index, or to a block."""
    v = plain(v)
    if rank(v) == 0 or all(s == 1 for s in sizes(v)):
        return ops.reshape(v, ())
    axis = axis_of(node.int("axis", 1), rank(x))
    if rank(v) == 1:
        return ops.reshape(v, [sizes(v)[0] if i == axis else 1 for i in range(rank(x))])
    each = ops.repeat(v, node.int("block_size", 1), axis=axis)
    keys = tuple(slice(0, s) if isinstance(s, int) else slice(None) for s in sizes(x))
    return ops.get_item(each, keys)


@operator("QuantizeLinear")
def quantize(node: Node, x: Any, scale: Any, zero: Any = None) -> Any:
    """Return ``x / scale + zero``, rounded, within the limits of an integer type."""
    name = _type_made(node)
    return quantized(
        x, _along(node, scale, x), None if zero is None else _along(node, zero, x), name
    )


def quantized(x: Any, scale: Any, zero: Any, name: str) -> Any:
    """Return numbers as integers of a type."""
    y = ops.round(ops.divide(x, scale))
    if zero is not None:
        y = ops.add(y, ops.cast(zero, "float32"))
    low, high = _limits(name)
    return ops.cast(ops.clip(y, float(low), float(high)), "int32")


@operator("DequantizeLinear")
def dequantize(node: Node, x: Any, scale: Any, zero: Any = None) -> Any:
    """Return ``(x - zero) scale``."""
    return dequantized(x, _along(node, scale, x), None if zero is None else _along(node, zero, x))


def dequantized(x: Any, scale: Any, zero: Any) -> Any:
    """Return the numbers that integers represent."""
    y = ops.cast(_numbers(x), "float32")
    if zero is not None:
        y = ops.subtract(y, ops.cast(_numbers(zero), "float32"))
    return ops.multiply(y, scale)


def _numbers(x: Any) -> Any:
    """Return an array with a dtype of NumPy."""
    return x.astype(np.int32) if isinstance(x, np.ndarray) and x.dtype.kind != "f" else x


@operator("DynamicQuantizeLinear")
def dynamic(_: Node, x: Any) -> Any:
    """Return x as bytes, with the scale and zero from its range."""
    low, high = ops.minimum(ops.min(x), 0.0), ops.maximum(ops.max(x), 0.0)
    scale = ops.divide(ops.subtract(high, low), 255.0)
    zero = ops.clip(ops.round(ops.divide(ops.negative(low), scale)), 0.0, 255.0)
    return quantized(x, scale, zero, "uint8"), scale, ops.cast(zero, "int32")


@operator("MatMulInteger")
def matmul_integer(_: Node, a: Any, b: Any, a_zero: Any = None, b_zero: Any = None) -> Any:
    """Return the product of integers."""
    left, right = ops.cast(_numbers(a), "float32"), ops.cast(_numbers(b), "float32")
    if a_zero is not None:
        shape = sizes(a_zero)
        a_zero = ops.reshape(a_zero, (*shape, 1)) if len(shape) == 1 and shape[0] > 1 else a_zero
        left = ops.subtract(left, ops.cast(_numbers(a_zero), "float32"))
    if b_zero is not None:
        right = ops.subtract(right, ops.cast(_numbers(b_zero), "float32"))
    return ops.cast(ops.round(ops.matmul(left, right)), "int32")


@operator("QLinearMatMul")
def quantized_matmul(
    node: Node, a: Any, a_scale: Any, a_zero: Any, b: Any, b_scale: Any, b_zero: Any, y_scale: Any,
    y_zero: Any,
) -> Any:  # fmt: skip
    """Return the product of quantized matrices, quantized."""
    product = ops.matmul(dequantized(a, a_scale, a_zero), dequantized(b, b_scale, b_zero))
    return quantized(product, y_scale, y_zero, _type_made(node))


def _type_made(node: Node) -> str:
    """Return the integer type of a node's output."""
    number = node.int("output_dtype", 0) or node.int("type", 2)
    name = type_name(number)
    if number not in TYPES or TYPES[number][1] != "int32":
        raise ValueError(f"the type {name} is not supported")
    return name


@operator("ConvInteger")
def conv_integer(node: Node, x: Any, w: Any, x_zero: Any = None, w_zero: Any = None) -> Any:
    """Return a convolution of integers."""
    one = np.ones((), np.float32)
    w_zero = None if w_zero is None else _by_filter(w_zero)
    product = _conv(node, dequantized(x, one, x_zero), dequantized(w, one, w_zero), None)
    return ops.cast(ops.round(product), "int32")


def _by_filter(v: Any) -> Any:
    """Return a number for each filter of a kernel, or one for all."""
    return ops.reshape(_numbers(v), (-1, 1, 1, 1) if rank(v) == 1 and sizes(v)[0] > 1 else ())


def _conv(node: Node, x: Any, w: Any, b: Any) -> Any:
    from lamina.onnx.reading.forms import applied
    from lamina.onnx.reading.operators.convolution import _conv_form, conv

    form = _conv_form(node, tuple(sizes(w)))
    return plain(conv(node, x, w if form is None else applied(form, w), b))


@operator("QLinearConv")
def quantized_conv(
    node: Node, x: Any, x_scale: Any, x_zero: Any, w: Any, w_scale: Any, w_zero: Any, y_scale: Any,
    y_zero: Any, b: Any = None,
) -> Any:  # fmt: skip
    """Return the convolution of quantized images, quantized."""
    scale, zero = _by_filter(w_scale), _by_filter(w_zero)
    bias = None
    if b is not None:
        bias = ops.multiply(ops.cast(_numbers(b), "float32"), ops.multiply(x_scale, w_scale))
    y = _conv(node, dequantized(x, x_scale, x_zero), dequantized(w, scale, zero), bias)
    return quantized(y, y_scale, y_zero, _type_made(node))

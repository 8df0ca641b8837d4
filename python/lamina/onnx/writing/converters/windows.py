"""Convolutions and poolings: ONNX has the channels after the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.onnx.writing.converters.functions import activated
from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.sheet import Array, Choice
from lamina.onnx.writing.translation import Translation, Value


def _spatial(asked: Asked) -> int:
    """Return the number of spatial axes: 1 for steps, which the engine treats as height 1."""
    return len(asked.x.shape) - 1


def _sides(numbers: Sequence[int], axes: int) -> list[int]:
    return [int(n) for n in numbers][-axes:]


def _pads(padding: Sequence[int], axes: int) -> list[tuple[int, int]]:
    top, bottom, left, right = (int(n) for n in padding)
    return [(top, bottom), (left, right)][-axes:]


def _same(shape: Sequence[int], spans: Sequence[int], strides: Sequence[int]) -> Any:
    """Return the pads that give one output for each stride along an axis."""
    pads = []
    for size, span, stride in zip(shape, spans, strides, strict=True):
        whole = max((-(-size // stride) - 1) * stride + span - size, 0)
        pads.append((whole // 2, whole - whole // 2))
    return pads


def _padding(
    pads: Sequence[tuple[int, int]], shape: Sequence[int], spans: Sequence[int],
    strides: Sequence[int],
) -> Choice:  # fmt: skip
    exact = {"pads": [a for a, _ in pads] + [b for _, b in pads]}
    by_rule = list(pads) == _same(shape, spans, strides)
    return Choice(exact, {"auto_pad": "SAME_UPPER"} if by_rule else None)


# --- kernels: Keras's (height, width, in, out) as ONNX's (out, in, height, width)


def _outputs_first(array: Array) -> Array:
    return np.moveaxis(array, (-1, -2), (0, 1))


def _depthwise(array: Array) -> Array:
    # (..., channels, multiplier) as (channels * multiplier, 1, ...)
    flat = array.reshape(*array.shape[:-2], 1, array.shape[-2] * array.shape[-1])
    return _outputs_first(flat)


def _kernel(t: Translation, kernel: Value, axes: int, depthwise: bool) -> str:
    shape = kernel.shape[len(kernel.shape) - axes - 2 :]
    rank = len(shape)

    def arrange(array: Array) -> Array:
        return (_depthwise if depthwise else _outputs_first)(array.reshape(shape))

    def otherwise() -> str:
        name = kernel.name
        if depthwise:
            name = t.reshaped(name, [*shape[:-2], 1, shape[-2] * shape[-1]])
        elif shape != kernel.shape:
            name = t.reshaped(name, shape)
        return t.transposed(name, [rank - 1, rank - 2, *range(rank - 2)])

    return t.laid_out(kernel, f"outputs first {axes} {depthwise}", arrange, otherwise)


@converts("conv2d")
def conv2d(t: Translation, asked: Asked) -> str:
    """Write a convolution, then its activation."""
    x, kernel, axes = asked.x, asked["kernel"], _spatial(asked)
    depthwise = asked["groups"] == 0
    strides, dilation = _sides(asked["strides"], axes), _sides(asked["dilation"], axes)
    sizes = list(kernel.shape[-2 - axes : -2])
    spans = [(k - 1) * d + 1 for k, d in zip(sizes, dilation, strict=True)]
    bias = asked["bias"]
    y = t.node(
        "Conv", t.channels_first(x), _kernel(t, kernel, axes, depthwise),
        "" if bias is None else t.name_of(bias),
        kernel_shape=sizes, strides=strides, dilations=dilation,
        group=x.shape[-1] if depthwise else int(asked["groups"]),
        padding=_padding(_pads(asked["padding"], axes), x.shape[:-1], spans, strides),
    )  # fmt: skip
    return t.channels_last(activated(t, y, asked["activation"], asked["alpha"]), axes + 2)


@converts("conv2d_transpose")
def conv2d_transpose(t: Translation, asked: Asked) -> str:
    """Write a transposed convolution, then its activation.

    Padding only cuts the output of one without it; requested elements beyond that output are zero.
    """
    x, kernel, axes = asked.x, asked["kernel"], _spatial(asked)
    strides, dilation = _sides(asked["strides"], axes), _sides(asked["dilation"], axes)
    sizes = list(kernel.shape[-2 - axes : -2])
    pads, bias = _pads(asked["padding"], axes), asked["bias"]
    shape = list(asked.shape[:-1])
    spans = [(k - 1) * d + 1 for k, d in zip(sizes, dilation, strict=True)]
    full = [s * (n - 1) + w for s, n, w in zip(strides, x.shape, spans, strict=False)]
    begins = [a for a, _ in pads]
    # How much of `full` is cut after the output; negative if zeros are added.
    ends = [f - a - n for f, a, n in zip(full, begins, shape, strict=True)]
    y = t.node(
        "ConvTranspose", t.channels_first(x),
        _kernel(t, kernel, axes, False),
        kernel_shape=sizes, strides=strides, dilations=dilation, group=int(asked["groups"]),
        pads=begins + [max(e, 0) for e in ends],
    )  # fmt: skip
    if any(e < 0 for e in ends):
        margins = [0] * (axes + 4) + [max(-e, 0) for e in ends]
        y = t.node("Pad", y, t.integers(margins), t.number(0), mode="constant")
    y = t.channels_last(y, axes + 2)
    if bias is not None:
        y = t.node("Add", y, t.name_of(bias))
    return activated(t, y, asked["activation"], asked["alpha"])


@converts("pool2d")
def pool2d(t: Translation, asked: Asked) -> str:
    """Write the largest or the mean of each window."""
    x, axes = asked.x, _spatial(asked)
    sizes, strides = _sides(asked["pool"], axes), _sides(asked["strides"], axes)
    largest, pads = asked["kind"] == "max", _pads(asked["padding"], axes)
    if tuple(sizes) == x.shape[:-1] and not any(a or b for a, b in pads):  # for any size
        op = "GlobalMaxPool" if largest else "GlobalAveragePool"
        return t.channels_last(t.node(op, t.channels_first(x)), axes + 2)
    counts = {} if largest else {"count_include_pad": 0}
    y = t.node(
        "MaxPool" if largest else "AveragePool", t.channels_first(x),
        kernel_shape=sizes, strides=strides, **counts,
        padding=_padding(pads, x.shape[:-1], sizes, strides),
    )  # fmt: skip
    return t.channels_last(y, axes + 2)

"""Windows and spectra of signals."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import ops
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.known import cast_to, check_size
from lamina.onnx.reading.registry import number, operator
from lamina.onnx.reading.views import axis_of, rank, sizes

COEFFICIENTS = {
    "HannWindow": (0.5, 0.5, 0.0), "HammingWindow": (25 / 46, 21 / 46, 0.0),
    "BlackmanWindow": (0.42, 0.5, 0.08),
}  # fmt: skip


@operator(*COEFFICIENTS, known=(0,))
def window(node: Node, size: Any) -> Any:
    """Return a window, a sum of cosines."""
    count = int(number(size, "size"))
    check_size([count])
    a, b, c = COEFFICIENTS[node.op]
    steps = count if node.int("periodic", 1) else count - 1
    angle = np.arange(count) * (2 * np.pi / steps)
    made = a - b * np.cos(angle) + c * np.cos(2 * angle)
    return cast_to(made, node.int("output_datatype", 1))


@operator("MelWeightMatrix", known=(0, 1, 2, 3, 4))
def mel_matrix(node: Node, *settings: Any) -> Any:
    """Return the weights of the bins of a spectrum in each band of the mel scale."""
    bands, length, rate, low, high = (number(v, "a setting") for v in settings)
    bins = int(length) // 2 + 1
    check_size([bins, int(bands)])
    ends = 2595 * np.log10(1 + np.array([low, high], float) / 700)
    step = (ends[1] - ends[0]) / (int(bands) + 2)
    edges = 700 * (10 ** ((np.arange(int(bands) + 2) * step + ends[0]) / 2595) - 1)
    places = ((int(length) + 1) * edges // rate).astype(int)
    made = np.zeros((bins, int(bands)))
    for i in range(int(bands)):
        left, centre, right = places[i : i + 3]
        if centre == left:
            made[centre, i] = 1.0
        for j in range(left, centre + 1):
            if centre > left:
                made[j, i] = (j - left) / (centre - left)
        for j in range(centre, right):
            if right > centre:
                made[j, i] = (right - j) / (right - centre)
    return cast_to(made, node.int("output_datatype", 1))


def _waves(size: int, count: int, sign: float) -> tuple[Any, Any]:
    """Return cos and sin of ``2 pi i j / size`` for all i below size and j below count."""
    check_size([size, count])
    angle = np.outer(np.arange(size), np.arange(count)) % size * (2 * np.pi / size)
    return np.cos(angle), sign * np.sin(angle)


def _spectrum(x: Any, size: int, count: int, sign: float) -> tuple[Any, Any]:
    """Return real and imaginary parts of sums over the second to last axis, (..., size, 1 or 2)."""
    cosines, sines = (w.astype(np.float32) for w in _waves(size, count, sign))
    real = ops.get_item(x, (..., 0))
    a, b = ops.matmul(real, cosines), ops.matmul(real, sines)
    if sizes(x)[-1] == 2:
        imaginary = ops.get_item(x, (..., 1))
        a = ops.subtract(a, ops.matmul(imaginary, sines))
        b = ops.add(b, ops.matmul(imaginary, cosines))
    return a, b


@operator("DFT", known=(1, 2))
def dft(node: Node, x: Any, length: Any = None, axis: Any = None) -> Any:
    """Return the discrete Fourier transform along an axis; the last axis contains the parts."""
    given_axis = node.int("axis", 1) if node.opset < 20 else int(number(axis, "axis", -2))
    place = axis_of(given_axis, rank(x))
    if place == rank(x) - 1:
        raise ValueError("axis must not be that of real and imaginary parts")
    moved = ops.moveaxis(x, place, -2)
    one_sided, inverse = node.int("onesided", 0), node.int("inverse", 0)
    size = int(number(length, "dft_length", 0)) or sizes(moved)[-2]
    if one_sided and inverse:
        size = int(number(length, "dft_length", 0)) or 2 * (sizes(moved)[-2] - 1)
        moved = _both_sides(moved, size)
    moved = _of_length(moved, size)
    count = size // 2 + 1 if one_sided and not inverse else size
    parts = _spectrum(moved, size, count, 1.0 if inverse else -1.0)
    if inverse:
        parts = tuple(ops.divide(p, float(size)) for p in parts)
    y = ops.expand_dims(parts[0], -1) if one_sided and inverse else ops.stack(list(parts), axis=-1)
    return ops.moveaxis(y, -2, place)


def _of_length(x: Any, size: int) -> Any:
    """Return a signal cut, or padded with zeros, to a length."""
    own = sizes(x)[-2]
    if own > size:
        return ops.get_item(x, (..., slice(0, size), slice(None)))
    if own < size:
        margins = [(0, 0)] * rank(x)
        margins[-2] = (0, size - own)
        return ops.pad(x, margins)
    return x


def _both_sides(x: Any, size: int) -> Any:
    """Return a whole spectrum from its first half, of a real signal."""
    half = _of_length(x, size // 2 + 1)
    rest = ops.flip(ops.get_item(half, (..., slice(1, size - size // 2), slice(None))), -2)
    return ops.concatenate([half, ops.multiply(rest, np.array([1.0, -1.0], np.float32))], axis=-2)


@operator("STFT", known=(1, 3))
def stft(node: Node, x: Any, step: Any, window_: Any = None, length: Any = None) -> Any:
    """Return the spectra of parts of a signal."""
    hop = int(number(step, "frame_step"))
    size = int(number(length, "frame_length", 0)) or (
        sizes(window_)[0] if window_ is not None else 0
    )
    steps = sizes(x)[1]
    if not 0 < size <= steps or hop < 1:
        raise ValueError(f"frames of {size}, {hop} apart, do not fit into {steps} steps")
    starts = np.arange(0, steps - size + 1, hop)
    places = (starts[:, None] + np.arange(size)).astype(np.int32)
    frames = ops.take(x, places, 1)
    if window_ is not None:
        frames = ops.multiply(frames, ops.reshape(window_, (size, 1)))
    count = size // 2 + 1 if node.int("onesided", 1) else size
    return ops.stack(list(_spectrum(frames, size, count, -1.0)), axis=-1)

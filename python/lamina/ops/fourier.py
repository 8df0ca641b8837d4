"""Fourier transforms: of whole axes, and of frames of a signal.

Complex numbers are pairs (real, imaginary) of tensors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import choice
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._arguments import known_array
from lamina.ops._axes import shown
from lamina.ops._elements import floats
from lamina.ops._numbers import integer
from lamina.ops.arithmetic import multiply
from lamina.ops.joining import concatenate
from lamina.ops.reductions import sum as sum_of
from lamina.ops.repeating import chosen, flip, pad
from lamina.ops.shaping import reshape, swapaxes
from lamina.ops.signals import extract_sequences
from lamina.ops.splitting import length_of, part

__all__ = ["fft", "fft2", "ifft2", "irfft", "istft", "rfft", "stft"]


@operation
def fft(x: Any) -> Any:
    """Return the discrete Fourier transform along the last axis.

    Element k is the sum of ``x[n] * exp(-2 pi i k n / size)`` over n.

    Parameters
    ----------
    x : tuple of 2 tensors or array_like
        Real and imaginary parts, of the same shape.

    Returns
    -------
    tuple of 2 tensors or arrays
        Real and imaginary parts.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.fft(([0.0, 1.0], [1.0, 0.0]))
    (array([ 1., -1.], dtype=float32), array([1., 1.], dtype=float32))
    """
    return _transformed(*_pair("fft", x))


@operation
def fft2(x: Any) -> Any:
    """Return the discrete Fourier transform along the last two axes.

    Parameters
    ----------
    x : tuple of 2 tensors or array_like, shape (..., m, n)
        Real and imaginary parts.

    Returns
    -------
    tuple of 2 tensors or arrays

    Examples
    --------
    >>> from lamina import ops
    >>> real, imaginary = ops.fft2((ops.ones((2, 2)), ops.zeros((2, 2))))
    >>> real
    array([[4., 0.],
           [0., 0.]], dtype=float32)
    """
    return _both_axes("fft2", x, False)


@operation
def ifft2(x: Any) -> Any:
    """Return the inverse of ``fft2``.

    Parameters
    ----------
    x : tuple of 2 tensors or array_like, shape (..., m, n)
        Real and imaginary parts.

    Returns
    -------
    tuple of 2 tensors or arrays

    Examples
    --------
    >>> from lamina import ops
    >>> ops.ifft2(([[4.0, 0.0], [0.0, 0.0]], ops.zeros((2, 2))))[0]
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """
    return _both_axes("ifft2", x, True)


@operation
def rfft(x: Any, fft_length: Any = None) -> Any:
    """Return the discrete Fourier transform of real numbers along the last axis.

    Only the first half is returned, up to the middle: the rest is its mirror image.

    Parameters
    ----------
    x : tensor or array_like, shape (..., n)
    fft_length : int, optional
        Length of the transform: the first elements, or all followed by zeros.

    Returns
    -------
    tuple of 2 tensors or arrays, shape (..., fft_length // 2 + 1)
        Real and imaginary parts.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.rfft([1.0, 2.0, 3.0])[0]
    array([ 6. , -1.5], dtype=float32)
    """
    x = _last("rfft", floats(given(x)))
    if fft_length is not None:
        x = _sized(x, integer("rfft", "fft_length", fft_length, 1))
    real, imaginary = record("fourier", x, None, False)
    half = length_of(x, x.ndim - 1) // 2 + 1
    return _cut(real, half), _cut(imaginary, half)


@operation
def irfft(x: Any, fft_length: Any = None) -> Any:
    """Return the inverse of ``rfft``.

    Parameters
    ----------
    x : tuple of 2 tensors or array_like, shape (..., m)
        Real and imaginary parts of the first half of a transform.
    fft_length : int, optional
        Number of elements returned, by default ``2 * (m - 1)``: the first ``fft_length // 2 + 1``
        elements of x are used, followed by zeros if there are fewer.

    Returns
    -------
    tensor or array, shape (..., fft_length)

    Examples
    --------
    >>> from lamina import ops
    >>> ops.irfft(ops.rfft([1.0, 2.0, 3.0]), 3)
    array([1., 2., 3.], dtype=float32)
    """
    real, imaginary = _pair("irfft", x)
    size = 2 * (length_of(real, real.ndim - 1) - 1)
    if fft_length is not None:
        size = integer("irfft", "fft_length", fft_length, 1)
    if size < 1:
        raise ValueError(
            f"irfft: x must have at least two elements, or fft_length be given; got {shown(real)}"
        )
    half = size // 2 + 1
    real, imaginary = _sized(real, half), _sized(imaginary, half)
    mirrored = (size - 1) // 2
    if mirrored:
        back = flip(part(real, real.ndim - 1, 1, mirrored), -1)
        real = concatenate([real, back], -1)
        back = flip(part(imaginary, imaginary.ndim - 1, 1, mirrored), -1)
        imaginary = concatenate([imaginary, multiply(back, -1.0)], -1)
    return record("fourier", real, imaginary, True)[0]


@operation
def stft(
    x: Any, sequence_length: Any, sequence_stride: Any, fft_length: Any, window: Any = "hann",
    center: bool = True,
) -> Any:  # fmt: skip
    """Return the short-time Fourier transforms of a signal along the last axis.

    Parameters
    ----------
    x : tensor or array_like, shape (..., n)
    sequence_length : int
        Length of the window.
    sequence_stride : int
        Distance between the starts of successive frames.
    fft_length : int
        Length of the transform, at least ``sequence_length``; the window is centred in it, with
        zeros on both sides.
    window : {"hann", "hamming"}, array_like of shape (sequence_length,), or None
        None means no window.
    center : bool, default True
        Whether to pad the signal by ``fft_length // 2`` mirrored elements on both sides, so that
        frame t is centred at ``t * sequence_stride``.

    Returns
    -------
    tuple of 2 tensors or arrays, shape (..., frames, fft_length // 2 + 1)
        Real and imaginary parts.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.stft([0.0, 1.0, 2.0, 3.0, 4.0], 3, 2, 3)[0]
    array([[ 0.75 , -0.375],
           [ 3.75 , -1.875],
           [ 5.25 , -2.625]], dtype=float32)
    """
    x = _last("stft", floats(given(x)))
    length, stride, size = _lengths("stft", sequence_length, sequence_stride, fft_length)
    held = window_of("stft", window, length, size)
    if center:
        x = pad(x, [*[(0, 0)] * (x.ndim - 1), (size // 2, size // 2)], "reflect")
    if length_of(x, x.ndim - 1) < size:
        raise ValueError(
            f"stft: the signal must have at least fft_length={size} numbers; got {shown(x)}"
        )
    return rfft(multiply(extract_sequences(x, size, stride), held))


@operation
def istft(
    x: Any, sequence_length: Any, sequence_stride: Any, fft_length: Any, length: Any = None,
    window: Any = "hann", center: bool = True,
) -> Any:  # fmt: skip
    """Return the signal whose ``stft`` is x.

    Frames are multiplied by the window again, added where they overlap, and divided by the sum of
    the squared windows (Griffin and Lim 1984).

    Parameters
    ----------
    x : tuple of 2 tensors or array_like, shape (..., frames, fft_length // 2 + 1)
        Real and imaginary parts.
    sequence_length, sequence_stride, fft_length, window, center
        As in ``stft``.
    length : int, optional
        Number of elements of the signal to return; by default all that are covered by frames,
        without the padding.

    Returns
    -------
    tensor or array, shape (..., n)

    Examples
    --------
    >>> from lamina import ops
    >>> x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    >>> ops.istft(ops.stft(x, 4, 1, 4), 4, 1, 4, length=6).round(3)
    array([0., 1., 2., 3., 4., 5.], dtype=float32)
    """
    real, imaginary = _pair("istft", x)
    window_length, stride, size = _lengths("istft", sequence_length, sequence_stride, fft_length)
    if real.ndim < 2:
        raise ValueError(f"istft: x must have shape (..., stretches, bins); got {shown(real)}")
    if real.rows and real.ndim == 2:
        real, imaginary = all_rows(real), all_rows(imaginary)
    held = window_of("istft", window, window_length, size)
    stretches = multiply(irfft((real, imaginary), size), held)
    count = length_of(stretches, stretches.ndim - 2)
    whole = size + stride * (count - 1)
    weight = np.zeros(whole)
    for t in range(count):
        weight[t * stride : t * stride + size] += held**2
    y = multiply(_overlapped(stretches, count, size, stride, whole),
                 1.0 / np.where(weight > 1e-10, weight, 1.0))  # fmt: skip
    start = size // 2 if center else 0
    stop = whole - start
    if length is not None:
        stop = min(whole, start + integer("istft", "length", length, 1))
    return part(y, y.ndim - 1, start, max(0, stop - start))


# --- helpers


def window_of(who: str, window: Any, length: int, size: int) -> Any:
    """Return a window centred in ``size`` elements; named windows are periodic."""
    if window is None:
        return np.ones(size)
    if isinstance(window, str):
        choice(who, "window", window, ("hann", "hamming"))
        low = 0.5 if window == "hann" else 0.54
        held = low - (1 - low) * np.cos(2 * np.pi * np.arange(length) / length)
        held = np.ones(1) if length == 1 else held
    else:
        held = known_array(who, "window", window).astype(float)
        if held.shape != (length,):
            raise ValueError(
                f"{who}: window must be {length} numbers, sequence_length; got shape {held.shape}"
            )
    before = (size - length) // 2
    return np.pad(held, (before, size - length - before))


def _lengths(who: str, length: Any, stride: Any, size: Any) -> tuple[int, int, int]:
    length = integer(who, "sequence_length", length, 1)
    stride = integer(who, "sequence_stride", stride, 1)
    size = integer(who, "fft_length", size, 1)
    if size < length:
        raise ValueError(f"{who}: fft_length must be at least sequence_length={length}; got {size}")
    return length, stride, size


def _pair(who: str, x: Any) -> tuple[Tensor, Tensor]:
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(f"{who}: x must be a tuple of real and imaginary parts; got {x!r:.100}")
    real, imaginary = (_last(who, floats(given(each))) for each in x)
    if real.shape != imaginary.shape and real.rows == imaginary.rows:
        raise ValueError(
            f"{who}: real and imaginary parts must have one shape; got {shown(real)} and "
            f"{shown(imaginary)}"
        )
    if real.rows != imaginary.rows:
        raise ValueError(f"{who}: real and imaginary parts must both have rows, or none")
    return real, imaginary


def _last(who: str, x: Tensor) -> Tensor:
    """Return a tensor whose last axis is not that of the rows, and is not empty."""
    if x.ndim == 0:
        raise ValueError(f"{who}: x must have an axis; got a single number")
    x = all_rows(x) if x.rows and x.ndim == 1 else x
    if length_of(x, x.ndim - 1) < 1:
        raise ValueError(f"{who}: the last axis must have an element; got {shown(x)}")
    return x


def _transformed(real: Tensor, imaginary: Tensor, inverse: bool = False) -> tuple[Tensor, Tensor]:
    return tuple(record("fourier", real, imaginary, inverse))


def _both_axes(who: str, x: Any, inverse: bool) -> Any:
    pair = _pair(who, x)
    if pair[0].ndim < 2:
        raise ValueError(f"{who}: x must have two axes; got {shown(pair[0])}")
    if pair[0].rows and pair[0].ndim == 2:
        pair = all_rows(pair[0]), all_rows(pair[1])
    for _ in range(2):
        pair = _transformed(*pair, inverse)
        pair = swapaxes(pair[0], -1, -2), swapaxes(pair[1], -1, -2)
    return pair


def _sized(x: Tensor, size: int) -> Tensor:
    """Return the first elements of the last axis, followed by zeros if there are fewer."""
    length = length_of(x, x.ndim - 1)
    if length >= size:
        return _cut(x, size)
    return pad(x, [*[(0, 0)] * (x.ndim - 1), (0, size - length)])  # type: ignore[no-any-return]


def _cut(x: Tensor, size: int) -> Tensor:
    return part(x, x.ndim - 1, 0, size)


def _overlapped(x: Tensor, count: int, size: int, stride: int, whole: int) -> Tensor:
    """Return the sums of overlapping frames."""
    most = -(-size // stride)  # maximum number of frames that contain an element
    t = np.arange(whole)[:, None] // stride - np.arange(most)
    place = np.arange(whole)[:, None] - t * stride
    within = (t >= 0) & (t < count) & (place < size)
    flat = reshape(x, (*_leading(x), count * size))
    y = chosen(flat, np.where(within, t * size + place, 0), flat.ndim - 1)
    return sum_of(multiply(y, within.astype(float)), -1)  # type: ignore[no-any-return]


def _leading(x: Tensor) -> tuple[Any, ...]:
    return tuple(-1 if x.rows and i == 0 else n for i, n in enumerate(x.shape[:-2]))

"""Fourier transforms: pairs of real and imaginary parts."""

import numpy as np

from ops.cases import Case, N, numbered

# Of every kind: powers of two, small factors, large ones, one whose transform is a convolution.
SIZES = (1, 2, 4, 6, 7, 16, 30, 59, 64)


def of_pairs(function):
    def oracle(x, *args, **kwargs):
        return parts(function(x[0] + 1j * x[1], *args, **kwargs))

    return oracle


def parts(y):
    return y.real.copy(), y.imag.copy()


def window_of(window, length, size):
    if window is None:
        return np.ones(size)
    n, before = np.arange(length), (size - length) // 2
    low = {"hann": 0.5, "hamming": 0.54}.get(window, 0) if isinstance(window, str) else 0
    held = low - (1 - low) * np.cos(2 * np.pi * n / length) if low else window
    return np.pad(held, (before, size - length - before))


def stretches(x, length, stride, size, window="hann", center=True):
    """Transforms of stretches one by one."""
    if center:
        x = np.pad(x, [*[(0, 0)] * (x.ndim - 1), (size // 2, size // 2)], "reflect")
    held = window_of(window, length, size)
    starts = range(0, x.shape[-1] - size + 1, stride)
    made = [np.fft.rfft(x[..., start : start + size] * held) for start in starts]
    return parts(np.stack(made, -2))


def signal(x, length, stride, size, wanted=None, window="hann", center=True):
    """Stretches added up by a loop, divided by the squared windows."""
    held = window_of(window, length, size)
    each = np.fft.irfft(x[0] + 1j * x[1], size) * held
    whole = size + stride * (each.shape[-2] - 1)
    y, weight = np.zeros((*each.shape[:-2], whole)), np.zeros(whole)
    for t in range(each.shape[-2]):
        y[..., t * stride : t * stride + size] += each[..., t, :]
        weight[t * stride : t * stride + size] += held**2
    y = y / np.where(weight > 1e-10, weight, 1.0)
    start = size // 2 if center else 0
    return y[..., start : whole - start if wanted is None else start + wanted]


def pair(*shape):
    return (N(*shape), N(*shape))


CASES = [
    *[Case("fft", (pair(3, 2, n),), of_pairs(np.fft.fft), keras=n < 60) for n in SIZES],
    Case("fft", (pair(5),), of_pairs(np.fft.fft), rows="known"),
    Case("fft2", (pair(2, 4, 6),), of_pairs(np.fft.fft2)),
    Case("fft2", (pair(3, 4),), of_pairs(np.fft.fft2), rows="known"),
    Case("ifft2", (pair(2, 3, 5, 4),), of_pairs(np.fft.ifft2)),
    *[
        Case("rfft", (N(3, n), size), lambda x, size: parts(np.fft.rfft(x, size)))
        for n, size in ((1, None), (8, None), (7, None), (6, 9), (9, 4))
    ],
    *[
        Case("irfft", (pair(2, 3, m), size),
             lambda x, size: np.fft.irfft(x[0] + 1j * x[1], size))
        for m, size in ((5, None), (4, 7), (3, 8), (5, 4), (3, 1))
    ],
    Case("stft", (N(2, 20), 6, 3, 8), stretches),
    Case("stft", (N(2, 20), 5, 2, 9, "hamming", False), stretches),
    Case("stft", (N(2, 3, 12), 4, 4, 4, None), stretches),
    Case("stft", (N(3, 12), 4, 2, 6, np.array([0.5, 1.0, 0.25, 2.0])), stretches),
    Case("istft", (pair(2, 5, 5), 6, 3, 8), signal),
    Case("istft", (pair(2, 3, 4), 5, 2, 6, 7, "hamming", False), signal),
    Case("istft", (pair(3, 4), 4, 4, 6, 9, None), signal, rows="known", keras=False),
    Case("istft", (pair(2, 6, 3), 3, 1, 4, 5, np.array([0.5, 1.0, 0.25])), signal),
]  # fmt: skip
numbered(CASES)

"""Fourier transforms of every length: accuracy in both precisions, single rows, bits on threads."""

import numpy as np
import pytest

from lamina import _core
from thread_proof import same_on_threads

RNG = np.random.default_rng(11)
# All up to 70, and powers, products of small primes, primes and twice a prime beyond.
SIZES = [*range(1, 71), 97, 101, 121, 128, 210, 243, 254, 256, 1000, 1009, 1024, 2310, 4096, 4099]


def transformed(real, imaginary, inverse=False):
    """Return both parts, each of (rows, size)."""
    graph = _core.Graph(real.dtype.name)
    inputs = [graph.input(real.shape[1:], "real"), graph.input(real.shape[1:], "imaginary")]
    for part in graph.record("fourier", *inputs, inverse, name="fourier"):
        graph.add_output(part)
    graph.build()
    return _core.Predictor(graph).predict([real, imaginary], len(real), 0)


@pytest.mark.parametrize(("dtype", "precision"), [("float32", 6e-8), ("float64", 2e-16)])
def test_every_length(dtype, precision):
    """The error grows with the root of the number of passes, or of those of a convolution."""
    for size in SIZES:
        parts = [RNG.normal(size=(3, size)).astype(dtype) for _ in range(2)]
        x = parts[0].astype(complex) + 1j * parts[1]
        for inverse, function in ((False, np.fft.fft), (True, np.fft.ifft)):
            real, imaginary = transformed(*parts, inverse)
            want = function(x)
            error = np.abs(real + 1j * imaginary - want).max() / np.abs(want).max()
            assert error < precision * (3 + 2 * np.log2(size)), (size, inverse, error)


@pytest.mark.parametrize("size", [1000, 1009, 1024])
def test_bits_depend_on_a_row_alone(size):
    parts = [RNG.normal(size=(700, size)).astype(np.float32) for _ in range(2)]
    made = same_on_threads(lambda: transformed(*parts), what=f"transform of {size}")
    all_rows = np.reshape(made, (2, 700, size))
    for rows in (slice(0, 1), slice(5, 8), slice(691, 700)):
        some = transformed(*(part[rows] for part in parts))
        for got, want in zip(some, all_rows, strict=True):
            np.testing.assert_array_equal(got, want[rows])

"""Streams of random numbers: reproducible, independent, of the stated laws."""

import numpy as np
import pytest

import lamina
from lamina.random import Stream, mix, next_seed


def test_a_key_gives_its_numbers():
    a, b = Stream(5, 2), Stream(5, 2)
    for draw in ("uniform", "normal", "truncated_normal"):
        np.testing.assert_array_equal(getattr(a, draw)((7, 3)), getattr(b, draw)((7, 3)))
    assert (a.uniform(5) != a.uniform(5)).any()
    assert (Stream(5, 2).uniform(5) != Stream(5, 3).uniform(5)).any()
    assert (Stream(5).split(1).uniform(5) != Stream(5).split(2).uniform(5)).any()
    np.testing.assert_array_equal(Stream(5).split(1).uniform(5), Stream(5).split(1).uniform(5))


def test_laws():
    # Bounds of 5 standard errors of the mean and of the variance.
    n = 200_000
    u = Stream(1).uniform(n, -1, 3)
    assert u.min() >= -1
    assert u.max() < 3
    assert abs(u.mean() - 1) < 5 * np.sqrt(16 / 12 / n)
    z = Stream(2).normal(n, 3.0, 2.0)
    assert abs(z.mean() - 3) < 5 * 2 / np.sqrt(n)
    assert abs(z.var() / 4 - 1) < 5 * np.sqrt(2 / n)
    t = Stream(3).truncated_normal(n)
    assert abs(t).max() <= 2
    assert abs(t.std() - 0.87962566) < 0.005
    assert Stream(4).normal(3, dtype="float32").dtype == np.float32


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_permutation(n):
    order = Stream(1).permutation(n)
    assert order.dtype == np.int64
    assert sorted(order) == list(range(n))


def test_global_sequence():
    lamina.set_random_seed(3)
    first = [next_seed(), next_seed()]
    lamina.utils.set_random_seed(3)
    assert [next_seed(), next_seed()] == first
    assert first[0] != first[1]
    for bad in (-1, 2**64, 1.5, "x", None):
        with pytest.raises((ValueError, TypeError), match="set_random_seed: seed must be"):
            lamina.set_random_seed(bad)
    assert mix(1, 2) != mix(2, 1)

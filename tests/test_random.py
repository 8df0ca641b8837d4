"""Streams of random numbers: reproducible, independent, with the stated distributions."""

import numpy as np
import pytest

import lamina
from lamina import random
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


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: random.normal("x"),
            TypeError,
            "normal: shape must be a tuple of integers; got 'x'",
        ),
        (
            lambda: random.uniform(3.5),
            TypeError,
            "uniform: shape must be a tuple of integers; got 3",
        ),
        (lambda: random.bernoulli(None), TypeError, "bernoulli: shape must be .*; got None"),
        (
            lambda: random.normal((2, -1)),
            ValueError,
            r"normal: shape must .* from 0 on; got \(2, -1",
        ),
        (lambda: random.gamma((2,), "x"), TypeError, "gamma: alpha must be an array; got the"),
        (lambda: random.beta((2,), 1.0, 0.0), ValueError, "beta: beta must be positive; got 0"),
        (lambda: random.uniform((2,), "a"), TypeError, "uniform: minval must be a number; got 'a'"),
        (
            lambda: random.randint((2,), 0, 2.5),
            TypeError,
            "randint: maxval must be an integer; got",
        ),
        (lambda: random.binomial((2,), "3", 0.5), TypeError, "binomial: counts must be an integer"),
        (
            lambda: random.categorical([[0.0]], None),
            TypeError,
            "categorical: num_samples must be a",
        ),
        (lambda: random.dropout([1.0], "x"), TypeError, "dropout: rate must be a number; got 'x'"),
        (
            lambda: random.shuffle([1.0], axis=1),
            ValueError,
            "shuffle: axis must be one of x, which",
        ),
    ],
)
def test_what_cannot_be_drawn_is_told(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call()


def test_shapes_may_be_arrays_and_numbers():
    for shape in ((2, 3), [2, 3], np.array([2, 3])):
        assert random.normal(shape, seed=1).shape == (2, 3)
    assert random.uniform(4, seed=1).shape == (4,)
    assert random.normal((0, 2)).shape == (0, 2)

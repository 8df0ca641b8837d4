"""Dropout: the mask is a function of the key, forward and backward."""

import numpy as np
import pytest

from harness import DTYPES, ODD_SIZES, assert_same_bits, check_kernel
from lamina import kernels
from thread_proof import same_on_threads

KEY = (11, 2, 3)


def keep(shape, rate):
    """Kept where the element's uniform number is at least the rate (float32's 24 bits)."""
    return kernels.dropout_forward(np.ones(shape), rate, *KEY) != 0


def check(shape, rate, dtype):
    mask = keep(shape, rate)
    check_kernel(
        lambda x: kernels.dropout_forward(x, rate, *KEY),
        lambda x: np.where(mask, x / (1 - rate), 0),
        [np.random.default_rng(1).normal(size=shape)],
        dtype,
        backward=lambda dy, x: kernels.dropout_backward(dy, rate, *KEY),
        oracle_backward=lambda dy, x: np.where(mask, dy / (1 - rate), 0),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rate", [0.0, 0.3, 0.5, 0.99])
def test_law(rate, dtype):
    for shape in [(), (0, 3), (7, 9), (3, 4, 5)]:
        check(shape, rate, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", ODD_SIZES)
def test_odd_sizes(size, dtype):
    check(size, 0.4, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rate", [0.1, 0.4, 0.9])
def test_share_and_mean(rate, dtype):
    n = 200_000
    y = kernels.dropout_forward(np.ones(n, dtype), rate, *KEY)
    bound = 5 * np.sqrt(rate * (1 - rate) / n)
    assert abs((y == 0).mean() - rate) < bound
    assert abs(y.mean(dtype=float) - 1) < bound / (1 - rate)


def test_the_mask_is_the_uniform_numbers_of_the_key():
    kept = kernels.dropout_forward(np.ones(5000, np.float32), 0.25, *KEY) != 0
    uniform = kernels.random_uniform(5000, *KEY)
    assert ((uniform >= 0.25) == kept).all()


@pytest.mark.parametrize("rate", [0.1, 0.4, 2 / 3])
def test_the_threshold_to_the_last_bit(rate):
    n = 3_000_000
    kept = kernels.dropout_forward(np.ones(n, np.float32), rate, *KEY) != 0
    assert ((kernels.random_bits(n, *KEY) >= round(rate * 2**32)) == kept).all()


def test_both_types_and_all_shapes_share_a_mask():
    single = kernels.dropout_forward(np.ones((20, 30), np.float32), 0.4, *KEY)
    double = kernels.dropout_forward(np.ones(600), 0.4, *KEY).reshape(20, 30)
    np.testing.assert_array_equal(single != 0, double != 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_after_relu_the_output_stands_for_the_mask(dtype):
    x = np.maximum(np.random.default_rng(2).normal(size=(50, 7)), 0).astype(dtype)
    dy = np.random.default_rng(3).normal(size=x.shape).astype(dtype)
    y = kernels.dropout_forward(x, 0.4, *KEY)
    through_y = kernels.dropout_backward(dy, 0.4, *KEY, y=y)
    redrawn = kernels.dropout_backward(dy, 0.4, *KEY)
    assert_same_bits([np.where(x > 0, through_y, 0)], [np.where(x > 0, redrawn, 0)], "mask")


def test_threads():
    x = np.ones(400_001, np.float32)
    same_on_threads(
        lambda: kernels.dropout_forward(x, 0.4, *KEY),
        lambda: kernels.dropout_backward(x, 0.4, *KEY),
    )


def test_rate_zero_is_the_identity_and_steps_differ():
    x = np.random.default_rng(2).normal(size=100)
    assert_same_bits([kernels.dropout_forward(x, 0, *KEY)], [x], "rate 0")
    assert (
        kernels.dropout_forward(x, 0.5, 1, 1, 1) != kernels.dropout_forward(x, 0.5, 1, 1, 2)
    ).any()

"""The array policy: which arrays every kernel function accepts, converts and refuses."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lamina import kernels


@pytest.fixture(autouse=True)
def _every_isa():
    """Once is enough here: none of this depends on the kernels."""


def relu(x):
    return kernels.activation_forward(x, "relu")


@pytest.mark.parametrize(
    "bad",
    [
        np.ones(2, complex), np.array(["1", "2"]), np.array([1.0, None]),
        np.array(["2020-01-01"], "M8"),
        np.ma.masked_array([1.0, 2.0], [True, False]), {"a": 1}, object(), b"12", [1j],
        np.array([(1.0, 2.0)], "f8,f8"),
    ],
)  # fmt: skip
def test_not_real_numbers(bad):
    with pytest.raises(TypeError, match="activation_forward: x must"):
        relu(bad)


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize <= 8, reason="long double is double here")
def test_longdouble_would_lose_digits():
    with pytest.raises(TypeError, match="must hold real numbers"):
        relu(np.ones(2, np.longdouble))


def test_none_and_ragged():
    with pytest.raises(TypeError, match="activation_forward: x must be an array; got None"):
        relu(None)
    with pytest.raises(ValueError, match="all rows of one length"):
        relu([[1.0], [1.0, 2.0]])


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2"])
def test_exact_numbers_take_the_type_of_the_floats(dtype):
    x = np.array([[0, 1]], dtype)
    for kind in (np.float32, np.float64):
        y = kernels.dense_forward(x, np.array([[1], [2]], kind))
        assert y.dtype == kind
        assert y[0, 0] == 2
    assert relu(x).dtype == np.float64


def test_lists_and_scalars():
    assert relu([-1, 2.5]).tolist() == [0, 2.5]
    assert relu(-1.0).shape == ()
    y = kernels.dense_forward([[0.1]], np.ones((1, 1), np.float32))
    assert y.dtype == np.float32


@pytest.mark.parametrize(("value", "dtype"), [(2**24 + 1, np.float32), (-(2**53) - 1, np.float64)])
def test_integers_that_do_not_fit_are_refused(value, dtype):
    with pytest.raises(TypeError, match=f"x must be exact in {np.dtype(dtype)}.*got {value}"):
        kernels.dense_forward(np.array([[value]]), np.ones((1, 1), dtype))


def test_dtypes_are_not_mixed():
    with pytest.raises(
        TypeError, match="arrays must share one dtype; got dy of float32 and x of float64"
    ):
        kernels.activation_backward(np.ones(2, np.float32), np.ones(2), "relu")
    with pytest.raises(TypeError, match="got x of float64 and bias of float32"):
        kernels.dense_forward(np.ones((1, 1)), [[1]], np.ones(1, np.float32))


def test_zero_strides_subclasses_and_torch_like_objects():
    assert relu(np.broadcast_to(np.float32(2), (3, 4))).tolist() == [[2.0] * 4] * 3

    class Sub(np.ndarray):
        pass

    assert type(relu(np.ones(2).view(Sub))) is np.ndarray

    class Like:
        def __array__(self, dtype=None, copy=None):
            return np.array([-1.0, 1.0])

    assert relu(Like()).tolist() == [0, 1]


def test_sizes_that_overflow_are_refused_at_once():
    huge = np.lib.stride_tricks.as_strided(np.ones(1, np.float32), (2**40, 1), (0, 0))
    wide = np.lib.stride_tricks.as_strided(np.ones(1, np.float32), (1, 2**40), (0, 0))
    with pytest.raises(ValueError, match="too large: its size overflows"):
        kernels.dense_forward(huge, wide)
    with pytest.raises(ValueError, match="too large: its size overflows"):
        kernels.random_uniform((2**40, 2**40), seed=1)
    with pytest.raises(MemoryError):
        kernels.random_uniform(2**50, seed=1)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"seed": -1}, ValueError, r"seed must lie in \[0, 18446744073709551615\]; got -1"),
        ({"seed": 2**64}, ValueError, "seed must lie in"),
        ({"seed": 1.5}, TypeError, "seed must be an integer; got 1.5"),
        ({"seed": "1"}, TypeError, "seed must be an integer; got '1'"),
        ({"stream": 2**32}, ValueError, r"stream must lie in \[0, 4294967295\]; got 4294967296"),
        ({"step": -1}, ValueError, "step must lie in"),
        ({"dtype": "float16"}, TypeError, "dtype must be float32 or float64; got float16"),
        ({"dtype": "flaot"}, TypeError, "dtype must be float32 or float64; got 'flaot'"),
        ({"shape": -1}, ValueError, "shape must lie in"),
        ({"shape": (2, -1)}, ValueError, "shape must lie in"),
        ({"shape": (2, 1.5)}, TypeError, "shape must be an integer; got 1.5"),
        ({"shape": "ab"}, TypeError, "shape must be an integer or a tuple of integers; got 'ab'"),
    ],
)
def test_scalars_are_checked(arguments, error, text):
    with pytest.raises(error, match="random_uniform: " + text):
        kernels.random_uniform(**({"shape": 2, "seed": 1} | arguments))


@pytest.mark.parametrize("begin", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("letter", ["é", "語", "🙂"])
def test_long_values_are_cut_between_characters(begin, letter):
    with pytest.raises(TypeError, match=rf"seed must be an integer; got '{begin}{letter}+\.\.\.$"):
        kernels.random_uniform(2, seed=begin + 60 * letter)


@pytest.mark.parametrize("rate", [1.0, -0.1, np.nan, 2])
def test_rate_out_of_range(rate):
    with pytest.raises(ValueError, match=r"dropout_forward: rate must lie in \[0, 1\); got"):
        kernels.dropout_forward(np.ones(2), rate, seed=1)


def test_numpy_integers_are_integers():
    assert kernels.random_bits(np.int32(3), np.uint64(7), np.int64(1)).shape == (3,)


def test_an_interrupt_is_not_taken_for_a_wrong_dtype():
    class Interrupted:
        @property
        def dtype(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kernels.random_uniform(2, seed=1, dtype=Interrupted())


def test_many_python_threads_at_once():
    x = np.random.default_rng(0).normal(size=(300, 200))
    w = np.random.default_rng(1).normal(size=(200, 100))
    want = kernels.dense_forward(x, w, activation="tanh").tobytes()

    def run(_):
        return kernels.dense_forward(x, w, activation="tanh").tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(run, range(100))) == {want}

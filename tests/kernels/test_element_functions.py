"""Every element-wise operation: values, signed zeros, infinities, NaN."""

import math

import numpy as np
import pytest

from element_functions import BINARY, BINARY_TRUTH, UNARY, UNARY_TRUTH, apply, assert_ulp
from harness import DTYPES, assert_same_bits
from lamina import _core, kernels

expression_gradients = _core.kernels.expression_gradients


def grid(low, high, dtype, size=20_001):
    """Return an even grid, and random mantissas at every exponent, within the limits."""
    info = np.finfo(dtype)
    rng = np.random.default_rng(3)
    exponent = np.repeat(np.arange(info.minexp, info.maxexp), 4 if dtype == "float64" else 16)
    wide = np.ldexp(rng.uniform(1, 2, exponent.size), exponent).astype(dtype)
    wide = np.concatenate([wide, -wide])
    even = np.linspace(max(low, -1e6), min(high, 1e6), size, dtype=dtype)
    x = np.concatenate([even, wide])
    return x[(x >= low) & (x <= high)]


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    for dtype in DTYPES:
        function, (low, high), single, double = UNARY[name]
        x = grid(low, high, dtype)
        with np.errstate(all="ignore"):
            want = function(x.astype(np.longdouble))
        assert_ulp(apply(name, x), want, single if dtype == "float32" else double, name)


@pytest.mark.parametrize("name", ["sin", "cos", "tan", "exp", "log", "arctan", "arcsinh", "tanh"])
def test_the_whole_range(name):
    for dtype in DTYPES:
        x = grid(np.finfo(dtype).min, np.finfo(dtype).max, dtype, 1)
        with np.errstate(all="ignore"):
            want = getattr(np, name)(x.astype(np.float64))
        assert_ulp(apply(name, x), want, 4.0, name)


def specials(dtype):
    info = np.finfo(dtype)
    sizes = [0, info.smallest_subnormal, info.tiny, 0.3, 0.5, 1, 1.5, 2, 2.5, 3, 1e6, info.max]
    return np.array([*sizes, *np.negative(sizes), np.inf, -np.inf, np.nan], dtype)


@pytest.mark.parametrize("name", [*UNARY, *UNARY_TRUTH])
def test_special_values(name):
    for dtype in DTYPES:
        x = specials(dtype)
        function = UNARY_TRUTH.get(name) or UNARY[name][0]
        with np.errstate(all="ignore"):
            want = function(x.astype(np.float64))
            if name == "sign":
                want = want + 0.0  # no negative zero
        got = apply(name, x)
        if name in UNARY_TRUTH:
            assert got.dtype == bool
            np.testing.assert_array_equal(got, want)
            continue
        with np.errstate(all="ignore"):
            assert_ulp(got, want, 4.0, name)
            want = want.astype(dtype)
        zero = (want == 0) & (name not in ("relu", "selu"))  # whose zero keeps the input's sign
        np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(want[zero]), err_msg=name)


def test_powers_of_two_and_ten_have_whole_logarithms():
    for dtype in DTYPES:
        k = np.arange(-30, 31)
        np.testing.assert_array_equal(apply("log2", np.ldexp(1.0, k).astype(dtype)), k)
        ten = np.arange(0, 11 if dtype == "float32" else 23)
        np.testing.assert_array_equal(apply("log10", np.array([10.0**i for i in ten], dtype)), ten)


def test_erfinv():
    for dtype in DTYPES:
        x = np.concatenate(
            [grid(-1, 1, dtype, 2001), 1 - np.geomspace(1e-7, 0.1, 50).astype(dtype)]
        )
        y = apply("erfinv", x)
        assert_ulp(apply("erfinv", -x), -y.astype(np.longdouble), 0, "odd")
        edge = np.abs(x) == 1
        np.testing.assert_array_equal(y[edge], np.inf * x[edge])
        x, y = x[~edge].astype(float), y[~edge].astype(float)
        # y + error / slope is the exact inverse; near 1 by the complement
        back = np.array([math.erf(v) - u if abs(u) < 0.5 else
                         math.copysign((1 - abs(u)) - math.erfc(abs(v)), u)
                         for u, v in zip(x, y, strict=True)])  # fmt: skip
        want = y - back * math.sqrt(math.pi) / 2 * np.exp(y * y)
        assert_ulp(
            apply("erfinv", x.astype(dtype)), want, 0.6 if dtype == "float32" else 8, "erfinv"
        )
        assert np.isnan(apply("erfinv", np.array([1.5, -2, np.nan], dtype))).all()


# --- activations: against the kernels of layers

ACTIVATIONS = ["selu", "gelu", "silu", "sigmoid", "tanh", "softplus", "softsign", "hard_sigmoid",
               "mish", "relu", "leaky_relu", "elu"]  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_have_the_bits_of_their_kernels(name):
    for dtype in DTYPES:
        x = np.random.default_rng(0).normal(size=999).astype(dtype) * 4
        dy = np.random.default_rng(1).normal(size=999).astype(dtype)
        slope = () if name not in ("leaky_relu", "elu") else (0.3,)
        alpha = None if not slope else 0.3
        y = kernels.activation_forward(x, name, alpha)
        assert_same_bits([apply(name, x, *slope)], [y], name)
        (dx,) = expression_gradients(dy, [(name, 0, *slope)], [x])
        want = kernels.activation_backward(dy, x, name, alpha)
        np.testing.assert_allclose(dx, want, rtol=4 * np.finfo(dtype).eps, atol=1e-30)


# --- binary operations


def pairs(dtype, special):
    if special:
        x = specials(dtype)
        return [a.ravel() for a in np.meshgrid(x, x)]
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 20_000)) * np.exp(rng.normal(size=(2, 20_000)) * 3)
    return [x.astype(dtype), y.astype(dtype)]


@pytest.mark.parametrize("special", [False, True], ids=["random", "special"])
@pytest.mark.parametrize("name", [*BINARY, *BINARY_TRUTH])
def test_binary(name, special):
    for dtype in DTYPES:
        x, y = pairs(dtype, special)
        if name in BINARY_TRUTH:
            got = apply(name, x, y)
            assert got.dtype == bool
            np.testing.assert_array_equal(got, BINARY_TRUTH[name](x, y))
            continue
        function, most = BINARY[name]
        if name == "power" and not special:
            x = np.abs(x)
        # NumPy's float64 mod and floor_divide: exact where ours are
        wide = np.float64 if special or name in ("mod", "floor_divide") else np.longdouble
        with np.errstate(all="ignore"):
            want = function(x.astype(wide), y.astype(wide))
        assert_ulp(apply(name, x, y), want, most + 0.01, name)

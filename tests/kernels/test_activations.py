"""Element-wise activations: formulas, derivatives, accuracy in units in the last place."""

import math

import numpy as np
import pytest

import golden
from harness import DTYPES, ODD_SIZES, assert_same_bits, check_kernel
from lamina import kernels
from thread_proof import same_on_threads

SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def mish(x):
    # tanh(softplus(x)) = e (e + 2) / (e (e + 2) + 2), e = exp(x), and the same over e^2
    e = np.exp(-np.abs(x))
    left, right = e * (e + 2), 1 + 2 * e
    return x * np.where(x < 0, left / (left + 2), right / (right + 2 * e * e))


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


LAWS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "clipped_relu": lambda x: np.clip(x, 0, 6),
    "elu": elu,
    "selu": lambda x: SELU_SCALE * elu(x, SELU_ALPHA),
    "gelu": lambda x: 0.5 * x * _erfc(-x / math.sqrt(2)),
    "silu": lambda x: x * sigmoid(x),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hard_sigmoid": lambda x: np.clip((x + 3) / 6, 0, 1),
    "hard_silu": lambda x: x * np.clip((x + 3) / 6, 0, 1),
    "mish": mish,
    "exponential": np.exp,
}
KINKS = {
    "relu": (0,), "leaky_relu": (0,), "clipped_relu": (0, 6), "elu": (0,), "selu": (0,),
    "hard_sigmoid": (-3, 3), "hard_silu": (-3, 3),
}  # fmt: skip


def slope(kind, x):
    """Derivative in float64 by the formula (mpmath checks the accuracy of the formulas)."""
    s = sigmoid(x)
    if kind == "linear":
        return np.ones_like(x)
    if kind == "relu":
        return np.where(x > 0, 1.0, 0.0)
    if kind == "leaky_relu":
        return np.where(x > 0, 1.0, 0.2)
    if kind == "clipped_relu":
        return np.where((x > 0) & (x < 6), 1.0, 0.0)
    if kind == "elu":
        return np.where(x > 0, 1.0, np.exp(np.minimum(x, 0)))
    if kind == "selu":
        return SELU_SCALE * np.where(x > 0, 1.0, SELU_ALPHA * np.exp(np.minimum(x, 0)))
    if kind == "gelu":
        return 0.5 * _erfc(-x / math.sqrt(2)) + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    if kind == "silu":
        return s * (1 + x * (1 - s))
    if kind == "sigmoid":
        return s * (1 - s)
    if kind == "tanh":
        return 1 / np.cosh(np.clip(x, -300, 300)) ** 2
    if kind == "softplus":
        return s
    if kind == "softsign":
        return 1 / (1 + np.abs(x)) ** 2
    if kind == "hard_sigmoid":
        return np.where(np.abs(x) < 3, 1 / 6, 0.0)
    if kind == "hard_silu":
        return np.where(x > 3, 1.0, np.where(x < -3, 0.0, x / 3 + 0.5))
    if kind == "mish":
        t = np.tanh(softplus(x))
        return t + x * (1 - t * t) * s
    return np.exp(x)


def away_from_kinks(kind, x):
    for kink in KINKS.get(kind, ()):
        near = np.abs(x - kink) < 0.01
        x = np.where(near, kink + 0.02, x)
    return x


def check(kind, shape, dtype, scale=2.0):
    x = away_from_kinks(kind, np.random.default_rng(8).normal(size=shape, scale=scale))
    check_kernel(
        lambda x: kernels.activation_forward(x, kind),
        LAWS[kind],
        [x],
        dtype,
        backward=lambda dy, x: kernels.activation_backward(dy, x, kind),
        oracle_backward=lambda dy, x: dy * slope(kind, x),
        # 1 - y^2 of a saved y near 1 rounds at the size of 1
        backward_magnitude=lambda dy, x: np.abs(dy) * np.maximum(1, np.abs(slope(kind, x))),
        factor=2.0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", sorted(LAWS))
def test_law(kind, dtype):
    for shape in [(), (0,), (0, 3), (4, 5, 6)]:
        check(kind, shape, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", ODD_SIZES)
def test_odd_sizes(size, dtype):
    for kind in ("relu", "gelu", "sigmoid"):
        check(kind, size, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", sorted(LAWS))
def test_an_element_does_not_depend_on_its_place(kind, dtype):
    x = np.random.default_rng(9).normal(size=200, scale=3).astype(dtype)
    whole = kernels.activation_forward(x, kind)
    slopes = kernels.activation_backward(np.ones_like(x), x, kind)
    for begin, end in [(1, 2), (3, 20), (7, 200), (190, 200)]:
        part = kernels.activation_forward(x[begin:end], kind)
        assert_same_bits([part], [whole[begin:end]], kind)
        part = kernels.activation_backward(np.ones_like(x[begin:end]), x[begin:end], kind)
        assert_same_bits([part], [slopes[begin:end]], kind)


@pytest.mark.parametrize("kind", ["relu", "gelu", "tanh"])
def test_many_elements_on_threads(kind):
    x = np.random.default_rng(9).normal(size=300_001).astype(np.float32)
    same_on_threads(
        lambda: kernels.activation_forward(x, kind),
        lambda: kernels.activation_backward(x, x, kind),
    )


def test_alpha():
    x = np.array([-2.0, 3.0])
    assert kernels.activation_forward(x, "leaky_relu", 0.1).tolist() == [-0.2, 3.0]
    assert kernels.activation_backward(np.ones(2), x, "leaky_relu", 0.1).tolist() == [0.1, 1.0]
    np.testing.assert_allclose(kernels.activation_forward(x, "elu", 2.0), elu(x, 2.0), rtol=1e-15)
    assert kernels.activation_forward(x, "clipped_relu", 2.5).tolist() == [0.0, 2.5]
    assert kernels.activation_backward(np.ones(2), x, "clipped_relu", 3.5).tolist() == [0.0, 1.0]
    want = [2 * math.exp(-2), 1.0]
    np.testing.assert_allclose(
        kernels.activation_backward(np.ones(2), x, "elu", 2.0), want, rtol=1e-15
    )
    assert_same_bits(
        [kernels.activation_forward(x, "swish")], [kernels.activation_forward(x, "silu")], "swish"
    )


# --- accuracy: units in the last place of the exact result


def ulps(got, want, dtype):
    """Distance in units in the last place at ``want``, including subnormal numbers."""
    want = np.asarray(want)
    with np.errstate(over="ignore", invalid="ignore"):  # where both are infinite
        rounded = want.astype(dtype)
        unit = np.spacing(np.minimum(np.abs(rounded), np.finfo(dtype).max)).astype(want.dtype)
        same = got == rounded
        return np.where(same, 0, np.abs(got.astype(want.dtype) - want) / unit)


def sweep_float32():
    rng = np.random.default_rng(11)
    tiny = np.ldexp(rng.uniform(1, 2, 20_000), rng.integers(-149, 0, 20_000))
    near = rng.uniform(0, 12, 60_000)
    wide = rng.uniform(0, 110, 60_000)
    x = np.concatenate([tiny, near, wide, [0, 87.3, 88.72, 103.9, 104.1, 1e4, 1e30, 3.4e38]])
    return np.concatenate([x, -x]).astype(np.float32)


ULPS = {
    "exponential": 2, "tanh": 2, "sigmoid": 2, "softplus": 2, "gelu": 4, "silu": 4, "mish": 6,
    "elu": 3, "selu": 4, "softsign": 2, "hard_sigmoid": 2, "leaky_relu": 1, "relu": 0,
    "clipped_relu": 0, "hard_silu": 4,
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(ULPS))
def test_ulps_float32(kind):
    x = sweep_float32()
    with np.errstate(all="ignore"):
        want = LAWS[kind](x.astype(np.float64))
    got = kernels.activation_forward(x, kind)
    want = np.where(np.isnan(want), 0.0, want)  # x * 0 at x = -1e30 and beyond in the oracle
    error = ulps(got, want, np.float32)
    worst = int(np.argmax(error))
    assert error[worst] <= ULPS[kind], f"{error[worst]:.3g} ulp at {x[worst]!r}: {got[worst]!r}"


def exact_laws():
    mp = pytest.importorskip("mpmath").mp
    one = mp.mpf(1)

    def exact_sigmoid(x):
        return one / (1 + mp.exp(-x))

    return mp, {
        "exponential": mp.exp,
        "tanh": mp.tanh,
        "sigmoid": exact_sigmoid,
        "softplus": lambda x: mp.log1p(mp.exp(x)),
        "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
        "silu": lambda x: x * exact_sigmoid(x),
        "mish": lambda x: x * mp.tanh(mp.log1p(mp.exp(x))),
        "elu": lambda x: x if x > 0 else mp.expm1(x),
    }


@pytest.mark.parametrize("kind", ["exponential", "tanh", "sigmoid", "softplus", "gelu", "silu", "mish", "elu"])  # fmt: skip # noqa: E501
def test_ulps_float64(kind):
    mp, laws = exact_laws()
    rng = np.random.default_rng(12)
    tiny = np.ldexp(rng.uniform(1, 2, 100), rng.integers(-300, 0, 100))
    x = np.concatenate([tiny, rng.uniform(0, 8, 300), rng.uniform(0, 36, 200)])
    x = np.concatenate([x, -x])
    got = kernels.activation_forward(x, kind)
    with mp.workdps(60):
        exact = [laws[kind](mp.mpf(float(v))) for v in x]
        unit = [mp.mpf(float(np.spacing(abs(float(e))))) for e in exact]
        error = [
            float(abs(mp.mpf(float(g)) - e) / u) for g, e, u in zip(got, exact, unit, strict=True)
        ]
    worst = int(np.argmax(error))
    bound = {"mish": 6, "elu": 3}.get(kind, 4)
    assert error[worst] <= bound, f"{error[worst]:.3g} ulp at {x[worst]!r}: {got[worst]!r}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_limits(dtype):
    x = np.array([-np.inf, -1e30, 1e30, np.inf, np.nan, -0.0], dtype)
    for kind, want in {
        "relu": [0, 0, x[2], np.inf],
        "sigmoid": [0, 0, 1, 1],
        "tanh": [-1, -1, 1, 1],
        "softplus": [0, 0, x[2], np.inf],
        "exponential": [0, 0, np.inf, np.inf],
        "elu": [-1, -1, x[2], np.inf],
        "hard_sigmoid": [0, 0, 1, 1],
        "clipped_relu": [0, 0, 6, 6],
        "hard_silu": [0, 0, x[2], np.inf],
    }.items():
        got = kernels.activation_forward(x, kind)
        np.testing.assert_array_equal(got[:4], np.array(want, dtype), kind)
        assert np.isnan(got[4]), kind
    for kind in ("gelu", "silu", "mish"):
        got = kernels.activation_forward(x, kind)
        np.testing.assert_array_equal(got[1:3], [0, x[2]], kind)
        assert np.isnan(got[4]), kind
    for kind in LAWS:
        if kind == "exponential":
            continue
        finite = np.array([-1e30, -1e4, -0.0, 0.0, 1e4, 1e30], dtype)
        gradient = kernels.activation_backward(np.ones_like(finite), finite, kind)
        assert np.isfinite(gradient).all(), kind


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "kind", ["relu", "elu", "selu", "gelu", "silu", "tanh", "softplus", "mish"]
)
def test_torch(kind, dtype):
    plain = np.linspace(-6, 6, 101).astype(dtype)

    def by_torch():
        torch = golden.Peer("torch")
        x = torch.tensor(plain, requires_grad=True)
        y = getattr(torch.nn.functional, kind)(x)
        y.sum().backward()
        return y, x.grad

    want, slope = golden.ask(by_torch, kind, plain)
    # torch's own float32 GELU cancels near -5, hence an absolute bound
    atol = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(kernels.activation_forward(plain, kind), want, atol=atol, rtol=atol)
    got = kernels.activation_backward(np.ones_like(plain), plain, kind)
    np.testing.assert_allclose(got, slope, atol=atol, rtol=atol)


def test_refused():
    with pytest.raises(ValueError, match=r"activation_forward: .*unknown name 'gleu'"):
        kernels.activation_forward(np.ones(2), "gleu")
    with pytest.raises(ValueError, match=r"dy must have shape \(2,\); got shape \(3,\)"):
        kernels.activation_backward(np.ones(3), np.ones(2), "relu")

"""Element-wise expressions on arrays: chains, broadcasting, derivatives, threads."""

import math

import numpy as np
import pytest

from element_functions import BINARY, BINARY_TRUTH, UNARY, UNARY_TRUTH, apply, erf
from harness import DTYPES, ODD_SIZES, assert_same_bits
from lamina import _core
from thread_proof import same_on_threads

expression = _core.kernels.expression
expression_gradients = _core.kernels.expression_gradients


@pytest.mark.parametrize("dtype", DTYPES)
def test_where_and_constants_in_every_place(dtype):
    rng = np.random.default_rng(6)
    c, x, y = rng.integers(0, 2, 77) > 0, *rng.normal(size=(2, 77)).astype(dtype)
    np.testing.assert_array_equal(apply("where", c, x, y), np.where(c, x, y))
    np.testing.assert_array_equal(apply("where", c, 1.5, y), np.where(c, dtype_of(1.5, y), y))
    np.testing.assert_array_equal(apply("where", c, x, -0.5), np.where(c, x, dtype_of(-0.5, x)))
    np.testing.assert_array_equal(apply("where", x, 1.0, np.nan * y), np.where(x != 0, 1, np.nan))
    np.testing.assert_array_equal(apply("subtract", 2.0, x), 2 - x)
    np.testing.assert_array_equal(apply("divide", 2.0, x), 2 / x)
    np.testing.assert_array_equal(apply("less", 0.0, x), x > 0)
    np.testing.assert_array_equal(apply("maximum", 0.0, x), np.maximum(x, 0))
    # the accumulator is the second operand, then the third
    chain = [("exp", 0), ("subtract", 1, 3), ("where", 2, 0, 4), ("divide", 0, 5)]
    np.testing.assert_allclose(
        expression(chain, [x, y, c]),
        x / np.where(c, x, y - np.exp(x)),
        rtol=200 * np.finfo(dtype).eps,
    )


def dtype_of(value, like):
    return like.dtype.type(value)


def test_masks_and_labels_are_read_as_numbers():
    mask = np.array([True, False, True])
    labels = np.array([[3], [-7]], np.int32)
    got = expression([("multiply", 0, 1), ("add", 3, 2)], [mask, labels, np.ones(3, "float32")])
    np.testing.assert_array_equal(got, mask * labels + np.float32(1))
    assert got.dtype == np.float32
    got = expression([("equal", 0, 1)], [labels, np.arange(-8, 4, dtype=np.int32)])
    np.testing.assert_array_equal(got, labels == np.arange(-8, 4))


# --- sizes and broadcasting


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [0, *ODD_SIZES, 127, 128, 129, 255, 1000, 2047, 2049, 20_000])
def test_sizes_touch_nothing_else(size, dtype):
    """Results of views amid other numbers; a sum and a copy beside them."""
    rng = np.random.default_rng(size)
    x, y = rng.normal(size=(2, size)).astype(dtype)
    got = expression([("multiply", 0, 1), ("add", 2, 0.5), ("maximum", 3, 0)], [x, y])
    np.testing.assert_array_equal(got, np.maximum(x * y + dtype_of(0.5, x), x))


SHAPES = [
    [(7, 5), (5,)],
    [(7, 5), (7, 1)],
    [(7, 5), ()],
    [(1, 5), (7, 1)],
    [(300, 3), (3,), (300, 1)],
    [(40, 700), (700,), (40, 1)],
    [(3, 5000), (5000,), (3, 1)],
    [(2, 3, 4, 5), (3, 1, 5), (2, 1, 4, 1)],
    [(5, 1, 1, 7), (1, 6, 1, 1), (2, 1)],
    [(2, 1, 3, 1, 2, 1, 2, 3), (1, 2, 1, 3, 1, 2, 1, 1)],
    [(33, 1, 65), (1, 20, 1)],
    [(0, 4), (4,)],
    [(3, 0), (3, 1)],
    [(1,), (1, 1, 1)],
    [(4, 1, 2100), (3, 1)],
    [(9000, 2), (1, 2)],
    [(2, 9000), (2, 1)],
    [(20, 9000), (9000,), (1, 1)],
    [(3, 70, 90), (70, 1), (1, 1, 90), (3, 1, 1)],
]


def arrays_of(shapes, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.uniform(0.5, 2, s).astype(dtype) for s in shapes]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_broadcasting(shapes, dtype):
    xs = arrays_of(shapes, dtype)
    chain = [("multiply", 0, 1), *[("add", len(xs) + k, k + 2) for k in range(len(xs) - 2)]]
    want = xs[0] * xs[1]
    for x in xs[2:]:
        want = want + x
    got = expression(chain, xs)
    assert got.shape == want.shape
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_gradients_of_what_is_broadcast_are_sums(shapes):
    xs = arrays_of(shapes, "float64")
    chain = [("multiply", 0, 1), *[("add", len(xs) + k, k + 2) for k in range(len(xs) - 2)]]
    whole = np.broadcast_shapes(*shapes)
    dy = np.random.default_rng(1).uniform(0.5, 2, whole)
    factors = [np.broadcast_to(xs[1], whole), np.broadcast_to(xs[0], whole)]
    for k, (dx, shape) in enumerate(zip(expression_gradients(dy, chain, xs), shapes, strict=True)):
        terms = dy * (factors[k] if k < 2 else 1)
        assert dx.shape == shape
        np.testing.assert_allclose(dx, summed_to(terms, shape), rtol=1e-13)


def summed_to(x, shape):
    x = x.sum(axis=tuple(range(x.ndim - len(shape))))
    return x.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1), keepdims=True)


# --- derivatives

OPERATIONS = {
    **dict.fromkeys(UNARY, 1),
    "erfinv": 1,
    "gelu": 1,
    "silu": 1,
    "softsign": 1,
    "hard_sigmoid": 1,
    "mish": 1,
    **{name: 2 for name in BINARY if name != "floor_divide"},
    "where": 3,
}
FLAT = ("sign", "floor", "ceil", "round", "trunc")


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in FLAT])
def test_gradients(name):
    """Central differences, away from kinks."""
    rng = np.random.default_rng(2)
    inside = name in ("arcsin", "arccos", "arctanh", "erfinv")
    positive = name in ("sqrt", "rsqrt", "log", "log1p", "log2", "log10", "power")
    xs = rng.uniform(0.3, 0.8, (OPERATIONS[name], 24)) if inside or positive else (
        rng.uniform(0.3, 2.8, (OPERATIONS[name], 24)) * rng.choice([-1, 1], (OPERATIONS[name], 24))
    )  # fmt: skip
    xs = list(xs + 1.2 if name == "arccosh" else xs)
    if name == "where":
        xs[0] = xs[0] > 0
    if name == "arccosh":
        xs[0] = np.abs(xs[0]) + 1.1
    dy = rng.normal(size=24)
    chain = [(name, *range(len(xs)))]
    for k, dx in enumerate(expression_gradients(dy, chain, xs)):
        if xs[k].dtype == bool:
            assert dx is None
            continue
        h = 1e-6
        high, low = (
            [x + (h if i == k else 0) * s if x.dtype != bool else x for i, x in enumerate(xs)]
            for s in (1, -1)
        )
        want = dy * (expression(chain, high) - expression(chain, low)) / (2 * h)
        np.testing.assert_allclose(dx, want, rtol=1e-6, atol=1e-7, err_msg=f"{name} {k}")


@pytest.mark.parametrize("name", [*FLAT, *UNARY_TRUTH])
def test_none_flows_through_steps(name):
    x = np.linspace(-2, 2, 5)
    assert expression_gradients(np.ones(5), [(name, 0)], [x]) == [None]


def gradient(name, *operands):
    arrays = [np.asarray(x, float) for x in operands]
    ones = np.ones(np.broadcast_shapes(*[x.shape for x in arrays]))
    return expression_gradients(ones, [(name, *range(len(arrays)))], arrays)


def test_kinks():
    np.testing.assert_array_equal(gradient("abs", [0, -0.0, -2])[0], [0, 0, -1])
    np.testing.assert_array_equal(gradient("relu", [0, -1, 1])[0], [0, 0, 1])
    np.testing.assert_array_equal(gradient("sqrt", [0, 4])[0], [np.inf, 0.25])
    for name, first in (("maximum", [0, 0.5, 1]), ("minimum", [1, 0.5, 0])):
        da, db = gradient(name, [1, 2, 3], [2, 2, 2])
        np.testing.assert_array_equal(da, first)
        np.testing.assert_array_equal(db, np.subtract(1, first))
    c, a, b = np.array([True, False]), np.array([1.0, np.nan]), np.array([np.inf, 2])
    none, da, db = expression_gradients(np.ones(2), [("where", 0, 1, 2)], [c, a, b])
    assert none is None
    np.testing.assert_array_equal(da, [1, 0])
    np.testing.assert_array_equal(db, [0, 1])
    dx, dy = gradient("power", [0, 0, 2, 0], [0, 2, 0, 1])
    np.testing.assert_array_equal(dx, [0, 0, 0, 1])
    np.testing.assert_array_equal(dy, [0, 0, np.log(2), 0])


# --- random formulas

SMOOTH = ["negative", "square", "sigmoid", "tanh", "sin", "arctan", "softplus", "erf", "gelu",
          "add", "subtract", "multiply", "arctan2", "maximum", "where", "divide",
          "less"]  # fmt: skip
NUMPY = {
    **{name: row[0] for name, row in UNARY.items()},
    **{name: row[0] for name, row in BINARY.items()},
    **BINARY_TRUTH,
    "gelu": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "where": lambda c, x, y: np.where(c != 0, x, y),
}


def random_formula(rng, inputs, length):
    """Return instructions that mostly go on from what was made last."""
    chain = []
    for k in range(length):
        name = SMOOTH[rng.integers(len(SMOOTH))]
        count = 1 if name in UNARY or name == "gelu" else 3 if name == "where" else 2
        recent = [inputs + k - 1 if k and rng.random() < 0.6 else int(rng.integers(inputs + k))]
        others = [
            float(rng.normal()) if rng.random() < 0.2 else int(rng.integers(inputs + k))
            for _ in range(count - 1)
        ]
        operands = [*recent, *others]
        rng.shuffle(operands)
        if name == "divide":  # by something at least 1
            chain_tail = operands[0]
            operands = [chain_tail, 1.25]
        chain.append((name, *[v if isinstance(v, float) else int(v) for v in operands]))
    return chain


def numpy_values(chain, xs):
    values = list(xs)
    for name, *operands in chain:
        made = NUMPY[name](*[values[v] if isinstance(v, int) else v for v in operands])
        values.append(np.asarray(made, float))  # truth values are 0 and 1
    return values[-1]


@pytest.mark.parametrize("seed", range(25))
def test_random_formulas(seed):
    rng = np.random.default_rng(seed)
    axes = rng.integers(1, 5)
    whole = rng.integers(1, 7, axes)
    shapes = [
        tuple(np.where(rng.random(axes) < 0.35, 1, whole)[rng.integers(0, 2) * (axes > 1) :])
        for _ in range(rng.integers(1, 5))
    ]
    xs = [rng.normal(size=tuple(int(n) for n in s)) for s in shapes]
    chain = random_formula(rng, len(xs), int(rng.integers(1, 25)))
    used = {v for _, *ops in chain for v in ops if isinstance(v, int)}
    got, want = expression(chain, xs), numpy_values(chain, xs)
    whole = np.broadcast_shapes(*[x.shape for x in xs])
    np.testing.assert_allclose(got, np.broadcast_to(want, whole), rtol=1e-9, atol=1e-9)
    single = expression(chain, [x.astype("float32") for x in xs])
    assert single.dtype in (np.float32, bool)
    if got.dtype == bool:
        return
    dy = rng.normal(size=whole)
    for k, dx in enumerate(expression_gradients(dy, chain, xs)):
        if k not in used or dx is None:
            continue
        direction, h = rng.normal(size=xs[k].shape), 1e-6
        high, low = ([*xs[:k], xs[k] + s * h * direction, *xs[k + 1 :]] for s in (1, -1))
        slope = np.sum(dy * (expression(chain, high) - expression(chain, low))) / (2 * h)
        scale = np.sum(np.abs(dx * direction)) + np.sum(np.abs(dy)) + 1
        assert abs(np.sum(dx * direction) - slope) <= 2e-6 * scale, (k, chain)


# --- threads

THREADED = {
    "dense": [(300_000,), (300_000,)],
    "row": [(3000, 100), (100,)],
    "column": [(3000, 100), (3000, 1)],
    "wide": [(30, 10_000), (10_000,)],
    "middle": [(20, 150, 100), (150, 1), (20, 1, 1)],
    "scalar": [(300_000,), (1,)],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shapes", THREADED.values(), ids=THREADED)
def test_threads(shapes, dtype):
    xs = arrays_of(shapes, dtype)
    chain = [("multiply", 0, 1), ("exp", len(xs)), ("tanh", len(xs) + 1)]
    dy = np.random.default_rng(2).normal(size=np.broadcast_shapes(*shapes)).astype(dtype)
    same_on_threads(
        lambda: expression(chain, xs), lambda: tuple(expression_gradients(dy, chain, xs))
    )


def test_rows_do_not_depend_on_other_rows():
    x, w = arrays_of([(517, 37), (37,)], "float32")
    chain = [("multiply", 0, 1), ("exp", 2), ("sin", 3), ("power", 4, 1)]
    whole = expression(chain, [x, w])
    for rows in (slice(0, 1), slice(100, 117), slice(516, 517)):
        assert_same_bits([expression(chain, [x[rows], w])], [whole[rows]], str(rows))


# --- bad input


def test_refused():
    x = np.ones((2, 3))
    for chain, arrays, words in [
        ([("add", 0, 1)], [x, np.ones(4)], r"must broadcast.*\(2, 3\), \(4,\)"),
        ([("add", 0, 1)], [x], "operand 1 is not the number of a value before"),
        ([("add", 0)], [x], "add takes 2 operands; got 1"),
        ([("plus", 0, 0)], [x], "unknown operation 'plus'"),
        ([], [x], "needs 1 to 2000 instructions; got 0"),
        ([("exp", 0)], [], "needs 1 to 32 inputs; got 0"),
    ]:
        with pytest.raises(ValueError, match=words):
            expression(chain, arrays)
    with pytest.raises(TypeError, match="number of a value"):
        expression([("add", 0, True)], [x])
    with pytest.raises(TypeError, match="float64"):
        expression([("add", 0, 1)], [x, x.astype("float32")])

"""Formulas of element-wise operations: derivatives, random ones against NumPy, bad ones."""

import math

import numpy as np
import pytest

from element_functions import BINARY, BINARY_TRUTH, UNARY, UNARY_TRUTH, erf
from lamina import _core

expression = _core.kernels.expression
expression_gradients = _core.kernels.expression_gradients


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
    """Return instructions that mostly use the last result."""
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
        if name == "divide":  # by a value of at least 1
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


# --- bad input


def test_refused():
    x = np.ones((2, 3))
    for chain, arrays, words in [
        ([("add", 0, 1)], [x, np.ones(4)], r"must broadcast.*\(2, 3\), \(4,\)"),
        ([("add", 0, 1)], [x], "operand 1 is not the number of an earlier value"),
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

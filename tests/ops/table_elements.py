"""Functions of single elements."""

import numpy as np
import scipy.special as sp

from ops.cases import B, Case, D, I, N, U, numbered

X = N(3, 4, 5)


def one(name, oracle, arg=X, **more):
    return Case(name, (arg,), oracle, **more)


def two(name, oracle, **more):
    """Broadcasting in several positions."""
    return [
        Case(name, (N(3, 4, 5), N(4, 1, rows=False)), oracle, **more),
        Case(name, (N(3, 1, 5), N(3, 4, 1)), oracle, **more),
        Case(name, (2.5, N(3, 2)), oracle, **more),
    ]


def compared(name, oracle):
    pair = (I(0, 3, 5, 4), I(0, 3, 4, rows=False))
    return [
        Case(name, pair, oracle, gradient=False),
        Case(name, (N(2, 3), 0.1), oracle, gradient=False),
    ]


P = U(0.1, 3.0, 3, 5)
CURVES = ["sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "arcsinh"]
SPECIAL = np.array([[np.nan, np.inf], [-np.inf, 0.0], [1.0, -2.0]])


def nearest(x):
    """The nearest point of the simplex, found by bisection for its shift."""
    low, high = x.min(-1, keepdims=True) - 1, x.max(-1, keepdims=True)
    for _ in range(100):
        middle = (low + high) / 2
        over = np.maximum(x - middle, 0).sum(-1, keepdims=True) > 1
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return np.maximum(x - high, 0)


CASES = [
    *two("add", np.add),
    *two("subtract", np.subtract),
    *two("multiply", np.multiply),
    Case("divide", (N(3, 4, 5), U(0.5, 2, 4, 1, rows=False)), np.divide),
    Case("divide", (I(1, 9, 3, 4), I(1, 9, 3, 1)), np.divide),
    Case("true_divide", (1.0, U(0.5, 2, 3, 2)), np.true_divide),
    *two("maximum", np.maximum),
    *two("minimum", np.minimum),
    *two("fmax", np.fmax),
    *two("fmin", np.fmin),
    Case("add", (I(-5, 5, 3, 4), I(-5, 5, 4, rows=False)), np.add),
    Case("add", (N(0, 3), N(3, rows=False)), np.add, gradient=False),
    Case("multiply", (I(-5, 5, 3, 4), 2), np.multiply),
    Case("divide_no_nan", (N(3, 2), np.array([0.0, 2.0])), lambda a, b: np.array([0.0, 0.5]) * a),
    Case("floor_divide", (N(3, 4), 0.7), np.floor_divide, gradient=False),
    Case("floor_divide", (I(-9, 9, 3, 4), 4), np.floor_divide),
    Case("mod", (N(3, 4), 0.7), np.mod),
    Case("mod", (I(-9, 9, 3, 4), -4), np.mod),
    Case("fmod", (N(3, 4), 0.7), np.fmod),
    Case("power", (P, N(5, rows=False)), np.power),
    Case("power", (N(3, 4), 2), np.power),
    Case("power", (N(3, 4), 3.0), np.power),
    one("negative", np.negative),
    one("abs", np.abs),
    one("absolute", np.abs, I(-4, 4, 3, 3)),
    *[one(name, lambda x: x, B(3, 4)) for name in ("absolute", "trunc")],
    one("fabs", np.fabs, keras=False),
    one("sign", np.sign, gradient=False),
    one("square", np.square),
    one("reciprocal", np.reciprocal, P),
    one("cbrt", np.cbrt, P),
    one("cbrt", np.cbrt),
    Case("hypot", (N(3, 4), N(4, rows=False)), np.hypot),
    Case("clip", (X, -0.5, 0.5), np.clip),
    Case("clip", (I(-5, 5, 3, 3), -2, 2), np.clip),
    *[Case("clip", (X, *bounds), np.clip) for bounds in [(None, 0.1), (0.1, None)]],
    Case("clip", (B(3, 3), 0, None), lambda x, *_: x.astype(int)),
    Case("heaviside", (np.array([[-1.0, 0.0, 2.0]]), 0.5), np.heaviside, gradient=False),
    Case("ldexp", (N(3, 4), I(-2, 3, 4, rows=False)), np.ldexp),
    one("floor", np.floor, gradient=False),
    one("ceil", np.ceil, gradient=False),
    one("trunc", np.trunc, gradient=False),
    one("round", np.round, gradient=False),
    Case("round", (X, 2), np.round, gradient=False),
    Case("round", (U(-300, 300, 3, 3), -1), np.round, gradient=False),
    one("deg2rad", np.deg2rad),
    one("rad2deg", np.rad2deg, keras=False),
    one("real", np.real),
    one("conj", np.conj),
    one("conjugate", np.conj),
    one("imag", np.imag, gradient=False),
    one("imag", np.imag, np.array([[np.inf, np.nan]]), gradient=False),
    one("angle", np.angle, gradient=False),
    one("angle", np.angle, np.array([[-0.0, 0.0, np.nan]]), gradient=False),
    # exponentials
    one("exp", np.exp),
    one("exp2", np.exp2),
    one("expm1", np.expm1),
    one("log", np.log, P),
    one("log1p", np.log1p, P),
    one("log2", np.log2, P),
    one("log10", np.log10, P),
    one("sqrt", np.sqrt, P),
    one("rsqrt", lambda x: 1 / np.sqrt(x), P),
    one("erf", sp.erf),
    one("erfc", sp.erfc, U(-3, 6, 3, 4)),
    one("erfc", sp.erfc, np.array([[np.inf, -np.inf, 60.0, np.nan]]), gradient=False),
    one("erfinv", sp.erfinv, U(-0.9, 0.9, 3, 4)),
    one("sinc", np.sinc),
    Case("logaddexp", (N(3, 4), N(4, rows=False)), np.logaddexp),
    Case("logaddexp", (SPECIAL, 0.0), np.logaddexp, gradient=False),
    Case("logaddexp2", (N(3, 4), N(4, rows=False)), np.logaddexp2),
    # trigonometry
    *[
        one(name, getattr(np, name))
        for name in ["sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "arcsinh"]
    ],
    *[one(name, getattr(np, name), U(-0.9, 0.9, 3, 4)) for name in ["arcsin", "arccos", "arctanh"]],
    one("arccosh", np.arccosh, U(1.1, 4, 3, 4)),
    Case("arctan2", (N(3, 4), N(4, rows=False)), np.arctan2),
    # comparisons and choices
    *compared("equal", np.equal),
    *compared("not_equal", np.not_equal),
    *compared("less", np.less),
    *compared("less_equal", np.less_equal),
    *compared("greater", np.greater),
    *compared("greater_equal", np.greater_equal),
    *[
        Case(name, (B(3, 4), B(4, rows=False)), getattr(np, name), gradient=False)
        for name in ["logical_and", "logical_or", "logical_xor"]
    ],
    one("logical_not", np.logical_not, B(3, 4), gradient=False),
    *[
        one(name, getattr(np, name), SPECIAL, gradient=False)
        for name in ["isnan", "isinf", "isfinite", "isposinf", "isneginf", "isreal", "signbit"]
    ],
    Case("isclose", (SPECIAL, SPECIAL + 1e-7), np.isclose, gradient=False),
    Case("isclose", (SPECIAL, SPECIAL), np.isclose, {"equal_nan": True}, gradient=False),
    Case("allclose", (N(3, 2), 0.0), np.allclose, gradient=False, rows="free"),
    Case("where", (B(3, 4), N(3, 4), N(4, rows=False)), np.where),
    Case("where", (B(3, 1), I(0, 9, 4, rows=False), 0), np.where),
    Case("where", (B(3, 2), True, False), np.where, gradient=False),
    Case(
        "select",
        ([B(3, 2), B(3, 2)], [N(3, 2), N(2, rows=False)], 0.5),
        lambda c, v, d: np.where(c[0], v[0], np.where(c[1], v[1], d)),
    ),
    Case(
        "nan_to_num",
        (SPECIAL,),
        np.nan_to_num,
        {"nan": 1.0, "posinf": 2.0, "neginf": 3.0},
        gradient=False,
    ),
    Case("isin", (I(0, 9, 3, 4), I(0, 9, 2, 2, rows=False)), np.isin, gradient=False),
    Case("isin", (I(0, 9, 3, 4), 3, True, True), np.isin, gradient=False),
    Case(
        "isin", (I(-9, 150, 30, 4), I(0, 140, 90, rows=False)), np.isin, gradient=False, keras=False
    ),
    Case("cast", (N(3, 4), "int32"), lambda x, t: x.astype(t), gradient=False),
    Case("cast", (I(-1, 2, 3, 4), "bool"), lambda x, t: x.astype(t), gradient=False),
    Case(
        "saturate_cast",
        (U(-500, 500, 3), "uint8"),
        lambda x, t: np.clip(x, 0, 255).astype("int32"),
        keras=False,
        gradient=False,
    ),
    one("copy", np.copy),
    # activations
    one("relu", lambda x: np.maximum(x, 0)),
    one("relu6", lambda x: np.clip(x, 0, 6), U(-3, 9, 3, 4)),
    one("leaky_relu", lambda x: np.where(x < 0, 0.2 * x, x)),
    Case("leaky_relu", (X, 0.1), lambda x, a: np.where(x < 0, a * x, x)),
    Case("elu", (X, 1.5), lambda x, a: np.where(x < 0, a * np.expm1(x), x)),
    Case("celu", (X, 1.5), lambda x, a: np.where(x < 0, a * np.expm1(x / a), x)),
    one(
        "selu", lambda x: 1.0507009873554805 * np.where(x < 0, 1.6732632423543772 * np.expm1(x), x)
    ),
    one("gelu", lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))),
    Case("gelu", (X, False), lambda x, a: x * sp.ndtr(x)),
    one("silu", lambda x: x * sp.expit(x)),
    one("swish", lambda x: x * sp.expit(x)),
    one("mish", lambda x: x * np.tanh(np.logaddexp(x, 0)), keras=False),
    one("sigmoid", sp.expit),
    one("softplus", lambda x: np.logaddexp(x, 0)),
    one("log_sigmoid", sp.log_expit),
    one("log_sigmoid", sp.log_expit, np.array([[-800.0, 0.0, 800.0]]), gradient=False),
    one("softsign", lambda x: x / (1 + np.abs(x))),
    one("hard_sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1), U(-5, 5, 3, 4)),
    one("hard_silu", lambda x: x * np.clip(x / 6 + 0.5, 0, 1), U(-5, 5, 3, 4)),
    one("hard_swish", lambda x: x * np.clip(x / 6 + 0.5, 0, 1), U(-5, 5, 3, 4)),
    one("hard_tanh", lambda x: np.clip(x, -1, 1)),
    one("sparse_sigmoid", lambda x: np.clip((x + 1) / 2, 0, 1)),
    one("sparse_plus", lambda x: np.where(x < -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x))),
    Case("squareplus", (X, 3), lambda x, b: (x + np.sqrt(x * x + b)) / 2),
    Case("soft_shrink", (X, 0.3), lambda x, t: np.sign(x) * np.maximum(np.abs(x) - t, 0)),
    Case("hard_shrink", (X, 0.3), lambda x, t: np.where(np.abs(x) > t, x, 0)),
    one("tanh_shrink", lambda x: x - np.tanh(x)),
    Case("threshold", (X, 0.2, -7.0), lambda x, t, d: np.where(x > t, x, d)),
    Case("glu", (N(3, 4),), lambda x: x[:, :2] * sp.expit(x[:, 2:])),
    one("softmax", lambda x: sp.softmax(x, -1)),
    Case("softmax", (X, 1), sp.softmax),
    Case("softmax", (X, 0), sp.softmax),
    Case("softmax", (X, (1, 2)), sp.softmax),
    one("log_softmax", lambda x: sp.log_softmax(x, -1)),
    Case("log_softmax", (X, 1), sp.log_softmax),
    one("sparsemax", nearest, D(3, 5), keras=False),
    Case("relu", (I(-3, 4, 3, 4),), lambda x: np.maximum(x, 0), keras=False, gradient=False),
    # arithmetic of booleans
    *[
        Case(name, (B(3, 4), B(4, rows=False)), getattr(np, name), keras=False, gradient=False)
        for name in ["add", "multiply", "maximum", "minimum", "fmax", "fmin"]
    ],
    *[
        Case(name, (B(3, 4), True), getattr(np, name), keras=False, gradient=False)
        for name in ["add", "multiply", "maximum", "minimum"]
    ],
]
CASES = numbered(CASES)

"""Element-wise operations in NumPy, and the accuracy required of the kernels."""

import math

import numpy as np

from lamina import _core

expression = _core.kernels.expression
expression_gradients = _core.kernels.expression_gradients


def apply(name, *operands):
    """Return one operation on arrays and float constants."""
    arrays = [x for x in operands if isinstance(x, np.ndarray)]
    numbers = iter(range(len(arrays)))
    words = [next(numbers) if isinstance(x, np.ndarray) else float(x) for x in operands]
    return expression([(name, *words)], arrays)


def assert_ulp(got, want, most, what):
    """Compare with a more exact result; the error may be ``most`` units in the last place."""
    kind = got.dtype.type
    with np.errstate(all="ignore"):
        rounded = np.asarray(want).astype(kind)
        unit = np.spacing(np.abs(np.where(np.isfinite(rounded), rounded, 1))).astype(np.longdouble)
        error = np.abs(got.astype(np.longdouble) - want) / unit
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    bad = ~(same | (error <= most))
    assert not bad.any(), (
        f"{what}: {np.count_nonzero(bad)} of {got.size} beyond {most} ulp, worst "
        f"{error[bad].max():.2f}; got {got[bad][:3]}, want {want[bad][:3]}"
    )


# --- elementary functions


def erf(x):
    return np.array([math.erf(v) for v in np.asarray(x, float).ravel()]).reshape(np.shape(x))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(x, np.zeros_like(x))


def selu(x):
    scale, alpha = np.longdouble("1.0507009873554804934"), np.longdouble("1.6732632423543772848")
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


# name: the function, (low, high) of its arguments, ulp in float32 and float64.
UNARY = {
    "copy": (lambda x: x, (-9, 9), 0, 0),
    "negative": (np.negative, (-9, 9), 0, 0),
    "abs": (np.abs, (-9, 9), 0, 0),
    "sign": (np.sign, (-9, 9), 0, 0),
    "floor": (np.floor, (-9, 9), 0, 0),
    "ceil": (np.ceil, (-9, 9), 0, 0),
    "round": (np.round, (-9, 9), 0, 0),
    "trunc": (np.trunc, (-9, 9), 0, 0),
    "reciprocal": (np.reciprocal, (-9, 9), 0.5, 0.51),
    "square": (np.square, (-9, 9), 0.5, 0.51),
    "sqrt": (np.sqrt, (0, 9), 0.5, 0.51),
    "rsqrt": (lambda x: 1 / np.sqrt(x), (0, 9), 1.5, 1.5),
    "exp": (np.exp, (-9, 9), 1.1, 1.2),
    "expm1": (np.expm1, (-9, 9), 1.8, 1.9),
    "log": (np.log, (0, 9), 0.9, 0.9),
    "log1p": (np.log1p, (-1, 9), 1.5, 1.5),
    "log2": (np.log2, (0, 9), 2.0, 2.0),
    "log10": (np.log10, (0, 9), 0.51, 1.8),
    "sin": (np.sin, (-30, 30), 0.51, 0.9),
    "cos": (np.cos, (-30, 30), 0.51, 0.9),
    "tan": (np.tan, (-30, 30), 0.51, 2.0),
    "sinh": (np.sinh, (-9, 9), 2.6, 2.6),
    "cosh": (np.cosh, (-9, 9), 2.0, 2.0),
    "tanh": (np.tanh, (-9, 9), 1.3, 1.3),
    "arcsin": (np.arcsin, (-1, 1), 0.51, 1.0),
    "arccos": (np.arccos, (-1, 1), 0.51, 1.0),
    "arctan": (np.arctan, (-9, 9), 0.51, 1.0),
    "arcsinh": (np.arcsinh, (-9, 9), 0.51, 3.0),
    "arccosh": (np.arccosh, (1, 9), 0.51, 3.0),
    "arctanh": (np.arctanh, (-1, 1), 0.51, 3.0),
    "erf": (erf, (-4, 4), 1.6, 2.5),  # the C library's double version is inexact, too
    "sigmoid": (sigmoid, (-30, 30), 1.9, 1.9),
    "softplus": (softplus, (-30, 30), 1.8, 1.8),
    "relu": (lambda x: np.maximum(x, 0), (-9, 9), 0, 0),
    "selu": (selu, (-9, 9), 4, 4),
}
UNARY_TRUTH = {
    "logical_not": np.logical_not,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
}

BINARY = {
    "add": (np.add, 0.5),
    "subtract": (np.subtract, 0.5),
    "multiply": (np.multiply, 0.5),
    "divide": (np.divide, 0.5),
    "maximum": (np.maximum, 0),
    "minimum": (np.minimum, 0),
    "power": (np.power, 1.0),
    "mod": (np.mod, 0.51),
    "floor_divide": (np.floor_divide, 0.51),
    "arctan2": (np.arctan2, 2.0),
}
BINARY_TRUTH = {
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
}

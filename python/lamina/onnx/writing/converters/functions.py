"""Element-wise functions of one number or several, by the engine's names."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.translation import CannotExpressError, Translation

# Functions of numbers that ONNX has.
PLAIN = {
    "copy": "Identity", "negative": "Neg", "abs": "Abs", "sign": "Sign", "floor": "Floor",
    "ceil": "Ceil", "round": "Round", "reciprocal": "Reciprocal", "sqrt": "Sqrt", "exp": "Exp",
    "log": "Log", "sin": "Sin", "cos": "Cos", "tan": "Tan", "sinh": "Sinh", "cosh": "Cosh",
    "tanh": "Tanh", "arcsin": "Asin", "arccos": "Acos", "arctan": "Atan", "arcsinh": "Asinh",
    "arccosh": "Acosh", "arctanh": "Atanh", "erf": "Erf", "sigmoid": "Sigmoid",
    "softplus": "Softplus", "relu": "Relu", "softsign": "Softsign",
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "maximum": "Max",
    "minimum": "Min", "power": "Pow",
    "linear": "Identity", "exponential": "Exp",
}  # fmt: skip

Function = Callable[..., str]
WRITTEN: dict[str, Function] = {}


def written(function: Function) -> Function:
    """Return a decorator that registers a function for the operation of its name."""
    WRITTEN[function.__name__.rstrip("_")] = function
    return function


def number_function(t: Translation, name: str, *operands: str, alpha: float | None = None) -> str:
    """Write a function of numbers; ``alpha`` is a parameter of some.

    Raises
    ------
    CannotExpressError
        If ONNX cannot express it.
    """
    if name in PLAIN:
        return t.node(PLAIN[name], *operands)
    if name not in WRITTEN:
        raise CannotExpressError(f"ONNX has no {name}")
    if alpha is not None:
        return WRITTEN[name](t, *operands, alpha=alpha)
    return WRITTEN[name](t, *operands)


@converts("activation")
def activation(t: Translation, asked: Asked) -> str:
    """Write an activation."""
    return activated(t, t.name_of(asked.x), asked["kind"], asked["alpha"])


def activated(t: Translation, name: str, kind: str, alpha: float) -> str:
    """Write an activation of a value; none for "linear"."""
    if kind == "linear":
        return name
    if kind in ("leaky_relu", "clipped_relu", "elu"):
        return number_function(t, kind, name, alpha=alpha)
    return number_function(t, kind, name)


# --- with settings


@written
def leaky_relu(t: Translation, x: str, slope: str = "", alpha: float | None = None) -> str:
    """Write x where it is positive, else slope x."""
    if alpha is not None and t.short_attributes:
        return t.node("LeakyRelu", x, alpha=float(alpha))
    slope = slope or t.number(float(alpha or 0))
    left = t.node("Mul", x, slope)
    return t.node("Where", t.node("Greater", x, t.number(0)), x, left)


@written
def clipped_relu(t: Translation, x: str, alpha: float) -> str:
    """Write x within 0 and alpha."""
    return t.node("Clip", x, t.number(0), t.number(alpha))


@written
def elu(t: Translation, x: str, scale: str = "", alpha: float | None = None) -> str:
    """Write x where it is positive, else scale (exp(x) - 1)."""
    if alpha is not None and t.short_attributes:
        return t.node("Elu", x, alpha=float(alpha))
    scale = scale or t.number(float(alpha or 0))
    left = t.node("Mul", scale, expm1(t, t.node("Min", x, t.number(0))))
    return t.node("Where", t.node("Greater", x, t.number(0)), x, left)


@written
def selu(t: Translation, x: str) -> str:
    """Write the function of Klambauer et al. (2017)."""
    alpha, gamma = 1.6732632423543772, 1.0507009873554805
    if t.short_attributes:
        return t.node("Selu", x, alpha=alpha, gamma=gamma)
    return t.node("Mul", elu(t, x, alpha=alpha), t.number(gamma))


@written
def hard_sigmoid(t: Translation, x: str) -> str:
    """Write a ramp from -3 to 3."""
    if t.short_attributes:
        return t.node("HardSigmoid", x, alpha=1 / 6, beta=0.5)
    ramp = t.node("Clip", t.node("Add", x, t.number(3)), t.number(0), t.number(6))
    return t.node("Mul", ramp, t.number(1 / 6))


@written
def hard_silu(t: Translation, x: str) -> str:
    """Write x times a ramp from -3 to 3."""
    return t.node("Mul", x, hard_sigmoid(t, x))


# --- composed of others


@written
def gelu(t: Translation, x: str) -> str:
    """Write x Phi(x)."""
    above = t.node("Add", t.node("Erf", t.node("Mul", x, t.number(math.sqrt(0.5)))), t.number(1))
    return t.node("Mul", t.node("Mul", x, t.number(0.5)), above)


@written
def silu(t: Translation, x: str) -> str:
    """Write x sigmoid(x)."""
    return t.node("Mul", x, t.node("Sigmoid", x))


WRITTEN["swish"] = silu


@written
def mish(t: Translation, x: str) -> str:
    """Write x tanh(softplus(x))."""
    return t.node("Mul", x, t.node("Tanh", t.node("Softplus", x)))


@written
def trunc(t: Translation, x: str) -> str:
    """Write x rounded towards 0."""
    return t.node("Mul", t.node("Sign", x), t.node("Floor", t.node("Abs", x)))


@written
def square(t: Translation, x: str) -> str:
    """Write x squared."""
    return t.node("Mul", x, x)


@written
def rsqrt(t: Translation, x: str) -> str:
    """Write 1 / sqrt(x)."""
    return t.node("Reciprocal", t.node("Sqrt", x))


@written
def expm1(t: Translation, x: str) -> str:
    """Write exp(x) - 1 as tanh(x / 2) (exp(x) + 1), which loses nothing near 0."""
    half = t.node("Tanh", t.node("Mul", x, t.number(0.5)))
    return t.node("Mul", half, t.node("Add", t.node("Exp", x), t.number(1)))


@written
def log1p(t: Translation, x: str) -> str:
    """Write log(1 + x) as log(u) x / (u - 1), u = 1 + x rounded (Kahan)."""
    one, zero = t.number(1), t.number(0)
    u = t.node("Add", x, one)
    d = t.node("Sub", u, one)
    tiny = t.node("Equal", d, zero)
    plain = t.node("Or", tiny, t.node("IsInf", x))
    ratio = t.node("Where", plain, one, t.node("Div", x, t.node("Where", tiny, one, d)))
    return t.node("Where", tiny, x, t.node("Mul", t.node("Log", u), ratio))


@written
def log2(t: Translation, x: str) -> str:
    """Write the logarithm to base 2."""
    return t.node("Mul", t.node("Log", x), t.number(1 / math.log(2)))


@written
def log10(t: Translation, x: str) -> str:
    """Write the logarithm to base 10."""
    return t.node("Mul", t.node("Log", x), t.number(1 / math.log(10)))


@written
def mod(t: Translation, x: str, y: str) -> str:
    """Write the remainder, with the sign of the divisor."""
    rest = t.node("Mod", x, y, fmod=1)
    zero = t.number(0)
    apart = t.node("Xor", t.node("Less", rest, zero), t.node("Less", y, zero))
    nothing = t.node("Equal", rest, zero)
    wrong = t.node("And", apart, t.node("Not", nothing))
    return t.node("Where", wrong, t.node("Add", rest, y), rest)


@written
def floor_divide(t: Translation, x: str, y: str) -> str:
    """Write the whole part of a quotient, rounded down."""
    return t.node("Round", t.node("Div", t.node("Sub", x, mod(t, x, y)), y))


@written
def arctan2(t: Translation, y: str, x: str) -> str:
    """Write the angle of (x, y)."""
    zero = t.number(0)
    angle = t.node("Atan", t.node("Div", y, x))
    below = t.node("Less", y, zero)
    turn = t.node("Where", below, t.number(-math.pi), t.number(math.pi))
    up = t.node("Where", t.node("Greater", y, zero), t.number(math.pi / 2), zero)
    upright = t.node("Where", below, t.number(-math.pi / 2), up)
    left = t.node("Where", t.node("Less", x, zero), t.node("Add", angle, turn), upright)
    return t.node("Where", t.node("Greater", x, zero), angle, left)


# --- with booleans


def truth_function(t: Translation, name: str, operands: Any) -> str | None:
    """Write a function that returns booleans; None if the name is of no such function.

    ``operands(kind)`` returns the names of the operands as "float" or "bool".
    """
    if name in _COMPARISONS:
        return t.node(_COMPARISONS[name], *operands("float"))
    if name == "not_equal":
        return t.node("Not", t.node("Equal", *operands("float")))
    if name in _LOGICAL:
        return t.node(_LOGICAL[name], *operands("bool"))
    if name == "isfinite":
        x = operands("float")
        return t.node("Not", t.node("Or", t.node("IsNaN", *x), t.node("IsInf", *x)))
    return None


_COMPARISONS = {
    "equal": "Equal", "less": "Less", "less_equal": "LessOrEqual", "greater": "Greater",
    "greater_equal": "GreaterOrEqual", "isnan": "IsNaN", "isinf": "IsInf",
}  # fmt: skip
_LOGICAL = {"logical_not": "Not", "logical_and": "And", "logical_or": "Or", "logical_xor": "Xor"}

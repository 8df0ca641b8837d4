"""Arithmetic and functions of elements."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from lamina import ops
from lamina._tensors import RowCount, Tensor
from lamina.onnx.reading import known
from lamina.onnx.reading.graph import TYPES, Node, type_name
from lamina.onnx.reading.operators._elements import is_integer, one, several, wider
from lamina.onnx.reading.registry import operator
from lamina.onnx.reading.views import View, axis_of, plain, rank, sizes, viewed

UNARY: dict[str, Callable[[Any], Any]] = {
    "Abs": ops.abs, "Acos": ops.arccos, "Acosh": ops.arccosh, "Asin": ops.arcsin,
    "Asinh": ops.arcsinh, "Atan": ops.arctan, "Atanh": ops.arctanh, "Ceil": ops.ceil,
    "Cos": ops.cos, "Cosh": ops.cosh, "Erf": ops.erf, "Exp": ops.exp, "Floor": ops.floor,
    "Log": ops.log, "Neg": ops.negative, "Reciprocal": lambda x: ops.divide(1.0, x),
    "Round": ops.round, "Sign": ops.sign, "Sin": ops.sin, "Sinh": ops.sinh, "Sqrt": ops.sqrt,
    "Tan": ops.tan, "Tanh": ops.tanh, "Not": ops.logical_not, "IsNaN": ops.isnan,
    "BitwiseNot": lambda x: ops.subtract(-1, x),
}  # fmt: skip


def _enter_unary(name: str, function: Callable[[Any], Any]) -> None:
    operator(name, views=True)(lambda _, x: one(function, x))


for _name, _function in UNARY.items():
    _enter_unary(_name, _function)


@operator("Identity", views=True)
def identity(_: Node, x: Any) -> Any:
    """Return the input."""
    return x


def aligned(node: Node, a: Any, b: Any) -> tuple[Any, Any]:
    """Return two operands, the second aligned as an attribute of old versions says."""
    axis = node.int("axis")
    if node.opset >= 7 or axis is None or rank(b) == 0:
        return a, b
    missing = rank(a) - axis_of(axis, rank(a)) - rank(b)
    return a, ops.reshape(plain(b), (*sizes(b), *(1,) * missing)) if missing > 0 else b


def truncated(a: Any, b: Any) -> Any:
    """Return quotients of integers, rounded towards 0."""
    quotient = ops.floor_divide(ops.abs(a), ops.abs(b))
    return ops.where(ops.less(a, 0) != ops.less(b, 0), ops.negative(quotient), quotient)


def _divided(a: Any, b: Any) -> Any:
    if is_integer(a, b):
        return truncated(a, b)
    return ops.divide(a, b)


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": ops.add, "Sub": ops.subtract, "Mul": ops.multiply, "Div": _divided,
    "BitwiseAnd": ops.bitwise_and, "BitwiseOr": ops.bitwise_or, "BitwiseXor": ops.bitwise_xor,
}  # fmt: skip


def _enter_binary(name: str, function: Callable[[Any, Any], Any]) -> None:
    def apply(node: Node, a: Any, b: Any) -> Any:
        return several(function, *aligned(node, a, b))

    operator(name, views=True)(apply)


for _name, _two in BINARY.items():
    _enter_binary(_name, _two)


@operator("Pow", views=True)
def power(node: Node, a: Any, b: Any) -> Any:
    """Return powers, in the type of the base."""
    whole = is_integer(a)
    if isinstance(b, np.ndarray) and b.size == 1 and b.ndim <= rank(a):
        exponent = float(b.reshape(-1)[0])
        if exponent == 2.0:
            return one(ops.square, a)
        b = b.reshape(()) if isinstance(a, View) else b

    def powers(x: Any, y: Any) -> Any:
        z = ops.power(x, y)
        return ops.cast(z, "int32") if whole and not is_integer(z) else z

    return several(powers, *aligned(node, a, b))


@operator("Mod", views=True)
def modulo(node: Node, a: Any, b: Any) -> Any:
    """Return remainders with the sign of the divisor, or with fmod that of the dividend."""
    return several(ops.fmod if node.int("fmod", 0) else ops.mod, a, b)


def _enter_variadic(name: str, function: Callable[[Any, Any], Any]) -> None:
    def apply(_: Node, *xs: Any) -> Any:
        return reduce(lambda a, b: several(function, a, b), xs)

    operator(name, views=True)(apply)


for _name, _two in {"Max": ops.maximum, "Min": ops.minimum, "Sum": ops.add}.items():
    _enter_variadic(_name, _two)


@operator("Mean", views=True)
def mean(_: Node, *xs: Any) -> Any:
    """Return the mean of the inputs."""
    total = reduce(lambda a, b: several(ops.add, a, b), xs)
    return one(lambda x: ops.divide(x, float(len(xs))), total)


@operator("BitShift", views=True)
def shift(node: Node, a: Any, b: Any) -> Any:
    """Return integers shifted by bits."""
    left = node.text("direction") == "LEFT"
    return several(ops.left_shift if left else ops.right_shift, a, b)


@operator("IsInf", views=True)
def is_infinite(node: Node, x: Any) -> Any:
    """Return where x is infinite, with the given signs."""
    positive, negative = node.int("detect_positive", 1), node.int("detect_negative", 1)
    if positive and negative:
        return one(ops.isinf, x)
    if positive:
        return one(ops.isposinf, x)
    if negative:
        return one(ops.isneginf, x)
    return one(lambda v: ops.zeros_like(v, dtype="bool"), x)


@operator("Clip", views=True)
def clip(node: Node, x: Any, low: Any = None, high: Any = None) -> Any:
    """Return x within bounds; if they cross, the upper one."""
    if node.opset < 11:
        low, high = (
            None if value is None else np.asarray(value, np.float32)
            for value in (node.float("min"), node.float("max"))
        )
    for bound, function in ((low, ops.maximum), (high, ops.minimum)):
        if bound is not None:
            x = several(function, x, bound)
    return x


# --- types


def cast(x: Any, to: int) -> Any:
    """Return a tensor as one of ONNX's types, as far as tensors distinguish them.

    float16 and bfloat16 are stored in the model's own precision.  Integers narrower than 32 bits
    keep their low bits.
    """
    if to not in TYPES:
        raise ValueError(f"the type {type_name(to)} is not supported")
    name, kind = TYPES[to]
    if isinstance(x, np.ndarray) and x.dtype != object and name.endswith(("8", "16", "32", "64")):
        made = known.cast_to(x, to)
        return made if made is not None else x

    def converted(v: Any) -> Any:
        if kind != "int32":
            return ops.cast(v, "float32" if kind == "float" else "bool")
        from_integer = is_integer(v)
        v = ops.cast(v, "int32")
        bits = int(name.lstrip("uint") or 32)
        if not from_integer or bits >= 32:
            return v
        if name.startswith("u"):
            return ops.mod(v, 1 << bits)
        half = 1 << (bits - 1)
        return ops.subtract(ops.mod(ops.add(v, half), 2 * half), half)

    return one(converted, x)


@operator("Cast", views=True)
def cast_node(node: Node, x: Any) -> Any:
    """Return the values as another type."""
    return cast(x, node.int("to", 0))


@operator("CastLike", views=True)
def cast_like(node: Node, x: Any, like: Any) -> Any:
    """Return the values as the type of another tensor."""
    to = node.int("type", 0)
    if not to:
        dtype = str(ops.dtype(like.stored if isinstance(like, View) else like))
        to = next((number for number, (name, _) in TYPES.items() if name == dtype), 0)
    return cast(x, to)


# --- choices


@operator("Where", views=True)
def where(_: Node, condition: Any, x: Any, y: Any) -> Any:
    """Return x where the condition is true, otherwise y."""
    return several(ops.where, condition, x, y)


@operator("PRelu", views=True)
def prelu(_: Node, x: Any, slope: Any) -> Any:
    """Return x, with negative elements multiplied by a slope."""

    def sloped(v: Any, s: Any) -> Any:
        return ops.where(ops.less(v, 0.0), ops.multiply(v, s), v)

    return several(sloped, x, slope)


@operator("Expand", known=(1,))
def expand(_: Node, x: Any, shape: Any) -> Any:
    """Return x broadcast to at least a shape."""
    target = list(shape.tolist())
    own = list(sizes(x))
    axes = max(len(own), len(target))
    own, target = [1] * (axes - len(own)) + own, [1] * (axes - len(target)) + target
    both = [s if _is_one(t) else t for s, t in zip(own, target, strict=True)]
    if isinstance(x, Tensor) and x.rows and len(sizes(x)) < axes:
        x = wider(x, axes)
    return broadcast(x, both)


def _is_one(size: Any) -> bool:
    return isinstance(size, int) and size == 1


def broadcast(x: Any, target: list[Any]) -> Any:
    """Return x broadcast to sizes, which may include the unknown number of rows, anywhere."""
    at = [i for i, size in enumerate(target) if isinstance(size, RowCount)]
    if at and isinstance(x, np.ndarray):
        # The file's own number of rows: values that are the same for all rows fit any number.
        place = at[0] - (len(target) - x.ndim)
        if place >= 0 and x.shape[place] > 1:
            first = np.take(x, [0], place)
            x = first if (x == first).all() else x
    known.check_size([s for s in target if not isinstance(s, RowCount)])
    if at and at != [0] and not (isinstance(x, Tensor) and x.rows):
        rows = at[0]
        order = (*range(1, rows + 1), 0, *range(rows + 1, len(target)))
        stored = [target[rows], *target[:rows], *target[rows + 1 :]]
        x = wider(x, len(target))
        x = ops.transpose(x, (rows, *range(rows), *range(rows + 1, len(target))))
        return viewed(ops.broadcast_to(x, tuple(stored)), order)
    return ops.broadcast_to(x, tuple(target))

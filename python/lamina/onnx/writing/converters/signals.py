"""Fourier transforms, resized axes, and bits of integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.translation import ELEMENTS, Translation


@converts("fourier")
def fourier(t: Translation, asked: Asked) -> list[str]:
    """Write the discrete Fourier transform of the last axis, with both parts in a new last axis."""
    parts = [asked["real"]] + ([] if asked["imaginary"] is None else [asked["imaginary"]])
    last, axis = parts[0].rank, parts[0].rank - 1
    apart = [t.node("Unsqueeze", t.name_of(part), t.integers([last])) for part in parts]
    x = apart[0] if len(apart) == 1 else t.node("Concat", *apart, axis=last)
    inverse = int(asked["inverse"])
    if t.opset < 20:
        y = t.node("DFT", x, axis=axis, inverse=inverse)
    else:
        y = t.node("DFT", x, "", t.scalar(axis, "int64"), inverse=inverse)
    return [t.node("Gather", y, t.scalar(part, "int64"), axis=last) for part in (0, 1)]


@converts("resize")
def resize(t: Translation, asked: Asked) -> str:
    """Write an axis resized by linear interpolation."""
    x, axis, to = asked.x, asked["axis"], int(asked["to"])
    size = x.shape[axis]
    if t.open_lengths:
        return _resized_from_any(t, asked)
    if size == to:
        return t.name_of(x)
    places = np.clip((np.arange(to) + 0.5) * size / to - 0.5, 0, size - 1)
    low = np.minimum(np.floor(places).astype(np.int64), max(size - 2, 0))
    share = (places - low).reshape(-1, *[1] * (len(x.shape) - 1 - axis))
    at = x.axis(axis)
    name = t.name_of(x)
    first = t.node("Gather", name, t.integers(low), axis=at)
    second = t.node("Gather", name, t.integers(np.minimum(low + 1, size - 1)), axis=at)
    apart = t.node("Sub", second, first)
    return t.node("Add", first, t.node("Mul", apart, t.numbers(share)))


def _resized_from_any(t: Translation, asked: Asked) -> str:
    """Write the same for an axis of any length, with positions in double precision."""
    x, to = asked.x, int(asked["to"])
    at, name = x.axis(asked["axis"]), t.name_of(x)

    def double(value: Any) -> str:
        return t.sheet.array(np.array(value, np.float64))

    shape = t.node("Shape", name, start=at, end=at + 1)
    size = t.node("Cast", t.node("Squeeze", shape), to=ELEMENTS["float64"])
    last = t.node("Sub", size, double(1))
    spread = t.node("Mul", double((np.arange(to) + 0.5) / to), size)
    places = t.node("Sub", spread, double(0.5))
    places = t.node("Min", t.node("Max", places, double(0)), last)
    low = t.node("Floor", places)
    high = t.node("Min", t.node("Add", low, double(1)), last)
    form = t.integers([-1, *[1] * (len(x.shape) - 1 - asked["axis"])])
    share = t.node("Reshape", t.cast(t.node("Sub", places, low), "float"), form)
    first, second = (
        t.node("Gather", name, t.cast(which, "int64"), axis=at) for which in (low, high)
    )
    return t.node("Add", first, t.node("Mul", t.node("Sub", second, first), share))


# --- bits


def _bitwise(op: str) -> Any:
    def write(t: Translation, asked: Asked) -> str:
        return t.node(op, t.name_of(asked["a"]), t.name_of(asked["b"]))

    return write


for _kind, _op in {"and": "BitwiseAnd", "or": "BitwiseOr", "xor": "BitwiseXor"}.items():
    converts(f"bitwise_{_kind}")(_bitwise(_op))


@converts("bitwise_left_shift")
def left_shift(t: Translation, asked: Asked) -> str:
    """Write bits shifted left; 0 if the count is not in [0, 32)."""
    a, b = (t.cast(t.name_of(asked[name]), "int64") for name in ("a", "b"))
    zero, limit = t.scalar(0, "int64"), t.scalar(32, "int64")
    known = t.node("And", t.node("GreaterOrEqual", b, zero), t.node("Less", b, limit))
    # a 2^b modulo 2^32, then as a signed number
    power = _power_of_two(t, t.node("Where", known, b, zero))
    span, half = t.scalar(2**32, "int64"), t.scalar(2**31, "int64")
    low = t.node("Mod", t.node("Mul", t.node("Mod", a, span), power), span)
    signed = t.node("Where", t.node("Less", low, half), low, t.node("Sub", low, span))
    return t.cast(t.node("Where", known, signed, zero), "int32")


@converts("bitwise_right_shift")
def right_shift(t: Translation, asked: Asked) -> str:
    """Write bits shifted right with the sign: a quotient rounded down."""
    a, b = (t.cast(t.name_of(asked[name]), "int64") for name in ("a", "b"))
    zero, limit = t.scalar(0, "int64"), t.scalar(31, "int64")
    inside = t.node("And", t.node("GreaterOrEqual", b, zero), t.node("Less", b, limit))
    power = _power_of_two(t, t.node("Where", inside, b, limit))
    quotient = t.node("Div", t.node("Sub", a, t.node("Mod", a, power)), power)
    return t.cast(quotient, "int32")


def _power_of_two(t: Translation, exponent: str) -> str:
    table = t.integers([2**k for k in range(32)])
    return t.node("Gather", table, exponent, axis=0)

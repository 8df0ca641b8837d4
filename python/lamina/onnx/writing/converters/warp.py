"""Reading images between their pixels: gathers, weighted by the distances of the pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lamina.onnx.writing.converters.functions import number_function
from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.translation import Translation, Value


@converts("warp")
def warp(t: Translation, asked: Asked) -> str:
    """Write images whose pixels are read at other positions; NaN if a position is not finite."""
    images, fields = asked["images"], asked["rows"]
    height, width, _ = images.shape[-3:]
    rows, finite_rows = _finite(t, t.name_of(fields))
    columns, finite_columns = _finite(t, t.name_of(asked["columns"]))
    read = _reader(t, images, fields, width)
    mode, linear = asked["fill_mode"], asked["interpolation"] == "bilinear"
    down = _along(t, rows, height, mode, linear)
    across = _along(t, columns, width, mode, linear)
    fill = t.number(asked["fill_value"])
    total = ""
    for row, row_known, row_weight in down:
        for column, column_known, column_weight in across:
            y = read(row, column)
            for known in (row_known, column_known):
                if known:
                    y = t.node("Where", _behind(t, known), y, fill)
            if linear:
                y = t.node("Mul", y, _behind(t, t.node("Mul", row_weight, column_weight)))
            total = t.node("Add", total, y) if total else y
    finite = _behind(t, t.node("And", finite_rows, finite_columns))
    return t.node("Where", finite, total, t.number(np.nan))


def _behind(t: Translation, name: str) -> str:
    """Return values for each position, repeated for all channels after it."""
    return t.node("Unsqueeze", name, t.integers([-1]))


def _finite(t: Translation, places: str) -> tuple[str, str]:
    unknown = t.node("Or", t.node("IsNaN", places), t.node("IsInf", places))
    finite = t.node("Not", unknown)
    return t.node("Where", finite, places, t.number(0)), finite


def _along(
    t: Translation, places: str, size: int, mode: str, linear: bool
) -> list[tuple[str, str, str]]:
    """Return the pixels next to positions on an axis: index, "" or whether inside, and weight."""
    if not linear:
        half = 0.5 - np.finfo(t.dtype).eps / 4  # ties are rounded away from 0
        away = t.node("Mul", t.node("Sign", places), t.number(half))
        nearest = number_function(t, "trunc", t.node("Add", places, away))
        return [(*_neighbour(t, nearest, size, mode), "")]
    one = t.number(1)
    first = t.node("Floor", places)
    beyond = t.node("Sub", places, first)
    second = t.node("Add", first, one)
    return [
        (*_neighbour(t, first, size, mode), t.node("Sub", one, beyond)),
        (*_neighbour(t, second, size, mode), beyond),
    ]


def _neighbour(t: Translation, place: str, size: int, mode: str) -> tuple[str, str]:
    """Return the index for one that may be outside, and "" or whether it is inside."""
    known = ""
    if mode == "constant":
        low = t.node("GreaterOrEqual", place, t.number(0))
        known = t.node("And", low, t.node("Less", place, t.number(size)))
    elif mode == "wrap":
        place = number_function(t, "mod", place, t.number(size))
    elif mode == "mirror" and size > 1:
        moved = t.node("Add", place, t.number(size - 1))
        turn = number_function(t, "mod", moved, t.number(2 * (size - 1)))
        place = t.node("Abs", t.node("Sub", turn, t.number(size - 1)))
    elif mode == "reflect":
        turn = number_function(t, "mod", place, t.number(2 * size))
        back = t.node("Sub", t.number(2 * size - 1), turn)
        place = t.node("Where", t.node("Less", turn, t.number(size)), turn, back)
    inside = t.node("Clip", place, t.number(0), t.number(size - 1))
    return t.cast(inside, "int64"), known


def _reader(t: Translation, images: Value, fields: Value, width: int) -> Callable[[str, str], str]:
    """Return a function that writes the pixels at integer rows and columns."""
    flat = _as_lists(t, images)
    stride = t.scalar(width, "int64")
    # If one of the two is common to all, it has no separate axis, or a single entry along it.
    whole = not images.rows and not fields.rows
    one_image = images.shape[0] == 1 if whole else not images.rows
    one_field = fields.shape[0] == 1 if whole else not fields.rows
    if whole and one_image:
        flat = t.node("Squeeze", flat, t.integers([0]))

    def read(row: str, column: str) -> str:
        at = t.node("Add", t.node("Mul", row, stride), column)
        if one_image:
            return t.node("Gather", flat, at, axis=0)
        if one_field:
            single = t.node("Squeeze", at, t.integers([0])) if whole else at
            return t.node("Gather", flat, single, axis=1)
        return t.node("GatherND", flat, _behind(t, at), batch_dims=1)

    return read


def _as_lists(t: Translation, images: Value) -> str:
    height, width, channels = images.shape[-3:]
    leading = [0] if images.rank == 4 else []
    return t.reshaped(t.name_of(images), [*leading, height * width, channels])

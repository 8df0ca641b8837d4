"""Masks: from data, joined, and applied to values."""

from __future__ import annotations

from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.translation import Translation, Value


@converts("token_mask")
def token_mask(t: Translation, asked: Asked) -> str:
    """Write whether a token is not 0."""
    return t.cast(t.name_of(asked["ids"]), "bool")


@converts("value_mask")
def value_mask(t: Translation, asked: Asked) -> str:
    """Write whether any number along the last axis is not padding."""
    padding = t.node("Equal", t.name_of(asked.x), t.number(asked["value"]))
    differs = t.cast(t.node("Not", padding), "int32")
    return t.cast(t.node("ReduceMax", differs, t.integers([-1]), keepdims=0), "bool")


@converts("where")
def where(t: Translation, asked: Asked) -> str:
    """Write x where the mask is true, else another value."""
    mask, x, other = asked["mask"], asked.x, asked["other"]
    chosen = t.number(asked["fill"]) if other is None else t.name_of(other)
    return t.node("Where", _over_leading_axes(t, mask, x.rank), t.name_of(x), chosen)


def _over_leading_axes(t: Translation, mask: Value, rank: int) -> str:
    missing = range(mask.rank, rank)
    name = t.name_of(mask)
    return t.node("Unsqueeze", name, t.integers(missing)) if missing else name


@converts("masked_mean")
def masked_mean(t: Translation, asked: Asked) -> str:
    """Write the mean over the positions that the mask keeps; 0 if it keeps none."""
    mask = _over_leading_axes(t, asked["mask"], asked.x.rank)
    kept = t.node("Where", mask, t.name_of(asked.x), t.number(0))
    count = t.node("ReduceSum", t.cast(mask, "float"), t.integers([1]), keepdims=0)
    total = t.node("ReduceSum", kept, t.integers([1]), keepdims=0)
    return t.node("Div", total, t.node("Max", count, t.number(1)))


@converts("join_masks")
def join_masks(t: Translation, asked: Asked) -> str:
    """Write masks concatenated along an axis, or their disjunction."""
    given = next(mask for mask in asked["masks"] if mask is not None)
    rows = t.rows_of(t.name_of(given))

    def repeated(mask: Value | None, shape: tuple[int, ...]) -> str:
        sizes = t.node("Concat", rows, t.integers([int(n) for n in shape]), axis=0)
        return t.node("Expand", t.scalar(True, "bool") if mask is None else t.name_of(mask), sizes)

    parts = [repeated(*each) for each in zip(asked["masks"], asked["shapes"], strict=True)]
    if asked["axis"] is not None:
        return t.node("Concat", *parts, axis=asked["axis"] + 1)
    first, *others = parts
    for other in others:
        first = t.node("Or", first, other)
    return first

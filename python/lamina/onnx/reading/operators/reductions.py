"""Reductions over axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina import ops
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.operators._elements import one
from lamina.onnx.reading.registry import axes_given, number, operator
from lamina.onnx.reading.views import axis_of, opened, plain, rank, sizes, viewed, without

Reduction = Callable[[Any, Any, bool], Any]


def _log_sum(x: Any, axes: Any, keep: bool) -> Any:
    return ops.log(ops.sum(x, axes, keep))


REDUCTIONS: dict[str, Reduction] = {
    "ReduceSum": ops.sum, "ReduceMean": ops.mean, "ReduceMax": ops.max, "ReduceMin": ops.min,
    "ReduceProd": ops.prod, "ReduceLogSumExp": ops.logsumexp, "ReduceLogSum": _log_sum,
    "ReduceL1": lambda x, axes, keep: ops.sum(ops.abs(x), axes, keep),
    "ReduceL2": lambda x, axes, keep: ops.sqrt(ops.sum(ops.square(x), axes, keep)),
    "ReduceSumSquare": lambda x, axes, keep: ops.sum(ops.square(x), axes, keep),
}  # fmt: skip

# The results for no elements.
EMPTY = {"ReduceMax": -np.inf, "ReduceMin": np.inf, "ReduceLogSumExp": -np.inf}


def over(x: Any, axes: list[int], keep: bool, function: Reduction) -> Any:
    """Return a reduction over axes in logical order."""
    stored, order = opened(x)
    places = sorted(order[axis] for axis in axes)
    made = function(stored, tuple(places), keep)
    return viewed(made, order if keep else without(order, places))


def _enter(name: str, function: Reduction) -> None:
    def apply(node: Node, x: Any, axes: Any = None) -> Any:
        listed = axes_given(node, axes, 13 if name == "ReduceSum" else 18)
        if not listed and node.int("noop_with_empty_axes", 0):
            # The function of one element is still applied.
            return one(lambda v: function(ops.expand_dims(v, -1), -1, False), x)
        count = rank(x)
        places = [axis_of(int(a), count) for a in listed] if listed else list(range(count))
        truth = str(ops.dtype(opened(x)[0])) == "bool"
        x = one(lambda v: ops.cast(v, "int32"), x) if truth else x
        keep = bool(node.int("keepdims", 1))
        own = sizes(x)
        if name in EMPTY and any(own[p] == 0 for p in places if isinstance(own[p], int)):
            left = [1 if i in places else s for i, s in enumerate(own) if keep or i not in places]
            made = ops.full(left, 0 if truth else EMPTY[name])
        else:
            made = over(x, places, keep, function) if places else x
        return one(lambda v: ops.cast(v, "bool"), made) if truth else made

    operator(name, views=True, known=(1,))(apply)


for _name, _function in REDUCTIONS.items():
    _enter(_name, _function)


def _enter_arg(name: str, function: Callable[..., Any]) -> None:
    def apply(node: Node, x: Any) -> Any:
        axis = axis_of(node.int("axis", 0), rank(x))
        last = node.int("select_last_index", 0)

        def found(v: Any, axes: Any, keep: bool) -> Any:
            (place,) = axes
            if not last:
                return function(v, place, keep)
            back = function(ops.flip(v, place), place, keep)
            return ops.subtract(ops.shape(v)[place] - 1, back)

        return over(x, [axis], bool(node.int("keepdims", 1)), found)

    operator(name, views=True)(apply)


_enter_arg("ArgMax", ops.argmax)
_enter_arg("ArgMin", ops.argmin)


@operator("CumSum", known=(1,))
def cumulative_sum(node: Node, x: Any, axis: Any) -> Any:
    """Return sums of all elements up to each."""
    return _cumulative(node, x, axis, ops.cumsum, 0)


@operator("CumProd", known=(1,))
def cumulative_product(node: Node, x: Any, axis: Any) -> Any:
    """Return products of all elements up to each."""
    return _cumulative(node, x, axis, ops.cumprod, 1)


def _cumulative(node: Node, x: Any, axis: Any, function: Callable[..., Any], neutral: int) -> Any:
    place = axis_of(int(number(axis, "axis")), rank(x))
    backwards = node.int("reverse", 0)
    x = ops.flip(plain(x), place) if backwards else plain(x)
    y = function(x, place)
    if node.int("exclusive", 0):
        keys = [slice(None)] * rank(x)
        keys[place] = slice(0, -1)
        first = list(keys)
        first[place] = slice(0, 1)
        start = ops.full_like(ops.get_item(y, tuple(first)), neutral)
        y = ops.concatenate([start, ops.get_item(y, tuple(keys))], axis=place)
    return ops.flip(y, place) if backwards else y


@operator("TopK", known=(1,))
def top_k(node: Node, x: Any, k: Any = None) -> Any:
    """Return the largest, or smallest, elements along an axis, and their indices."""
    axis = axis_of(node.int("axis", -1), rank(x))
    count = node.int("k") if node.opset < 10 else int(number(k, "K"))
    moved = ops.moveaxis(x, axis, -1)
    if not 0 <= count <= ops.shape(moved)[-1]:
        raise ValueError(f"K must be in [0, {ops.shape(moved)[-1]}]; got {count}")
    if node.int("largest", 1):
        values, places = ops.top_k(moved, count)
    else:
        values, places = ops.top_k(ops.negative(moved), count)
        values = ops.negative(values)
    return ops.moveaxis(values, -1, axis), ops.moveaxis(places, -1, axis)


@operator("Det")
def determinant(_: Node, x: Any) -> Any:
    """Return the determinants of square matrices."""
    return ops.det(x)


@operator("LpNormalization", views=True)
def lp_normalization(node: Node, x: Any) -> Any:
    """Return x divided by its norm along an axis; 0 if that is 0."""
    stored, order = opened(x)
    place = order[axis_of(node.int("axis", -1), rank(x))]
    if node.int("p", 2) == 1:
        norm = ops.sum(ops.abs(stored), place, True)
    else:
        norm = ops.sqrt(ops.sum(ops.square(stored), place, True))
    return viewed(ops.divide_no_nan(stored, norm), order)


@operator("NonZero")
def nonzero(_: Node, x: Any) -> Any:
    """Raise: the number of elements depends on values."""
    raise ValueError(
        f"the shape of the output depends on the values of its input, of shape {np.shape(x)}"
    )

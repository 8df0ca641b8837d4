"""Sequences of tensors, and optional values: lists and None."""

from __future__ import annotations

from collections import ChainMap
from typing import Any

import numpy as np

from lamina import ops
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.operators.control import stacked
from lamina.onnx.reading.registry import number, operator, whole
from lamina.onnx.reading.views import axis_of, plain, rank, sizes


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("the input must be a sequence of tensors")
    return value


@operator("SequenceEmpty")
def empty(_: Node) -> Any:
    """Return an empty sequence."""
    return []


@operator("SequenceConstruct")
def construct(_: Node, *xs: Any) -> Any:
    """Return tensors as a sequence."""
    return list(xs)


@operator("SequenceLength")
def length(_: Node, xs: Any) -> Any:
    """Return the number of tensors."""
    return np.array(len(_listed(xs)), np.int64)


@operator("SequenceAt", known=(1,))
def at(_: Node, xs: Any, place: Any) -> Any:
    """Return one tensor."""
    listed, index = _listed(xs), int(number(place, "position"))
    return listed[axis_of(index, len(listed))]


@operator("SequenceInsert", known=(2,))
def insert(_: Node, xs: Any, x: Any, place: Any = None) -> Any:
    """Return a sequence with one more tensor."""
    listed = _listed(xs)
    index = len(listed) if place is None else int(number(place, "position"))
    index += len(listed) if index < 0 else 0
    return [*listed[:index], x, *listed[index:]]


@operator("SequenceErase", known=(1,))
def erase(_: Node, xs: Any, place: Any = None) -> Any:
    """Return a sequence without one tensor."""
    listed = _listed(xs)
    index = axis_of(-1 if place is None else int(number(place, "position")), len(listed))
    return [*listed[:index], *listed[index + 1 :]]


@operator("ConcatFromSequence")
def concat(node: Node, xs: Any) -> Any:
    """Return the tensors of a sequence joined along an axis, or a new one."""
    listed, axis = [plain(x) for x in _listed(xs)], node.int("axis", 0)
    if node.int("new_axis", 0):
        return stacked(listed, axis_of(axis, rank(listed[0]) + 1))
    return ops.concatenate(listed, axis=axis)


@operator("SplitToSequence", known=(1,))
def split(node: Node, x: Any, parts: Any = None) -> Any:
    """Return the parts of an axis as a sequence."""
    axis = axis_of(node.int("axis", 0), rank(x))
    size = sizes(x)[axis]
    drop = parts is None and not node.int("keepdims", 1)
    if parts is None:
        listed = [1] * size
    elif parts.ndim == 0:
        each = int(number(parts, "split"))
        listed = [min(each, size - i) for i in range(0, size, each)]
    else:
        listed = whole(parts, "split")
    made, begin = [], 0
    for part in listed:
        keys: list[Any] = [slice(None)] * rank(x)
        keys[axis] = begin if drop else slice(begin, begin + part)
        made.append(ops.get_item(x, tuple(keys)))
        begin += part
    return made


@operator("SequenceMap", graph=True)
def sequence_map(node: Node, run: Any, outer: ChainMap[str, Any], xs: Any, *more: Any) -> Any:
    """Return sequences of the results of a graph for each tensor."""
    body = node.body("body")
    columns: list[list[Any]] = [[] for _ in body.outputs]
    for i, x in enumerate(_listed(xs)):
        others = [v[i] if isinstance(v, list) else v for v in more]
        for column, made in zip(columns, run.body(body, [x, *others], outer), strict=True):
            column.append(made)
    return tuple(columns)


@operator("Optional")
def optional(_: Node, x: Any = None) -> Any:
    """Return a value that may be missing."""
    return x


@operator("OptionalHasElement")
def has_element(_: Node, x: Any = None) -> Any:
    """Return whether there is a value."""
    return np.array(x is not None)


@operator("OptionalGetElement")
def get_element(_: Node, x: Any = None) -> Any:
    """Return the value."""
    if x is None:
        raise ValueError("the optional input has no value")
    return x

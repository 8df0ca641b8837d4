"""Values that are known while a model is recorded: mostly computations with shapes.

They are computed by NumPy, in ONNX's types.  The sizes of a shape may include the number of rows
if it is arbitrary: it may be moved, but any computation with it makes the model record again for
each number of rows that occurs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._tensors import RowCount
from lamina.onnx.reading.graph import TYPES, Node, type_name
from lamina.onnx.reading.registry import axes_given, number, whole
from lamina.onnx.reading.slices import slices_of

Array = NDArray[Any]

MOST_ELEMENTS = 1 << 24  # of one array


def folded(node: Node, inputs: list[Any]) -> Any:
    """Return the results of a node for arrays, None if it is not computed here."""
    function = _FUNCTIONS.get(node.op) if not node.domain else None
    if function is None or any(v is not None and v.dtype.kind not in "fiubO" for v in inputs):
        return None
    with np.errstate(all="ignore"):
        made = function(node, *inputs)
    if made is None:
        return None
    outputs = made if isinstance(made, tuple) else (made,)
    for output in outputs:
        if output.size > MOST_ELEMENTS:
            raise ValueError(
                f"a constant may have at most {MOST_ELEMENTS} elements; got {output.size}"
            )
    return made


def check_size(sizes: Any) -> None:
    """Raise ValueError if a constant would have too many elements."""
    count = 1
    for size in sizes:
        if size < 0:
            raise ValueError(f"sizes must not be negative; got {list(sizes)}")
        count *= int(size)
    if count > MOST_ELEMENTS:
        raise ValueError(f"a constant may have at most {MOST_ELEMENTS} elements; got {count}")


def _mapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of arrays of one type whose result has that type."""

    def apply(node: Node, *arrays: Array) -> Any:
        if node.opset < 7 and len({a.shape for a in arrays}) > 1:
            return None  # broadcast along an axis given by an attribute
        sizes = np.broadcast_shapes(*(a.shape for a in arrays))
        check_size(sizes)
        result = np.asarray(function(*arrays))
        return result.astype(arrays[0].dtype, copy=False)

    return apply


def _compared(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(node: Node, a: Array, b: Array) -> Any:
        if node.opset < 7 and a.shape != b.shape:
            return None
        check_size(np.broadcast_shapes(a.shape, b.shape))
        return np.asarray(function(a, b)).astype(bool)

    return apply


def _divided(a: Array, b: Array) -> Any:
    if a.dtype.kind == "f" or b.dtype.kind == "f":
        return a / b
    if not np.all(b):
        raise ValueError("division of an integer by 0")
    quotient = np.abs(a) // np.abs(b)
    return np.where((a < 0) != (b < 0), -quotient, quotient)


def _mod(node: Node, a: Array, b: Array) -> Any:
    if node.int("fmod", 0):
        return np.fmod(a, b).astype(a.dtype)
    if not np.all(b):
        raise ValueError("division of an integer by 0")
    return np.mod(a, b).astype(a.dtype)


def _folded(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(_: Node, *arrays: Array) -> Any:
        result = arrays[0]
        for array in arrays[1:]:
            check_size(np.broadcast_shapes(result.shape, array.shape))
            result = function(result, array)
        return result

    return apply


def _cast(node: Node, x: Array) -> Any:
    return cast_to(x, node.int("to"))


def cast_to(x: Array, to: int) -> Any:
    """Return an array in one of ONNX's types, None if NumPy does not have it."""
    name, kind = TYPES.get(to, ("", ""))
    if not kind:
        raise ValueError(f"the type {type_name(to)} is not supported")
    if x.dtype == object:
        if name in ("int32", "int64"):
            return x
        return np.array([int(v) for v in x.ravel()]).reshape(x.shape).astype(name)
    if name == "bfloat16" or name.endswith(("int4", "int2")):
        return None
    return x.astype(name)


def _gathered(node: Node, x: Array, indices: Array) -> Any:
    axis = node.int("axis", 0)
    size = x.shape[axis] if -x.ndim <= axis < x.ndim else None
    if size is None:
        raise ValueError(f"axis must be in [{-x.ndim}, {x.ndim}); got {axis}")
    check_size((*x.shape[:axis], indices.size, *x.shape[axis:][1:]))
    if indices.size and not (-size <= indices.min() and indices.max() < size):
        raise ValueError(f"an index is outside an axis of {size}; got {indices.ravel()[:5]}")
    return np.asarray(np.take(x, indices, axis))


def _sliced(node: Node, x: Array, *limits: Any) -> Any:
    return x[tuple(slices_of(node, x.shape, limits))]


def _squeezed(node: Node, x: Array, axes: Any = None) -> Any:
    places = axes_given(node, axes, 13)
    return np.squeeze(x, None if places is None else tuple(places))


def _unsqueezed(node: Node, x: Array, axes: Any = None) -> Any:
    return np.expand_dims(x, tuple(axes_given(node, axes, 13) or ()))


def _reshaped(node: Node, x: Array, shape: Any = None) -> Any:
    target = node.list("shape") if node.opset < 5 else whole(shape, "shape")
    if any(isinstance(size, RowCount) for size in target):
        return None
    if not node.int("allowzero", 0):
        target = [x.shape[i] if size == 0 else size for i, size in enumerate(target)]
    return x.reshape([int(size) for size in target])


def _expanded(_: Node, x: Array, shape: Any) -> Any:
    target = whole(shape, "shape")
    if any(isinstance(size, RowCount) for size in target):
        return None
    sizes = np.broadcast_shapes(x.shape, tuple(int(s) for s in target))
    check_size(sizes)
    return np.array(np.broadcast_to(x, sizes))


def _range(_: Node, start: Any, limit: Any, delta: Any) -> Any:
    a, b, step = (number(v, "a limit") for v in (start, limit, delta))
    if any(isinstance(v, RowCount) for v in (a, b, step)):
        b = b + 0  # requires a recording for a known number
        a, step = a + 0, step + 0
    if step == 0:
        raise ValueError("delta must not be 0")
    check_size([max(0, int(np.ceil((b - a) / step)))])
    kind = start.dtype if start.dtype != object else np.int64
    return np.arange(a, b, step).astype(kind)


def _constant_of_shape(node: Node, shape: Any) -> Any:
    sizes = whole(shape, "shape")
    if any(isinstance(size, RowCount) for size in sizes):
        return None
    check_size(sizes)
    value = node.tensor("value")
    if value is None:
        return np.zeros([int(s) for s in sizes], np.float32)
    return np.full([int(s) for s in sizes], value.reshape(-1)[0], value.dtype)


def _where(_: Node, condition: Array, x: Array, y: Array) -> Any:
    check_size(np.broadcast_shapes(condition.shape, x.shape, y.shape))
    made = np.where(condition.astype(bool), x, y)
    return made if made.dtype == object else made.astype(x.dtype)


def _reduced(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(node: Node, x: Array, axes: Any = None) -> Any:
        places = axes_given(node, axes, 13 if node.op == "ReduceSum" else 18)
        keep = bool(node.int("keepdims", 1))
        if not places and node.int("noop_with_empty_axes", 0):
            return x
        if not x.size:
            return None
        made = function(x, tuple(int(a) for a in places) if places else None, keepdims=keep)
        return np.asarray(made).astype(x.dtype, copy=False)

    return apply


def _split(node: Node, x: Array, parts: Any = None) -> Any:
    axis = node.int("axis", 0)
    sizes = node.list("split") if node.opset < 13 else whole(parts, "split")
    count = len(node.outputs)
    if sizes is None:
        each = -(-x.shape[axis] // count)
        sizes = [max(0, min(each, x.shape[axis] - i * each)) for i in range(count)]
    if sum(sizes) != x.shape[axis]:
        raise ValueError(
            f"the sizes {sizes} do not add up to {x.shape[axis]}, the length of the axis"
        )
    return tuple(np.split(x, np.cumsum(sizes)[:-1], axis))


def _tiled(node: Node, x: Array, times: Any) -> Any:
    if node.opset < 6:
        return None
    repeats = [int(t) for t in whole(times, "repeats")]
    check_size([s * t for s, t in zip(x.shape, repeats, strict=True)])
    return np.tile(x, repeats)


def _flattened(node: Node, x: Array) -> Any:
    axis = node.int("axis", 1)
    axis += x.ndim if axis < 0 else 0
    return x.reshape(int(np.prod(x.shape[:axis])), -1)


def _joined(node: Node, *arrays: Array) -> Any:
    return np.concatenate(arrays, node.int("axis", 1))


def _turned(node: Node, x: Array) -> Any:
    return np.transpose(x, node.list("perm"))


def _nonzero(_: Node, x: Array) -> Any:
    return np.array(np.nonzero(x)).astype(np.int64).reshape(x.ndim, -1)


def _ones_like_cast(_: Node, x: Array, like: Array) -> Any:
    return None if object in (x.dtype, like.dtype) else x.astype(like.dtype)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Add": _mapped(np.add), "Sub": _mapped(np.subtract), "Mul": _mapped(np.multiply),
    "Div": _mapped(_divided), "Mod": _mod, "Neg": _mapped(np.negative), "Abs": _mapped(np.abs),
    "Sqrt": _mapped(np.sqrt), "Floor": _mapped(np.floor), "Ceil": _mapped(np.ceil),
    "Pow": _mapped(np.power), "Sign": _mapped(np.sign), "Not": _mapped(np.logical_not),
    "Max": _folded(np.maximum), "Min": _folded(np.minimum),
    "And": _compared(np.logical_and), "Or": _compared(np.logical_or),
    "Xor": _compared(np.logical_xor), "Equal": _compared(np.equal), "Less": _compared(np.less),
    "Greater": _compared(np.greater), "LessOrEqual": _compared(np.less_equal),
    "GreaterOrEqual": _compared(np.greater_equal), "Where": _where,
    "Cast": _cast, "CastLike": _ones_like_cast, "Identity": lambda _, x: x,
    "Gather": _gathered, "Slice": _sliced, "Concat": _joined, "Split": _split,
    "Squeeze": _squeezed, "Unsqueeze": _unsqueezed, "Reshape": _reshaped, "Transpose": _turned,
    "Flatten": _flattened, "Expand": _expanded, "Tile": _tiled, "Range": _range,
    "ConstantOfShape": _constant_of_shape, "NonZero": _nonzero,
    "ReduceProd": _reduced(np.prod), "ReduceSum": _reduced(np.sum),
    "ReduceMax": _reduced(np.max), "ReduceMin": _reduced(np.min),
    "Shape": lambda node, x: part_of_shape(node, x.shape),
    "Size": lambda _, x: np.array(x.size, np.int64),
}  # fmt: skip


def part_of_shape(node: Node, sizes: tuple[Any, ...]) -> Array:
    """Return a shape, or the part of it given by attributes, as an array."""
    start, end = node.int("start", 0), node.int("end", len(sizes))
    return sizes_array(sizes[slice(start, end)])


def sizes_array(sizes: Any) -> Array:
    """Return sizes as an array of integers, which may include the number of rows."""
    listed = list(sizes)
    if any(isinstance(size, RowCount) for size in listed):
        made = np.empty(len(listed), object)
        made[:] = listed
        return made
    return np.array(listed, np.int64)

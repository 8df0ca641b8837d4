"""The same elements in other shapes and positions."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import ops
from lamina._tensors import RowCount, Tensor
from lamina.onnx.reading import forms, known
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.operators._elements import is_integer
from lamina.onnx.reading.operators.elementwise import broadcast
from lamina.onnx.reading.registry import axes_given, number, operator, whole
from lamina.onnx.reading.slices import slices_of
from lamina.onnx.reading.views import (
    View,
    axis_of,
    inverse,
    opened,
    plain,
    rank,
    reshaped,
    sizes,
    viewed,
    without,
)


@operator("Shape", views=True)
def shape(node: Node, x: Any) -> Any:
    """Return the sizes of the axes, which are known while the model is recorded."""
    return known.part_of_shape(node, sizes(x))


@operator("Size", views=True)
def size(_: Node, x: Any) -> Any:
    """Return the number of elements."""
    count = 1
    for each in sizes(x):
        count = each * count
    return np.array(count, np.int64)


@operator("Transpose", views=True)
def transpose(node: Node, x: Any) -> Any:
    """Return x with its axes in another order, which is only noted."""
    if 0 in node.formed:
        return x
    stored, order = opened(x)
    perm = node.list("perm") or list(range(len(order)))[::-1]
    if sorted(perm) != list(range(len(order))):
        raise ValueError(f"perm must hold each of {len(order)} axes once; got {perm}")
    return viewed(stored, [order[axis] for axis in perm])


@operator("Reshape", views=True, known=(1,), graph=True)
def reshape(node: Node, run: Any, _: Any, x: Any, target: Any = None) -> Any:
    """Return the elements in another shape.

    If the file was written for one number of rows, that number as the first size stands for the
    actual rows.
    """
    wanted = node.list("shape") if node.opset < 5 else whole(target, "shape")
    if node.opset >= 5 and target.ndim != 1:
        raise ValueError(f"shape must be a list of integers; got an array of shape {target.shape}")
    own = sizes(x)
    if not node.int("allowzero", 0):
        if any(not isinstance(s, RowCount) and s == 0 and i >= len(own) for i, s in
               enumerate(wanted)):  # fmt: skip
            raise ValueError(f"shape has a 0 where the input has no axis; got {wanted}")
        wanted = [
            own[i] if not isinstance(s, RowCount) and s == 0 else s for i, s in enumerate(wanted)
        ]
    if any(not isinstance(s, RowCount) and s < -1 for s in wanted):
        raise ValueError(f"shape must hold sizes, or -1 once; got {wanted}")
    if wanted and run.rows is not None and _has_rows(x) and _same(wanted[0], run.rows):
        width = _width(x)
        rest = [s for s in wanted[1:] if not isinstance(s, RowCount)]
        if len(rest) == len(wanted) - 1 and _fits(rest, width):
            wanted = [opened_rows(x), *rest]
    return reshaped(x, wanted)


def _same(size: Any, rows: int) -> bool:
    return not isinstance(size, RowCount) and size == rows


def _has_rows(x: Any) -> bool:
    stored, order = opened(x)
    return isinstance(stored, Tensor) and stored.rows and order[0] == 0


def opened_rows(x: Any) -> Any:
    """Return the number of rows, or its placeholder."""
    return ops.shape(opened(x)[0])[0]


def _width(x: Any) -> int:
    stored, _ = opened(x)
    return int(np.prod(stored.row_shape))


def _fits(rest: list[int], width: int) -> bool:
    count = int(np.prod([s for s in rest if s != -1]))
    return width % count == 0 if -1 in rest and count else count == width


@operator("Flatten", views=True)
def flatten(node: Node, x: Any) -> Any:
    """Return a matrix: the axes before ``axis``, and those from it on."""
    own = sizes(x)
    axis = node.int("axis", 1)
    axis = axis + len(own) if axis < 0 else axis
    if not 0 <= axis <= len(own):
        raise ValueError(f"axis must be in [{-len(own)}, {len(own)}]; got {axis}")
    if axis == 0:
        return reshaped(x, [1, -1])
    if axis == 1:
        return reshaped(x, [own[0], _product(own[1:])])
    return reshaped(x, [_product(own[:axis]), _product(own[axis:])])


def _product(listed: Any) -> Any:
    product: Any = 1
    for each in listed:
        product = each * product
    return product


@operator("Squeeze", views=True, known=(1,))
def squeeze(node: Node, x: Any, axes: Any = None) -> Any:
    """Return x without axes of size 1."""
    listed = axes_given(node, axes, 13)
    own = sizes(x)
    if listed is None:
        listed = [i for i, s in enumerate(own) if not isinstance(s, RowCount) and s == 1]
    stored, order = opened(x)
    places = [order[axis_of(int(axis), len(own))] for axis in listed]
    return viewed(ops.squeeze(stored, tuple(places)), without(order, places)) if places else x


@operator("Unsqueeze", views=True, known=(1,))
def unsqueeze(node: Node, x: Any, axes: Any = None) -> Any:
    """Return x with new axes of size 1."""
    stored, order = opened(x)
    listed = axes_given(node, axes, 13) or []
    count = len(order) + len(listed)
    places = sorted(axis_of(int(axis), count) for axis in listed)
    if len(set(places)) != len(places):
        raise ValueError(f"axes must be different axes of the input; got {listed}")
    rows = isinstance(stored, Tensor) and stored.rows
    if not isinstance(x, View) and not (rows and 0 in places):
        return ops.expand_dims(x, tuple(places)) if places else x
    # The new axes are stored last.
    new = ops.expand_dims(stored, tuple(range(len(order), count)))
    rest, added = iter(order), iter(range(len(order), count))
    return viewed(new, [next(added) if i in places else next(rest) for i in range(count)])


@operator("Concat", views=True)
def concatenate(node: Node, *xs: Any) -> Any:
    """Return tensors joined along an axis."""
    xs = tuple(v for v in xs if 0 not in [s for s in sizes(v) if isinstance(s, int)]) or xs[:1]
    axis = axis_of(node.int("axis", 1 if node.opset < 4 else None), rank(xs[0]))
    order = next((v.order for v in xs if isinstance(v, View)), None)
    if order is None:
        return ops.concatenate([_row_wise(v, xs, axis) for v in xs], axis=axis)
    from lamina.onnx.reading.views import stored_in

    return viewed(ops.concatenate([stored_in(v, order) for v in xs], axis=order[axis]), order)


def _row_wise(x: Any, xs: Any, axis: int) -> Any:
    """Return a value for each row if others have rows."""
    rows = [v for v in xs if isinstance(v, Tensor) and v.rows]
    if not rows or axis == 0 or (isinstance(x, Tensor) and x.rows) or sizes(x)[0] != 1:
        return x
    if rows[0].recording.rows == 1:
        return x
    return broadcast(x, [ops.shape(rows[0])[0], *sizes(x)[1:]])


@operator("Split", views=True, known=(1,))
def split(node: Node, x: Any, parts: Any = None) -> Any:
    """Return the parts of an axis."""
    stored, order = opened(x)
    place = order[axis_of(node.int("axis", 0), len(order))]
    listed = node.list("split") if node.opset < 13 else whole(parts, "split")
    count = len(node.outputs)
    length = ops.shape(stored)[place]
    if listed is None:
        each = -(-length // count)
        listed = [max(0, min(each, length - i * each)) for i in range(count)]
    if sum(listed) != length:
        raise ValueError(f"the sizes {listed} do not add up to {length}, the length of the axis")
    made, at = [], 0
    for part in listed:
        keys = [slice(None)] * len(order)
        keys[place] = slice(at, at + int(part))
        made.append(viewed(ops.get_item(stored, tuple(keys)), order))
        at += int(part)
    return tuple(made)


@operator("Slice", views=True, known=(1, 2, 3, 4))
def slice_node(node: Node, x: Any, *limits: Any) -> Any:
    """Return parts of axes."""
    stored, order = opened(x)
    seen = slices_of(node, sizes(x), limits)
    keys = [seen[i] for i in inverse(order)]
    if all(key == slice(None) for key in keys):
        return x
    return viewed(ops.get_item(stored, tuple(keys)), order)


@operator("Tile", known=(1, 2))
def tile(node: Node, x: Any, times: Any, axis: Any = None) -> Any:
    """Return x repeated along its axes."""
    if node.opset < 6:
        repeats = [1] * rank(x)
        repeats[axis_of(int(number(axis, "axis")), rank(x))] = int(number(times, "tiles"))
    else:
        repeats = [t + 0 for t in whole(times, "repeats")]
    return ops.tile(x, repeats)


@operator("ConstantOfShape", known=(0,))
def constant_of_shape(node: Node, target: Any) -> Any:
    """Return one value in a shape that includes the number of rows."""
    value = node.tensor("value")
    filled = np.zeros((), np.float32) if value is None else value.reshape(())
    return broadcast(filled.reshape((1,) * len(target)), list(target.tolist()))


@operator("Pad", views=True, known=(1, 2, 3))
def pad(node: Node, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Any:
    """Return x with margins; negative ones crop."""
    listed = node.list("pads") if node.opset < 11 else whole(pads, "pads")
    listed = [int(n) for n in listed or ()]
    fill = node.float("value", 0.0) if node.opset < 11 else number(value, "value", 0.0)
    count = rank(x)
    places = [axis_of(int(a), count) for a in whole(axes, "axes") or range(count)]
    if len(listed) != 2 * len(places):
        raise ValueError(f"pads must be two numbers for each of {len(places)} axes; got {listed}")
    stored, order = opened(x)
    margins = [(0, 0)] * count
    for i, place in enumerate(places):
        margins[order[place]] = listed[i], listed[i + len(places)]
    return viewed(padded(stored, margins, node.text("mode", "constant"), fill), order)


def padded(x: Any, margins: list[tuple[int, int]], mode: str, fill: Any) -> Any:
    """Return a tensor with margins on each axis; negative ones crop."""
    if any(n < 0 for pair in margins for n in pair):
        keys = [slice(max(0, -a), b if b < 0 else None) for a, b in margins]
        x = ops.get_item(x, tuple(keys))
        margins = [(max(0, a), max(0, b)) for a, b in margins]
    known.check_size([
        s if isinstance(s, RowCount) is False and (a, b) == (0, 0) else (a + b)
        for s, (a, b) in zip(sizes(x), margins, strict=True) if not isinstance(s, RowCount)
    ])  # fmt: skip
    if all(pair == (0, 0) for pair in margins):
        return x
    if mode == "constant":
        return ops.pad(x, margins, constant_values=fill)
    if mode in ("reflect", "edge"):
        return ops.pad(x, margins, mode=mode if mode == "reflect" else "edge")
    if mode == "wrap":
        for axis, (before, behind) in enumerate(margins):
            if before or behind:
                length = sizes(x)[axis]
                places = np.arange(-before, length + behind) % length
                x = ops.take(x, places.astype(np.int32), axis)
        return x
    raise ValueError(f"mode must be constant, reflect, edge or wrap; got {mode!r}")


@operator("CenterCropPad", known=(1,))
def center_crop_pad(node: Node, x: Any, target: Any) -> Any:
    """Return the middle of axes, cut or padded to sizes."""
    listed = whole(target, "shape")
    places = [axis_of(a, rank(x)) for a in node.list("axes") or range(rank(x))]
    margins = [(0, 0)] * rank(x)
    for place, wanted in zip(places, listed, strict=True):
        more = wanted - sizes(x)[place]
        first = more // 2 if more >= 0 else -((-more) // 2)
        margins[place] = first, more - first
    return padded(x, margins, "constant", 0)


@operator("DepthToSpace")
def depth_to_space(node: Node, x: Any) -> Any:
    """Return blocks of channels as larger images."""
    n, c, h, w = sizes(x)
    b = node.int("blocksize")
    if node.text("mode", "DCR") == "DCR":
        y = ops.reshape(x, (n, b, b, c // (b * b), h, w))
        y = ops.transpose(y, (0, 3, 4, 1, 5, 2))
    else:
        y = ops.reshape(x, (n, c // (b * b), b, b, h, w))
        y = ops.transpose(y, (0, 1, 4, 2, 5, 3))
    return ops.reshape(y, (n, c // (b * b), h * b, w * b))


@operator("SpaceToDepth")
def space_to_depth(node: Node, x: Any) -> Any:
    """Return blocks of images as channels."""
    n, c, h, w = sizes(x)
    b = node.int("blocksize")
    y = ops.reshape(x, (n, c, h // b, b, w // b, b))
    depth_first = node.text("mode", "DCR") == "DCR"
    y = ops.transpose(y, (0, 3, 5, 1, 2, 4) if depth_first else (0, 1, 3, 5, 2, 4))
    return ops.reshape(y, (n, c * b * b, h // b, w // b))


@operator("Trilu", known=(1,))
def trilu(node: Node, x: Any, k: Any = None) -> Any:
    """Return the upper, or lower, triangles of matrices."""
    offset = int(number(k, "k", 0))
    rows, columns = sizes(x)[-2:]
    kept = np.tri(rows, columns, offset if not node.int("upper", 1) else offset - 1, dtype=bool)
    kept = ~kept if node.int("upper", 1) else kept
    return ops.where(kept, plain(x), 0 if is_integer(x) else 0.0)


@operator("EyeLike")
def eye_like(node: Node, x: Any) -> Any:
    """Return ones on a diagonal, in the shape of a matrix."""
    from lamina.onnx.reading.operators.elementwise import cast

    rows, columns = sizes(x)
    made = np.eye(rows + 0, columns + 0, node.int("k", 0), dtype=np.float32)
    to = node.int("dtype")
    return cast(made, to) if to else ops.cast(made, ops.dtype(x))


@operator("ReverseSequence")
def reverse_sequence(node: Node, x: Any, lengths: Any) -> Any:
    """Return sequences with their first steps reversed."""
    time, batch = node.int("time_axis", 0), node.int("batch_axis", 1)
    x = ops.moveaxis(x, (batch, time), (0, 1))
    steps = sizes(x)[1]
    places = np.arange(steps, dtype=np.int32)[None]
    ends = ops.expand_dims(ops.cast(lengths, "int32"), 1)
    places = ops.where(ops.less(places, ends), ops.subtract(ops.subtract(ends, 1), places), places)
    shape = (sizes(x)[0], steps, *(1,) * (rank(x) - 2))
    y = ops.take_along_axis(x, ops.reshape(ops.cast(places, "int32"), shape), axis=1)
    return ops.moveaxis(y, (0, 1), (batch, time))


@operator("Col2Im", known=(1, 2))
def col2im(node: Node, x: Any, image: Any, block: Any) -> Any:
    """Return images from their blocks, which overlap and are added."""
    size, cut = whole(image, "image_shape"), whole(block, "block_shape")
    if len(size) != 2:
        raise ValueError(f"needs images with two axes; got image_shape {size}")
    pads = node.list("pads") or [0] * 4
    if pads[:2] != pads[2:]:
        raise ValueError(f"pads must be the same on both sides; got {pads}")
    return ops.fold(
        x, tuple(size), tuple(cut), tuple(node.list("dilations") or (1, 1)), tuple(pads[:2]),
        tuple(node.list("strides") or (1, 1)),
    )  # fmt: skip


def _transposed(node: Node, shape_of: tuple[int, ...]) -> Any:
    return forms.permuted(*(node.list("perm") or range(len(shape_of))[::-1]))

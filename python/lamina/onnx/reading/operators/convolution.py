"""Convolutions."""

from __future__ import annotations

from typing import Any

from lamina import ops
from lamina._tensors.given import given, record
from lamina.onnx.reading import forms
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.operators._rows import by_row
from lamina.onnx.reading.operators._windows import (
    Windows,
    around,
    attribute,
    margins,
    pair,
    windows_of,
)
from lamina.onnx.reading.operators.shaping import padded
from lamina.onnx.reading.registry import operator
from lamina.onnx.reading.views import channels_last, rank, sizes, stored_in, viewed


def _conv_form(node: Node, shape: tuple[int, ...]) -> forms.Form | None:
    group = node.int("group", 1)
    if len(shape) in (3, 4) and group > 1 and shape[1] == 1 and shape[0] % group == 0:
        return forms.depthwise(group)
    return forms.kernel(len(shape)) if len(shape) >= 3 else None


def images(x: Any, least: int = 3, most: int = 5) -> tuple[Any, Any]:
    """Return images stored with the channels last, and their logical order."""
    if not least <= rank(x) <= most:
        raise ValueError(f"needs images with 1 to {most - 2} spatial axes; got {rank(x)} axes")
    order = channels_last(rank(x))
    return stored_in(x, order), order


@operator("Conv", views=True, forms={1: _conv_form})
def conv(node: Node, x: Any, w: Any, b: Any = None) -> Any:
    """Return a convolution."""
    stored, order = images(x)
    kernel, bias = given(w), None if b is None else given(b)
    axes, group = rank(x) - 2, node.int("group", 1)
    own = sizes(stored)
    apart = group > 1 and axes < 3 and tuple(kernel.shape)[-2] == group == own[-1]
    per_group = 1 if apart else kernel.shape[-2]
    filters = kernel.shape[-1] * (group if apart else 1)
    if kernel.ndim != rank(x) or per_group * group != own[-1] or filters % group:
        raise ValueError(
            f"a kernel of shape {tuple(kernel.shape)}, (..., channels, filters), in {group} groups "
            f"does not fit {own[-1]} channels"
        )
    given_size = node.list("kernel_shape")
    if given_size is not None and given_size != list(kernel.shape[:axes]):
        raise ValueError(f"kernel_shape is {given_size}; the kernel has {kernel.shape[:axes]}")
    w_ = windows_of(node, own[1:-1], kernel.shape[:axes])
    if axes == 3:
        return viewed(_volume(stored, kernel, bias, w_, group), order)

    def plane(rows: Any) -> Any:
        return record(
            "conv2d", rows, kernel, bias, pair(w_.strides), pair(w_.dilations),
            around(w_.pads), 0 if apart else group,
        )  # fmt: skip

    return viewed(by_row(plane, stored), order)


def _volume(x: Any, kernel: Any, bias: Any, w: Windows, group: int) -> Any:
    """Return the sum over depth of convolutions of frames with slices of the kernel."""
    x = padded(x, [(0, 0), w.pads[0], (0, 0), (0, 0), (0, 0)], "constant", 0.0)
    shape = ops.shape(x)
    total: Any = None
    for tap in range(w.size[0]):
        start = tap * w.dilations[0]
        stop = start + (w.counts[0] - 1) * w.strides[0] + 1
        frames = ops.get_item(x, (slice(None), slice(start, stop, w.strides[0])))
        part = ops.get_item(kernel, tap)

        def plane(rows: Any, part: Any = part) -> Any:
            folded = record("fold", rows)
            y = record(
                "conv2d", folded, part, None, w.strides[1:], w.dilations[1:], around(w.pads[1:]),
                group,
            )  # fmt: skip
            return record("unfold", y, w.counts[0])

        if given(frames).rows:
            y = plane(frames)
        else:
            flat = ops.reshape(frames, (shape[0] * w.counts[0], *ops.shape(frames)[2:]))
            y = by_row(
                lambda rows, part=part: record(
                    "conv2d", rows, part, None, w.strides[1:], w.dilations[1:],
                    around(w.pads[1:]), group,
                ), flat,
            )  # fmt: skip
            y = ops.reshape(y, (shape[0], w.counts[0], *ops.shape(y)[1:]))
        total = y if total is None else ops.add(total, y)
    return total if bias is None else ops.add(total, bias)


# --- transposed


def _transposed_form(_: Node, shape: tuple[int, ...]) -> forms.Form | None:
    return forms.kernel(len(shape)) if len(shape) >= 3 else None


@operator("ConvTranspose", views=True, forms={1: _transposed_form})
def conv_transpose(node: Node, x: Any, w: Any, b: Any = None) -> Any:
    """Return the transpose of a convolution."""
    stored, order = images(x)
    kernel, bias = given(w), None if b is None else given(b)
    axes, group = rank(x) - 2, node.int("group", 1)
    own = sizes(stored)
    if kernel.ndim != rank(x) or kernel.shape[-1] != own[-1] or own[-1] % group:
        raise ValueError(
            f"a kernel of shape {tuple(kernel.shape)}, (..., filters, channels), in {group} groups "
            f"does not fit {own[-1]} channels"
        )
    strides = attribute(node, "strides", axes, 1)
    dilations = attribute(node, "dilations", axes, 1)
    more = node.list("output_padding") or [0] * axes
    spans = [(k - 1) * d + 1 for k, d in zip(kernel.shape[:axes], dilations, strict=True)]
    full = [(n - 1) * s + k for n, s, k in zip(own[1:-1], strides, spans, strict=True)]
    pads, counts = _cut(node, own[1:-1], strides, full, more)
    channels, parts = own[-1] // group, []
    for g in range(group):
        part = stored
        own_kernel = kernel
        if group > 1:
            keys = (..., slice(g * channels, (g + 1) * channels))
            part, own_kernel = ops.get_item(stored, keys), ops.get_item(kernel, keys)
        parts.append(_spread(part, own_kernel, strides, dilations, full))
    y = parts[0] if group == 1 else ops.concatenate(parts, axis=-1)
    margins_ = [(-low, n - f + low) for (low, _), n, f in zip(pads, counts, full, strict=True)]
    y = padded(y, [(0, 0), *margins_, (0, 0)], "constant", 0.0)
    return viewed(y if bias is None else ops.add(y, bias), order)


def _cut(
    node: Node, sizes_: Any, strides: list[int], full: list[int], more: list[int]
) -> tuple[Any, list[int]]:
    """Return what is cut from the whole result before and after, and the remaining sizes."""
    axes = len(strides)
    auto, shape = node.text("auto_pad", "NOTSET"), node.list("output_shape")
    if shape is not None or auto in ("SAME_UPPER", "SAME_LOWER"):
        counts = shape[-axes:] if shape else [n * s for n, s in zip(sizes_, strides, strict=True)]
        pads = []
        for f, m, n in zip(full, more, counts, strict=True):
            total = max(f + m - n, 0)
            half = total // 2
            pads.append((half, total - half) if auto == "SAME_UPPER" else (total - half, half))
            if shape is not None and auto == "NOTSET":
                pads[-1] = (half, total - half)
        return pads, counts
    pads = margins(node, axes)
    return pads, [f + m - a - b for f, m, (a, b) in zip(full, more, pads, strict=True)]


def _spread(x: Any, kernel: Any, strides: list[int], dilations: list[int], full: list[int]) -> Any:
    """Return the whole output of the windows, without margins."""
    axes = len(strides)
    if axes == 3:
        return _spread_volume(x, kernel, strides, dilations, full)

    def plane(rows: Any) -> Any:
        return record(
            "conv2d_transpose", rows, kernel, None, pair(strides), pair(dilations),
            padding=[0, 0, 0, 0], size=pair(full),
        )  # fmt: skip

    return by_row(plane, x)


def _spread_volume(
    x: Any, kernel: Any, strides: list[int], dilations: list[int], full: list[int]
) -> Any:
    depth = sizes(x)[1]
    frames = [ops.get_item(x, (slice(None), i)) for i in range(depth)]
    made: list[Any] = [None] * full[0]
    for i, frame in enumerate(frames):
        for tap in range(kernel.shape[0]):
            y = _spread(frame, ops.get_item(kernel, tap), strides[1:], dilations[1:], full[1:])
            at = i * strides[0] + tap * dilations[0]
            made[at] = y if made[at] is None else ops.add(made[at], y)
    empty = ops.zeros_like(next(y for y in made if y is not None))
    return ops.stack([empty if y is None else y for y in made], axis=1)

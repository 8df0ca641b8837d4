"""The positions of windows of convolutions and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lamina.onnx.reading.graph import Node

Pads = list[tuple[int, int]]


class Windows(NamedTuple):
    """Sizes, strides and dilations of windows, margins, and their numbers, by axis."""

    size: list[int]
    strides: list[int]
    dilations: list[int]
    pads: Pads
    counts: list[int]

    @property
    def spans(self) -> list[int]:
        """The extents of a window in cells."""
        return [(k - 1) * d + 1 for k, d in zip(self.size, self.dilations, strict=True)]


def attribute(node: Node, name: str, axes: int, default: int) -> list[int]:
    """Return a positive integer for each spatial axis."""
    listed = node.list(name) or [default] * axes
    if len(listed) != axes or any(not isinstance(n, int) or n < 1 for n in listed):
        raise ValueError(f"{name} must be a positive integer for each of {axes} axes; got {listed}")
    return listed


def windows_of(node: Node, sizes: Sequence[Any], window: Sequence[int]) -> Windows:
    """Return the windows over the spatial axes of an image."""
    axes = len(sizes)
    if len(window) != axes:
        raise ValueError(f"a window of {list(window)} does not fit {axes} spatial axes")
    strides = attribute(node, "strides", axes, 1)
    dilations = attribute(node, "dilations", axes, 1)
    spans = [(k - 1) * d + 1 for k, d in zip(window, dilations, strict=True)]
    pads = margins(node, axes)
    up = node.int("ceil_mode", 0)
    auto = node.text("auto_pad", "NOTSET")
    counts = []
    for i, (size, span, stride) in enumerate(zip(sizes, spans, strides, strict=True)):
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            counts.append(-(-size // stride))
            more = max((counts[-1] - 1) * stride + span - size, 0)
            less = more // 2
            pads[i] = (less, more - less) if auto == "SAME_UPPER" else (more - less, less)
            continue
        room = size + sum(pads[i]) - span
        if room < 0:
            raise ValueError(f"a window of {spans} cells is larger than the image, {list(sizes)}")
        counts.append((-(-room // stride) if up else room // stride) + 1)
        if up and (counts[-1] - 1) * stride >= size + pads[i][0]:
            counts[-1] -= 1  # it would begin in the margin at the end
    return Windows(list(window), strides, dilations, pads, counts)


def margins(node: Node, axes: int) -> Pads:
    """Return the margins from ``pads``, zeros if it is not given."""
    listed = node.list("pads") or [0] * 2 * axes
    if len(listed) != 2 * axes or any(not isinstance(n, int) or n < 0 for n in listed):
        raise ValueError(f"pads must be two numbers for each of {axes} axes; got {listed}")
    return list(zip(listed[:axes], listed[axes:], strict=True))


def pair(listed: Sequence[int], fill: int = 1) -> list[int]:
    """Return two numbers: signals are treated as images of height 1."""
    return [fill, *listed] if len(listed) == 1 else list(listed)


def around(pads: Pads) -> list[int]:
    """Return (top, bottom, left, right)."""
    both = [(0, 0), *pads] if len(pads) == 1 else pads
    return [cells for ends in both for cells in ends]

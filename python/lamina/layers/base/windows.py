"""Code shared by layers with windows: checked sizes, and the number of windows that fit."""

from __future__ import annotations

from collections.abc import Sequence

from lamina import _check
from lamina._check import Shape
from lamina.kernels._windows import pads_of, sizes_of
from lamina.layers.base.axes import channels_first
from lamina.layers.base.axes_error import AxesError
from lamina.layers.base.shapes import too_short

AXES = {
    1: "(batch, steps, channels)",
    2: "(batch, height, width, channels)",
    3: "(batch, depth, height, width, channels)",
}
Pads = list[tuple[int, ...]]


def sizes(who: str, name: str, value: object, axes: int) -> Shape:
    """Return one positive integer for each spatial axis."""
    return sizes_of(who, name, value, axes)


def data_format(who: str, value: object) -> str:
    """Return the name of a layout; None means "channels_last"."""
    return "channels_first" if channels_first(who, value) else "channels_last"


def padding(who: str, value: object, names: Sequence[str]) -> str:
    """Return the name of the padding in lower case."""
    if not isinstance(value, str) or value.lower() not in names:
        known = ", ".join(repr(name) for name in names)
        raise ValueError(f"{who}: padding must be one of {known}; got {value!r}")
    return value.lower()


def image(who: str, input_shape: Shape, axes: int) -> tuple[Shape, int]:
    """Return spatial sizes and channels of a row; raises ValueError unless it has them.

    Sizes may be None, not known yet.
    """
    sizes = ", ".join(["batch", *map(str, input_shape)])
    got = f"({sizes})" if input_shape else f"({sizes},)"
    if len(input_shape) != axes + 1:
        raise AxesError(
            f"{who}: input has shape {got}; needs {axes + 2} axes {AXES[axes]}", axes + 2, "channel"
        )
    if any(size is not None and size < 1 for size in input_shape):
        raise ValueError(f"{who}: input has shape {got}; needs at least one element per row")
    return input_shape[:-1], input_shape[-1]


def channels_of(who: str, input_shape: Shape, axes: int) -> int:
    """Return the number of channels of a row, which a kernel needs."""
    _, channels = image(who, input_shape, axes)
    if channels is None:
        raise ValueError(
            f"{who}: the number of channels has to be known for the kernel; got input "
            f"{_check.show_shape(input_shape)}: give Input a number in place of None"
        )
    return channels


def extent(taps: Sequence[int], dilation: Sequence[int]) -> Shape:
    """Return the number of cells that a dilated kernel spans."""
    return tuple((n - 1) * d + 1 for n, d in zip(taps, dilation, strict=True))


def placed(
    who: str, what: str, spatial: Shape, window: Shape, strides: Shape, name: str
) -> tuple[Shape, Pads]:
    """Return the sizes of the output and of the padding; ``window`` includes dilation."""
    pads = pads_of(who, name, spatial, window, strides, (name,))
    padded = tuple(n + sum(p) for n, p in zip(spatial, pads, strict=True))
    if any(w > n for w, n in zip(window, padded, strict=True)):
        raise too_short(
            f"{who}: {what} spans {window} cells, more than the image of {padded} "
            f"(padding {name!r})"
        )
    counts = tuple((n - w) // s + 1 for n, w, s in zip(padded, window, strides, strict=True))
    _check.elements(who, "output of size", counts)
    return counts, pads


def pair(values: Sequence[int]) -> tuple[int, int]:
    """Return (h, w); a signal is an image of height 1."""
    return (values[0], values[1]) if len(values) == 2 else (1, values[0])


def around(pads: Pads) -> tuple[int, int, int, int]:
    """Return (top, bottom, left, right)."""
    (top, bottom), (left, right) = pads if len(pads) == 2 else [(0, 0), *pads]
    return top, bottom, left, right

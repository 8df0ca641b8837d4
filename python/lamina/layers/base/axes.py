"""Axes as Keras counts them, including the rows, and as a graph does, without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from lamina import _check
from lamina._check import Shape
from lamina._tensors import Tensor
from lamina._tensors.given import record
from lamina.kernels._arguments import LARGEST
from lamina.layers.base.shapes import too_short

T = TypeVar("T")


def axis_of_row(who: str, axis: int, shape: Shape) -> int:
    """Return the position in ``shape``, a row's, of an axis counted with the rows as axis 0."""
    place = axis - 1 if axis > 0 else len(shape) + axis
    if axis == 0 or not 0 <= place < len(shape):
        raise ValueError(
            f"{who}: axis must be one of input {_check.show_shape(shape)} other than the rows; "
            f"got {axis}"
        )
    return place


def moved_last(axes: Sequence[int], rank: int) -> tuple[list[int], list[int]]:
    """Return the permutation that moves ``axes`` to the end, and its inverse."""
    there = [axis for axis in range(rank) if axis not in axes] + list(axes)
    return there, [there.index(axis) for axis in range(rank)]


def permuted(x: Tensor, order: Sequence[int]) -> Tensor:
    """Return the axes of each row in another order."""
    return Tensor(x.recording, x.recording.graph.permute(x.value, order))


def reshaped(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the elements of each row in another shape."""
    return Tensor(x.recording, x.recording.graph.reshape(x.value, shape))


def integers(who: str, name: str, value: object, low: int = -_check.MAX_ELEMENTS) -> list[int]:
    """Return an integer or a sequence of them as a list."""
    if isinstance(value, (list, tuple)):
        return [_check.integer(who, f"{name}[{i}]", v, low) for i, v in enumerate(value)]
    return [_check.integer(who, name, value, low)]


def cells(who: str, name: str, value: object, low: int = 0) -> int:
    """Return an integer that the engine can use to count cells of an axis."""
    n = _check.integer(who, name, value, low)
    if n > LARGEST:
        raise ValueError(f"{who}: {name} must lie in [{low}, {LARGEST}]; got {n}")
    return n


def pair(who: str, name: str, value: object, low: int = 0) -> tuple[int, int]:
    """Return an integer twice, or a pair as it is."""
    if not isinstance(value, (list, tuple)):
        n = cells(who, name, value, low)
        return n, n
    both = [cells(who, f"{name}[{i}]", v, low) for i, v in enumerate(value)]
    if len(both) != 2:
        raise ValueError(f"{who}: {name} must be an integer or a pair; got {value!r}")
    return both[0], both[1]


def margins_2d(who: str, name: str, value: object) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return ((top, bottom), (left, right)) from an integer, a pair, or a pair of pairs."""
    if not isinstance(value, (list, tuple)):
        n = cells(who, name, value)
        return (n, n), (n, n)
    if len(value) != 2:
        raise ValueError(
            f"{who}: {name} must be an integer, a pair or a pair of pairs; got {value!r}"
        )
    rows, columns = (pair(who, f"{name}[{i}]", v) for i, v in enumerate(value))
    return rows, columns


def margins(who: str, name: str, value: object, axes: int) -> tuple[tuple[int, int], ...]:
    """Return (before, after) for each axis from an integer, or one or a pair for each axis."""
    if not isinstance(value, (list, tuple)):
        n = cells(who, name, value)
        return ((n, n),) * axes
    if len(value) != axes:
        raise ValueError(f"{who}: {name} must be an integer or hold {axes}; got {value!r}")
    return tuple(pair(who, f"{name}[{i}]", v) for i, v in enumerate(value))


def data_format_of(who: str, value: Any) -> str:
    """Return where images have their channels; last by default."""
    if value is None:
        return "channels_last"
    if not isinstance(value, str) or value not in ("channels_last", "channels_first"):
        data = hasattr(value, "shape")
        said = f"; a layer is made, then called: {who}(...)(x)" if data else ""
        got = "an array" if hasattr(value, "__array__") else f"{value!r:.80}"
        raise ValueError(
            f"{who}: data_format must be 'channels_last' or 'channels_first'; got {got}{said}"
        )
    return value


def channels_first(who: str, data_format: object) -> bool:
    """Return whether the channels come before the image's axes."""
    return data_format_of(who, data_format) == "channels_first"


def needs_rank(who: str, shape: Shape, rank: int, axes: str) -> None:
    """Raise ValueError unless a row has ``rank`` axes; ``axes`` names them."""
    if len(shape) != rank:
        raise ValueError(f"{who}: input has shape {_check.show_shape(shape)}; needs (rows, {axes})")


def needs_image(who: str, shape: Shape, axes: str, first: bool) -> None:
    """Raise ValueError unless a row has the named axes, and channels before or after them."""
    named = f"channels, {axes}" if first else f"{axes}, channels"
    needs_rank(who, shape, axes.count(",") + 2, named)


def with_channels(values: Sequence[T], own: T, first: bool) -> list[T]:
    """Return values for the axes of an image, with that of the channels before or after them."""
    return [own, *values] if first else [*values, own]


def cropped(who: str, x: Tensor, cropping: Sequence[tuple[int, int]], first: bool) -> Tensor:
    """Return images, or other arrays, with the ends of their axes removed."""
    edges = with_channels(cropping, (0, 0), first)
    if any(n <= a + b for n, (a, b) in zip(x.row_shape, edges, strict=True)):
        given = cropping if len(cropping) > 1 else cropping[0]
        raise too_short(
            f"{who}: cropping {given} leaves nothing of input {_check.show_shape(x.row_shape)}"
        )
    return record("crop", x, edges)  # type: ignore[no-any-return]


def padded(who: str, x: Tensor, padding: Sequence[tuple[int, int]], first: bool) -> Tensor:
    """Return images, or other arrays, with zeros at the ends of their axes."""
    edges = with_channels(padding, (0, 0), first)
    sizes = [n + a + b for n, (a, b) in zip(x.row_shape, edges, strict=True)]
    _check.elements(who, "output of shape", sizes)
    return record("pad", x, edges)  # type: ignore[no-any-return]


def repeated(who: str, x: Tensor, times: Sequence[int]) -> Tensor:
    """Return rows with each element repeated along each axis, the given numbers of times."""
    sizes = [n * t for n, t in zip(x.row_shape, times, strict=True)]
    _check.elements(who, "output of shape", sizes)
    return record("repeat", x, times)  # type: ignore[no-any-return]

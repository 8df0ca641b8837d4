"""Shapes found by recording: the result of a call on inputs with axes of unknown length."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lamina import _core
from lamina._check import show_shape
from lamina._tensors import NeedsRows, Recording, Tensor
from lamina._tensors.arguments import flat

if TYPE_CHECKING:
    from lamina.layers.layer import Layer

# Sizes that stand for an axis of unknown length, and for the number of rows, in two recordings:
# sizes that differ between the two are unknown.  They have many divisors, for strides and pooling.
LENGTHS = (192, 320)
LONGER = (6144, 10240)  # if the others are too short for a window; unrolled steps become many
ROWS = (1320, 1560)  # unlikely to be any other size, and with many divisors

NUMBER = re.compile(r"((?<!\w)-?\d+(?:\.\d+)?)")  # except those in names

Shape = tuple[Any, ...]  # None where a size is unknown
R = TypeVar("R")


@dataclass(frozen=True)
class Spec:
    """What is known about a tensor before there are data.

    Attributes
    ----------
    shape : tuple of int or None
        Of a row, or of the whole tensor if ``whole``.
    kind : {"float", "int32", "bool"}
    whole : bool
        Whether it has no axis of rows.
    mask : tuple of int or None, optional
        The shape of a row of its mask; None if it has none.
    """

    shape: Shape
    kind: str = "float"
    whole: bool = False
    mask: Shape | None = None


def of_length(shape: Shape, length: int) -> tuple[int, ...]:
    """Return a shape with a length in place of unknown ones."""
    return tuple(length if size is None else size for size in shape)


def rows_of(who: str, shape: Any) -> Any:
    """Return the shape of a row, or a list of them, for shapes that start with the axis of rows."""
    if is_several(shape):
        return [rows_of(who, one) for one in shape]
    if len(shape) == 0:
        raise ValueError(
            f"{who}: a shape must have the axis of rows first, as in (None, 3); got {shape}"
        )
    return tuple(shape)[1:]


def shape_with_rows(row_shape: Any, rows: int | None = None) -> Any:
    """Return the shape, or a list of them, with the given number of rows; None is any number."""
    if is_several(row_shape):
        return [shape_with_rows(one, rows) for one in row_shape]
    return (rows, *row_shape)


def rows_in(shape: Any) -> Any:
    """Return the number of rows in a shape, or in a list of them, if it is known."""
    counts = {one[0] for one in shape} if is_several(shape) else {shape[0]}
    counts.discard(None)
    return counts.pop() if len(counts) == 1 else None


def is_several(shape: Any) -> bool:
    """Return whether the value is a list of shapes."""
    listed = isinstance(shape, (list, tuple)) and len(shape) > 0
    return listed and all(isinstance(one, (list, tuple)) for one in shape)


def has_open_axes(row_shapes: Any) -> bool:
    """Return whether any size is unknown in the shape of a row, or in a list of them."""
    listed = row_shapes if isinstance(row_shapes, list) else [row_shapes]
    return any(None in shape for shape in listed)


class Sketch:
    """Graphs that are never run, on which calls are recorded to find the shapes they return.

    There is one graph, or two if some sizes are unknown: sizes that differ between the two are
    unknown as well.

    Parameters
    ----------
    dtype : str
    specs : sequence of Spec
        Of the arguments of the first calls.
    rows : bool, default False
        Whether the calls need to know the number of rows.
    lengths : tuple of two int, optional
        The lengths that stand for unknown sizes.

    Attributes
    ----------
    inputs : list of list of Tensor
        One tensor for each of ``specs``, for each graph.
    given : list of Spec
        What is known about the inputs.
    """

    def __init__(
        self,
        dtype: str,
        specs: Sequence[Spec],
        *,
        rows: bool = False,
        lengths: tuple[int, int] = LENGTHS,
    ) -> None:
        unknown = rows or has_open_axes([spec.shape for spec in specs])
        sizes = list(zip(lengths, ROWS if rows else (None, None), strict=True))
        self._recordings: list[Recording] = []
        self.inputs: list[list[Tensor]] = []
        self.given = list(specs)
        for length, count in sizes if unknown else sizes[:1]:
            recording = Recording(_core.Graph(dtype), rows=count, standing=True)
            self._recordings.append(recording)
            self.inputs.append([_placeholder(recording, spec, length) for spec in specs])

    def record(
        self, call: Callable[[list[Tensor]], Any], values: Sequence[Sequence[Tensor]]
    ) -> list[Any]:
        """Return the result of a call on tensors, for each graph."""
        results = []
        for recording, tensors in zip(self._recordings, values, strict=True):
            with recording:
                try:
                    results.append(call(list(tensors)))
                except ValueError as error:
                    if results:
                        raise self._of_another_length(error, values) from error
                    show_unknown(error, lambda: self._record_last(call, values))
                    raise
        return results

    def _record_last(
        self, call: Callable[[list[Tensor]], Any], values: Sequence[Sequence[Tensor]]
    ) -> None:
        with self._recordings[-1]:
            call(list(values[-1]))

    def _of_another_length(self, error: ValueError, values: Sequence[Sequence[Tensor]]) -> Any:
        # With a single length it could be recorded.
        shapes = ", ".join(show_shape(spec.shape) for spec in self.specs(values))
        who = str(error).partition(":")[0]
        return ValueError(
            f"{who}: the size of an axis of the input has to be known for its weights or its "
            f"shapes; got {shapes}: give Input a number in place of None"
        )

    def specs(self, values: Sequence[Any], who: str = "call") -> list[Spec]:
        """Return what is known about tensors of each graph, in the same structure."""
        found = []
        for recording, each in zip(self._recordings, values, strict=True):
            leaves = [v for v in flat(each) if isinstance(v, Tensor)]
            found.append([_spec_of(leaf, recording.rows) for leaf in leaves])
        counts = [len(specs) for specs in found]
        axes = [[len(spec.shape) for spec in specs] for specs in found]
        if axes[0] != axes[-1]:
            one, other = counts if counts[0] != counts[-1] else axes
            what = "tensors" if counts[0] != counts[-1] else "axes"
            raise ValueError(
                f"{who}: must return the same number of {what} for every number of rows and length "
                f"of axes; returned {one} and {other} for different ones"
            )
        if len(found) == 1:
            return found[0]
        return [_joined(a, b) for a, b in zip(*found, strict=True)]


def sketched(dtype: str, specs: Sequence[Spec], draw: Callable[[Sketch], R]) -> R:
    """Return the result of ``draw`` on a sketch, with a known number of rows if necessary."""
    open_axes = has_open_axes([spec.shape for spec in specs])
    return with_lengths(open_axes, lambda lengths: _drawn(dtype, specs, draw, lengths))


def _drawn(
    dtype: str, specs: Sequence[Spec], draw: Callable[[Sketch], R], lengths: tuple[int, int]
) -> R:
    try:
        return draw(Sketch(dtype, specs, lengths=lengths))
    except NeedsRows:
        return draw(Sketch(dtype, specs, rows=True, lengths=lengths))


def too_short(message: str) -> ValueError:
    """Return the error for an axis that is too short for a window."""
    error = ValueError(message)
    error.too_short = True  # type: ignore[attr-defined]
    return error


def with_lengths(open_axes: bool, function: Callable[[tuple[int, int]], R]) -> R:
    """Return ``function(lengths)``; with longer ones if unknown axes are too short for a window."""
    try:
        return function(LENGTHS)
    except ValueError as error:
        if not (open_axes and getattr(error, "too_short", False)):
            raise
        try:
            return function(LONGER)
        except ValueError:
            pass
        raise


def found_by_recording(
    who: str, dtype: str, specs: Sequence[Spec], call: Callable[[list[Tensor]], Any]
) -> tuple[Any, list[Spec]]:
    """Return the result of a call, with tensors of the first recording, and their specs."""

    def draw(sketch: Sketch) -> tuple[Any, list[Spec]]:
        results = sketch.record(call, sketch.inputs)
        return results[0], sketch.specs(results, who)

    return sketched(dtype, specs, draw)


def _placeholder(recording: Recording, spec: Spec, length: int) -> Tensor:
    graph, shape = recording.graph, of_length(spec.shape, length)
    if spec.whole:
        kind = graph.dtype if spec.kind == "float" else spec.kind
        return Tensor(recording, graph.constant(np.zeros(shape, kind)))
    x = Tensor(recording, graph.input(shape, "x", spec.kind))
    if spec.mask is not None:
        x.mask = Tensor(recording, graph.input(of_length(spec.mask, length), "mask", "bool"))
    return x


def _spec_of(tensor: Tensor, rows: int | None) -> Spec:
    kind = "float" if tensor.dtype.startswith("float") else tensor.dtype
    shape, by_rows = _row_shape(tensor, rows)
    mask = None if tensor.mask is None else _row_shape(tensor.mask, rows)[0]
    return Spec(shape, kind, not by_rows, mask)


def _row_shape(tensor: Tensor, rows: int | None) -> tuple[Shape, bool]:
    shape = tuple(tensor.value.shape)
    if not tensor.rows and rows is not None and shape[:1] == (rows,):
        return shape[1:], True  # made from all rows, with the same number of rows
    return shape, tensor.rows


def _joined(a: Spec, b: Spec) -> Spec:
    mask = None if a.mask is None or b.mask is None else _where_equal(a.mask, b.mask)
    return Spec(_where_equal(a.shape, b.shape), a.kind, a.whole, mask)


def found_masks(layer: Layer, specs: Sequence[Spec]) -> list[Shape | None]:
    """Return the shapes of the masks passed on by a layer that is written with ``record``."""
    from lamina.layers.layer import Layer

    if all(s.mask is None for s in specs) and type(layer).compute_mask is Layer.compute_mask:
        return []
    found = []
    for length in LENGTHS:
        with Recording(_core.Graph(layer.dtype)) as recording:
            tensors = [_placeholder(recording, spec, length) for spec in specs]
            values = [t.value for t in tensors]
            masks = [None if t.mask is None else t.mask.value for t in tensors]
            several = len(values) > 1
            out = layer.compute_mask(
                recording.graph, values if several else values[0], masks if several else masks[0]
            )
        listed = out if isinstance(out, list) else [out]
        found.append([None if m is None else tuple(m.shape) for m in listed])
    return [a and b and _where_equal(a, b) for a, b in zip(*found, strict=True)]


def for_each_length(shape: Any, function: Callable[[Any], Any]) -> Any:
    """Return ``function(shape)`` for a shape, or a list of them, with some sizes None."""
    listed = shape if isinstance(shape, list) else [shape]
    if not any(None in one for one in listed):
        return function(shape)

    def of(length: int) -> Any:
        known = [of_length(one, length) for one in listed]
        return function(known if isinstance(shape, list) else known[0])

    try:
        results = [of(length) for length in LENGTHS]
    except ValueError as error:
        show_unknown(error, lambda: of(LENGTHS[1]))
        raise
    if isinstance(results[0], list):
        return [_where_equal(a, b) for a, b in zip(*results, strict=True)]
    return _where_equal(*results)


def show_unknown(error: ValueError, of_another_length: Callable[[], Any]) -> None:
    """Make an error message say None for unknown sizes.

    These are the numbers that differ when the same is done with another length.
    """
    try:
        of_another_length()
    except ValueError as other:
        parts, others = (NUMBER.split(str(each)) for each in (error, other))
        if parts[::2] == others[::2]:
            pairs = zip(parts, others, strict=True)
            error.args = ("".join(a if a == b else "None" for a, b in pairs), *error.args[1:])
    except Exception:  # it is less informative than the error being raised
        pass


def _where_equal(a: Shape, b: Shape) -> Shape:
    return tuple(m if m == n else None for m, n in zip(a, b, strict=True))


def show_shapes(shapes: Any) -> str:
    """Return a row's shape, or a list of them, as users see it."""
    if isinstance(shapes, list):
        return f"[{', '.join(show_shape(s) for s in shapes)}]"
    return show_shape(shapes or ())

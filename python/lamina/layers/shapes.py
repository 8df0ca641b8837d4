"""Shapes found by recording: what a call makes of inputs whose axes need not all be known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina import _core
from lamina._check import show_shape
from lamina._tensors import NeedsRows, Recording, Tensor
from lamina._tensors.arguments import flat

# Sizes that stand for an axis of unknown length, and for the number of rows, in two recordings:
# what differs between them is unknown too.  They divide well, for strides and pooling.
LENGTHS = (192, 320)
ROWS = (6, 10)

Shape = tuple[Any, ...]  # None where a size is not known


@dataclass(frozen=True)
class Spec:
    """What is known of a tensor before there is data.

    Attributes
    ----------
    shape : tuple of int or None
        Of a row, or of all where it is ``whole``.
    kind : {"float", "int32", "bool"}
    whole : bool
        Whether it has no axis of rows.
    """

    shape: Shape
    kind: str = "float"
    whole: bool = False

    def of_length(self, length: int) -> tuple[int, ...]:
        """Return the shape with a length in place of unknown ones."""
        return tuple(length if size is None else size for size in self.shape)


def found_by_recording(
    dtype: str, specs: Sequence[Spec], call: Callable[[list[Tensor]], Any]
) -> tuple[Any, list[Spec]]:
    """Return what a call returns, its leaves tensors of the last recording, and their specs.

    It is recorded on graphs that nothing runs: once, or twice where sizes are unknown or where it
    has to know how many rows there are.
    """
    unknown = any(None in spec.shape for spec in specs)
    try:
        first = _recorded(dtype, specs, call, LENGTHS[0], None)
        last = _of_another_length(dtype, specs, call, None) if unknown else first
    except NeedsRows:
        first = _recorded(dtype, specs, call, LENGTHS[0], ROWS[0])
        last = _of_another_length(dtype, specs, call, ROWS[1])
    result, found = first
    return result, [_joined(a, b) for a, b in zip(found, last[1], strict=True)]


def _of_another_length(
    dtype: str, specs: Sequence[Spec], call: Callable[[list[Tensor]], Any], rows: int | None
) -> tuple[Any, list[Spec]]:
    try:
        return _recorded(dtype, specs, call, LENGTHS[1], rows)
    except ValueError as error:  # of one length it could be recorded
        shapes = ", ".join(show_shape(spec.shape) for spec in specs)
        who = str(error).partition(":")[0]
        raise ValueError(
            f"{who}: the size of an axis of the input has to be known for its weights, or its "
            f"shapes; got {shapes}: give Input a number in place of None"
        ) from error


def _recorded(
    dtype: str,
    specs: Sequence[Spec],
    call: Callable[[list[Tensor]], Any],
    length: int,
    rows: int | None,
) -> tuple[Any, list[Spec]]:
    graph = _core.Graph(dtype)
    with Recording(graph, rows=rows, standing=True) as recording:
        result = call([_placeholder(recording, spec, length) for spec in specs])
        leaves = [v for v in flat(result) if isinstance(v, Tensor)]
        return result, [_spec_of(leaf, rows) for leaf in leaves]


def _placeholder(recording: Recording, spec: Spec, length: int) -> Tensor:
    graph, shape = recording.graph, spec.of_length(length)
    if spec.whole:
        kind = graph.dtype if spec.kind == "float" else spec.kind
        return Tensor(recording, graph.constant(np.zeros(shape, kind)))
    return Tensor(recording, graph.input(shape, "x", spec.kind))


def _spec_of(tensor: Tensor, rows: int | None) -> Spec:
    kind = "float" if tensor.dtype.startswith("float") else tensor.dtype
    shape = tuple(tensor.value.shape)
    if not tensor.rows and rows is not None and shape[:1] == (rows,):
        return Spec(shape[1:], kind)  # made of all rows, and as many again
    return Spec(shape, kind, not tensor.rows)


def _joined(a: Spec, b: Spec) -> Spec:
    sizes = zip(a.shape, b.shape, strict=True)
    return Spec(tuple(m if m == n else None for m, n in sizes), a.kind, a.whole)


def for_each_length(shape: Any, function: Callable[[Any], Any]) -> Any:
    """Return ``function(shape)`` of a shape, or a list of them, some of whose sizes are None."""
    listed = shape if isinstance(shape, list) else [shape]
    if not any(None in one for one in listed):
        return function(shape)
    results = []
    for length in LENGTHS:
        known = [tuple(length if size is None else size for size in one) for one in listed]
        results.append(function(known if isinstance(shape, list) else known[0]))
    if isinstance(results[0], list):
        return [_where_equal(a, b) for a, b in zip(*results, strict=True)]
    return _where_equal(*results)


def _where_equal(a: Shape, b: Shape) -> Shape:
    return tuple(m if m == n else None for m, n in zip(a, b, strict=True))

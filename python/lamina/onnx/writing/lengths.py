"""One sheet for axes of any length, combined from several for known ones.

The operations of a model may depend on the length of an axis: shapes, starts of slices, numbers of
repeats.  They are written for several lengths.  Integers that grow linearly with a length are then
computed in the graph, from the shape of an input; everything else must be the same.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from lamina.onnx.writing.grids import grid
from lamina.onnx.writing.program import Written
from lamina.onnx.writing.sheet import Array, Body, Choice, Node
from lamina.onnx.writing.translation import ELEMENTS

# The first size to try, how far it is moved alone, and how far all are moved to verify the result:
# also by odd numbers, which show the effect of strides.  The later ones are for windows that are
# longer than the first size, and for sizes that must be halved often.
TRIES = ((48, 48, (96, 5, 13, 24)), (384, 128, (256, 5, 13, 64)), (6144, 2048, (4096, 5, 13, 64)))


REFUSALS = (ValueError, IndexError, TypeError)  # for sizes that the model does not accept
SMALL = (1, 2, 3, 4, 5, 7, 9, 17)


@dataclass(frozen=True)
class Size:
    """An unknown size.

    Attributes
    ----------
    name : str
        Its name in ONNX.
    input, axis : int
        Where the graph reads it: in the shape of an input, including the rows.
    """

    name: str
    input: int
    axis: int


class UnevenError(Exception):
    """Names something that depends on a length in a way that cannot be expressed."""


class OtherOperationsError(UnevenError):
    """Names something whose operations differ between lengths."""


def for_any(
    sizes: Sequence[Size], write: Callable[[Sequence[int]], Written]
) -> tuple[Written, int]:
    """Return the result of ``write``, generalized to any sizes.

    The shapes of inputs and outputs then contain the names of sizes, None for derived ones.

    Returns
    -------
    written : Written
    least : int
        For smaller sizes the model may differ: the last three steps of two are two.

    Raises
    ------
    UnevenError
        If it differs in more than integers that grow linearly.
    ValueError
        If no sizes are accepted.
    """
    # Most models do the same down to the smallest size that they accept; sheets are used up.
    try:
        return _joined(sizes, write, SMALL), SMALL[0]
    except OtherOperationsError:
        raise
    except UnevenError:
        _joined(sizes, write, ())
    differs = False
    for n in SMALL:  # a single one may differ by chance, if there is nothing left to resize
        try:
            write([n if size.axis else TRIES[0][0] for size in sizes])
        except REFUSALS:
            continue
        with contextlib.suppress(UnevenError):
            return _joined(sizes, write, [n]), n if differs else 1
        differs = True
    return _joined(sizes, write, ()), TRIES[0][0]


def _joined(
    sizes: Sequence[Size], write: Callable[[Sequence[int]], Written], small: Sequence[int]
) -> Written:
    points, sheets = _samples(sizes, write, small)
    return _Join(sizes, points, sheets).written()


def _samples(
    sizes: Sequence[Size], write: Callable[[Sequence[int]], Written], small: Sequence[int]
) -> tuple[list[list[int]], list[Written]]:
    """Return sizes, and the sheets for them: with some sizes moved, then with all."""
    count = len(sizes)
    for base, step, moves in TRIES:
        start = [base + step // 3 * i for i in range(count)]
        points = [
            [n + step * (subset >> i & 1) for i, n in enumerate(start)]
            for subset in range(1 << count)
        ]
        points.append([n + moves[0] for n in start])
        try:
            sheets: list[Written] = []
            for point in points:
                sheets.append(write(point))
                _check_alike(sheets)
        except REFUSALS:
            if base == TRIES[-1][0]:
                raise
            continue
        more = [[n + by + 4 * i for i, n in enumerate(start)] for by in moves[1:]]
        if any(size.axis for size in sizes):  # few rows may be mistaken for another axis
            more += [
                [n if size.axis else at for size, at in zip(sizes, start, strict=True)]
                for n in small
            ]
        for point in more:
            with contextlib.suppress(*REFUSALS):  # sizes that the model itself rejects
                sheets.append(write(point))
                points.append(point)
        return points, sheets
    raise AssertionError


def _check_alike(sheets: Sequence[Written]) -> None:
    """Stop early if the last two have different operations."""
    nodes = [written.sheet.nodes for written in sheets[-2:]]
    longest = max(nodes, key=len)  # the longest sheet has the layer to name
    for i, pair in enumerate(zip_longest(*nodes)):
        if len({node.op if node else "" for node in pair}) > 1:
            raise OtherOperationsError(longest[i].layer or "the model")


def _same_but_for_settings(first: Node | None, other: Node | None) -> bool:
    """Return whether two nodes may be merged; a window as large as its image pools all of it."""
    if first is None or other is None:
        return False
    if (first.inputs, first.outputs) != (other.inputs, other.outputs):
        return False
    if other.op == f"Global{first.op}":
        return True
    return first.op == other.op and first.attributes.keys() == other.attributes.keys()


class _Join:
    def __init__(
        self, sizes: Sequence[Size], points: list[list[int]], sheets: list[Written]
    ) -> None:
        self.sizes, self.points, self.all = sizes, np.array(points), sheets
        self.first = sheets[0]
        self.before: list[Node] = []  # nodes that compute sizes
        self._found: dict[int, str] = {}

    def written(self) -> Written:
        sheet = self.first.sheet
        self._nodes([each.sheet.nodes for each in self.all])
        for names in list(zip_longest(*(each.sheet.arrays for each in self.all))):
            if len(set(names)) > 1:
                raise UnevenError(self._whose(names[0]))
            self._array(str(names[0]))
        sheet.nodes[:0] = self.before
        inputs = [self._shaped(each) for each in zip(*(w.inputs for w in self.all), strict=True)]
        outputs = [self._shaped(each) for each in zip(*(w.outputs for w in self.all), strict=True)]
        return Written(sheet, inputs, outputs)

    def _whose(self, name: Any) -> str:
        return self.first.sheet.whose.get(name, "") or "the model"

    # --- what must be the same

    def _nodes(self, lists: Sequence[list[Node]]) -> None:
        for nodes in zip_longest(*lists):
            first = nodes[0]
            if not all(_same_but_for_settings(first, node) for node in nodes):
                raise UnevenError(next(node for node in nodes if node).layer or "the model")
            alike = [node for node in nodes if node.op == first.op]
            for name in first.attributes:
                values = [node.attributes[name] for node in alike]
                first.attributes[name] = self._attribute(first, values)

    def _attribute(self, node: Node, values: Sequence[Any]) -> Any:
        if isinstance(values[0], Body):
            self._nodes([body.nodes for body in values])
            return values[0]
        if isinstance(values[0], Choice):
            if all(value.exact == values[0].exact for value in values):
                return values[0]
            if values[0].rule is not None and all(v.rule == values[0].rule for v in values):
                return Choice(values[0].rule, None)
            raise UnevenError(node.layer)
        if any(value != values[0] for value in values):
            raise UnevenError(node.layer)
        return values[0]

    def _array(self, name: str) -> None:
        arrays = [each.sheet.arrays[name] for each in self.all]
        first = arrays[0]
        if all(_equal(first, array) for array in arrays):
            return
        made = None
        if first.dtype.kind == "i":
            made = self.whole(arrays, name) or self._form(arrays, name)
        if made is None:
            made = grid(self, arrays, name)
        if made is None:
            raise UnevenError(self._whose(name))
        dtype = self.first.sheet.arrays.pop(name).dtype
        self.before.append(Node("Cast", [made], [name], {"to": ELEMENTS[dtype.name]}))

    def _form(self, arrays: Sequence[Array], name: str) -> str | None:
        """Write the shape for a reshape, if all sizes except one grow linearly."""
        nodes = self.first.sheet.nodes
        if not any(node.op == "Reshape" and node.inputs[1] == name for node in nodes):
            return None
        if any((array < 0).any() for array in arrays) or len({a.shape for a in arrays}) > 1:
            return None
        uneven = [
            place for place in range(len(arrays[0]))
            if self._grows([array[place] for array in arrays]) is None
        ]  # fmt: skip
        if len(uneven) != 1:
            return None
        forms = [array.copy() for array in arrays]
        for form in forms:
            form[uneven[0]] = -1
        return self.whole(forms, name)

    # --- what grows

    def _grows(self, values: Sequence[Array]) -> list[Array] | None:
        """Return the factors of products of sizes in integers; None if they are not linear.

        The one at ``subset`` belongs to the product of the sizes whose bits are set in it.
        """
        count = len(self.sizes)
        numbers = [value.astype(np.int64) for value in values]
        law = numbers[: 1 << count]
        for i in range(count):  # from values to slopes, and from initial slopes to factors
            start, run = self.points[0][i], self.points[1 << i][i] - self.points[0][i]
            for subset in range(1 << count):
                if subset >> i & 1:
                    rise = law[subset] - law[subset ^ 1 << i]
                    if (rise % run).any():
                        return None
                    law[subset] = rise // run
            for subset in range(1 << count):
                if not subset >> i & 1:
                    law[subset] = law[subset] - start * law[subset | 1 << i]
        for point, found in zip(self.points, numbers, strict=True):
            total = sum(f * self._product(subset, point) for subset, f in enumerate(law))
            if (total != found).any():
                return None
        return law

    def _product(self, subset: int, point: Any) -> int:
        return math.prod(int(n) for i, n in enumerate(point) if subset >> i & 1)

    def whole(self, arrays: Sequence[Array], stem: str) -> str | None:
        """Write integers that may grow, an array for each sheet; None if they are not linear."""
        if len({array.shape for array in arrays}) > 1:
            return None
        law = self._grows(arrays)
        if law is None:
            return None
        total = self.constant(law[0])
        for subset, factor in enumerate(law):
            if subset and factor.any():
                part = self.constant(factor)
                for k in range(len(self.sizes)):
                    if subset >> k & 1:
                        part = self.node("Mul", [part, self._size(k)], stem)
                total = self.node("Add", [total, part], stem)
        return total

    def constant(self, array: Array) -> str:
        """Write an array that is the same for all sizes."""
        return self.first.sheet.array(array)

    def node(self, op: str, inputs: list[str], stem: str, **attributes: Any) -> str:
        """Write a node before all others; returns the name of its output."""
        output = self.first.sheet.name(f"{stem}/{op}")
        self.before.append(Node(op, inputs, [output], attributes))
        return output

    def _size(self, k: int) -> str:
        if k not in self._found:
            size, sheet = self.sizes[k], self.first.sheet
            shape = self.node("Shape", [self.first.inputs[size.input].name], size.name)
            at = sheet.array(np.array(size.axis, np.int64))
            self._found[k] = self.node("Gather", [shape, at], size.name, axis=0)
        return self._found[k]

    def _shaped(self, values: Sequence[Any]) -> Any:
        if len({(value.rows, len(value.shape)) for value in values}) > 1:
            raise UnevenError("an input or output")
        shape = tuple(
            self._dimension(each) for each in zip(*(v.shape for v in values), strict=True)
        )
        return replace(values[0], shape=shape)

    def _dimension(self, numbers: Sequence[int]) -> Any:
        if len(set(numbers)) == 1:
            return numbers[0]
        for k, size in enumerate(self.sizes):
            if (self.points[:, k] == numbers).all():
                return size.name
        return None


def _equal(a: Array, b: Array) -> bool:
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def open_axes(shapes: Sequence[Sequence[int | None]]) -> Iterator[tuple[int, int]]:
    """Yield the positions of unknown sizes: the shape and the axis."""
    for i, shape in enumerate(shapes):
        for axis, size in enumerate(shape):
            if size is None:
                yield i, axis

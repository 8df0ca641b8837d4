"""The interface of converters: the values of a program as those of ONNX.

In ONNX a value with rows begins with their axis, and others have no such axis; folded steps
multiply the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.onnx.writing.sheet import Array, Sheet

# ONNX's types of elements (TensorProto.DataType).
ELEMENTS = {"float32": 1, "float64": 11, "int32": 6, "int64": 7, "bool": 9, "uint32": 12}


@dataclass(frozen=True)
class Value:
    """A value of the program.

    Attributes
    ----------
    name : str
        In ONNX.
    shape : tuple of int
        Of a row, if it has rows.
    rows : bool
    kind : {"float", "int32", "bool"}
    array : ndarray, optional
        Of a constant or a weight.
    path : str
        Of a weight.
    folded : tuple of str
        The values whose steps became its rows, in order.
    """

    name: str
    shape: tuple[int, ...]
    rows: bool
    kind: str
    array: Array | None = None
    path: str = ""
    folded: tuple[str, ...] = ()

    @property
    def rank(self) -> int:
        """The number of axes in ONNX."""
        return len(self.shape) + self.rows

    def axis(self, of_row: int) -> int:
        """Return the index in ONNX of an axis of a row."""
        return of_row + self.rows


class CannotExpressError(Exception):
    """Something that ONNX cannot express; the message says why."""


class Translation:
    """A sheet that is being written, with the methods that converters use.

    Parameters
    ----------
    dtype : {"float32", "float64"}
        Of the model.
    opset : int
    open_lengths : bool, default False
        Whether sizes are only an example: where it matters, the graph reads them.
    """

    def __init__(self, dtype: str, opset: int, open_lengths: bool = False) -> None:
        self.sheet = Sheet()
        self.dtype, self.opset = dtype, opset
        self.open_lengths = open_lengths
        self.batch_source = ""  # an input of the model, whose first axis is the rows
        self._rows = ""
        self._turned: dict[str, tuple[str, list[int]]] = {}  # by the output of a Transpose
        self._layouts: dict[tuple[str, str], str] = {}
        self.node = self.sheet.node
        self.nodes_of = self.sheet.nodes_of
        self.integers = self.sheet.integers

    @property
    def short_attributes(self) -> bool:
        """Whether attributes of nodes, in single precision, are as precise as the model."""
        return self.dtype == "float32"

    # --- arrays

    def number(self, value: float) -> str:
        """Write a number of the model's type."""
        return self.sheet.array(np.array(value, self.dtype))

    def numbers(self, values: Any) -> str:
        """Write an array of the model's type."""
        return self.sheet.array(np.array(values, self.dtype))

    def scalar(self, value: float, kind: str) -> str:
        """Write one number, or boolean, as "float", "int32", "int64" or "bool"."""
        return self.sheet.array(np.array(value, self.dtype if kind == "float" else kind))

    def zeros(self, *shape: int) -> str:
        """Write zeros of the model's type."""
        return self.numbers(np.zeros(shape))

    def ones(self, *shape: int) -> str:
        """Write ones of the model's type."""
        return self.numbers(np.ones(shape))

    def laid_out(
        self, x: Value, layout: str, arrange: Callable[[Array], Array], otherwise: Callable[[], str]
    ) -> str:
        """Return a weight in the order that an operation of ONNX expects.

        Its array is stored so, under its path.  ``otherwise`` writes nodes for other values.
        """
        if x.array is None:
            return otherwise()
        key = (x.name, layout)
        if key not in self._layouts:
            made = np.array(arrange(x.array), order="C")
            self._layouts[key] = self.sheet.array(made, x.path)
        return self._layouts[key]

    def name_of(self, x: Value) -> str:
        """Return the name of an unchanged value; the array of a weight or constant is written."""
        if x.array is None:
            return x.name
        return self.laid_out(x, "", lambda array: array, str)

    # --- shapes

    def rows(self) -> str:
        """Return the number of rows of the batch, as a list of one number."""
        if not self._rows:
            if not self.batch_source:
                raise CannotExpressError("needs the number of rows, and the model has no input")
            self._rows = self.rows_of(self.batch_source)
        return self._rows

    def rows_of(self, name: str) -> str:
        """Return the size of the first axis of a value, as a list of one number."""
        return self.node("Shape", name, start=0, end=1)

    def reshaped(self, name: str, shape: Sequence[int]) -> str:
        """Return a value with another shape; 0 keeps the size of its axis."""
        return self.node("Reshape", name, self.integers(shape))

    def cast(self, name: str, kind: str) -> str:
        """Return a value as "float", "int32", "int64", "uint32" or "bool"."""
        return self.node("Cast", name, to=ELEMENTS[self.dtype if kind == "float" else kind])

    def transposed(self, name: str, order: Sequence[int]) -> str:
        """Return a value with its axes in another order."""
        source, before = self._turned.get(name, (name, list(range(len(order)))))
        both = [before[axis] for axis in order]  # two transpositions become one
        if both == list(range(len(both))):
            return source
        made = self.node("Transpose", source, perm=both)
        self._turned[made] = source, both
        return made

    def channels_first(self, x: Value) -> str:
        """Return a value with rows, with its last axis directly after the rows."""
        rank = x.rank
        return self.transposed(self.name_of(x), [0, rank - 1, *range(1, rank - 1)])

    def channels_last(self, name: str, rank: int) -> str:
        """Undo ``channels_first``."""
        return self.transposed(name, [0, *range(2, rank), 1])

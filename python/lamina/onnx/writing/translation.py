"""What a converter is given to write with: the values of a program as those of ONNX.

In ONNX a value with rows has their axis first, and what has none has no such axis; rows that were
folded are as many more rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.onnx.writing.sheet import Array, Sheet

# What ONNX calls the types of elements (TensorProto.DataType).
ELEMENTS = {"float32": 1, "float64": 11, "int32": 6, "int64": 7, "bool": 9, "uint32": 12}


@dataclass(frozen=True)
class Value:
    """A value of the program.

    Attributes
    ----------
    name : str
        In ONNX.
    shape : tuple of int
        Of a row, where it has rows.
    rows : bool
    kind : {"float", "int32", "bool"}
    array : ndarray, optional
        Of a constant or a weight.
    path : str
        Of a weight.
    folded : tuple of str
        The values whose steps were made its rows, the last one last.
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
        """Return where an axis of a row is in ONNX."""
        return of_row + self.rows


class CannotExpressError(Exception):
    """What ONNX has no words for; the message says why."""


class Translation:
    """A sheet that is being written, and what converters ask of it.

    Parameters
    ----------
    dtype : {"float32", "float64"}
        Of the model.
    opset : int
    open_lengths : bool, default False
        Whether sizes are one example of many: where it matters they are asked for in the graph.
    """

    def __init__(self, dtype: str, opset: int, open_lengths: bool = False) -> None:
        self.sheet = Sheet()
        self.dtype, self.opset = dtype, opset
        self.open_lengths = open_lengths
        self.batch_source = ""  # an input of the model, whose first axis is the rows
        self._rows = ""
        self._turned: dict[str, tuple[str, list[int]]] = {}  # by what a Transpose made
        self._layouts: dict[tuple[str, str], str] = {}
        self.node = self.sheet.node
        self.nodes_of = self.sheet.nodes_of
        self.integers = self.sheet.integers

    @property
    def short_attributes(self) -> bool:
        """Whether attributes of nodes, which are single precision, are as precise as the model."""
        return self.dtype == "float32"

    # --- arrays

    def number(self, value: float) -> str:
        """Write a number of the model's type."""
        return self.sheet.array(np.array(value, self.dtype))

    def numbers(self, values: Any) -> str:
        """Write an array of the model's type."""
        return self.sheet.array(np.array(values, self.dtype))

    def scalar(self, value: float, kind: str) -> str:
        """Write one number, or truth value, as "float", "int32", "int64" or "bool"."""
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
        """Return a weight in the order that an operation of ONNX reads.

        Its array is written so, under its path.  ``otherwise`` writes nodes for what is no weight.
        """
        if x.array is None:
            return otherwise()
        key = (x.name, layout)
        if key not in self._layouts:
            made = np.array(arrange(x.array), order="C")
            self._layouts[key] = self.sheet.array(made, x.path)
        return self._layouts[key]

    def name_of(self, x: Value) -> str:
        """Return the name of a value as it is; a weight's or constant's array is written."""
        if x.array is None:
            return x.name
        return self.laid_out(x, "", lambda array: array, str)

    # --- shapes

    def rows(self) -> str:
        """Return how many rows the batch has, as a list of one number."""
        if not self._rows:
            if not self.batch_source:
                raise CannotExpressError("needs the number of rows, and the model has no input")
            self._rows = self.rows_of(self.batch_source)
        return self._rows

    def rows_of(self, name: str) -> str:
        """Return the size of the first axis of a value, as a list of one number."""
        return self.node("Shape", name, start=0, end=1)

    def reshaped(self, name: str, shape: Sequence[int]) -> str:
        """Return a value with another shape; 0 stands for the size that its axis has."""
        return self.node("Reshape", name, self.integers(shape))

    def cast(self, name: str, kind: str) -> str:
        """Return a value as "float", "int32", "int64", "uint32" or "bool"."""
        return self.node("Cast", name, to=ELEMENTS[self.dtype if kind == "float" else kind])

    def transposed(self, name: str, order: Sequence[int]) -> str:
        """Return a value with its axes in another order."""
        source, before = self._turned.get(name, (name, list(range(len(order)))))
        both = [before[axis] for axis in order]  # what was turned before is not turned twice
        if both == list(range(len(both))):
            return source
        made = self.node("Transpose", source, perm=both)
        self._turned[made] = source, both
        return made

    def channels_first(self, x: Value) -> str:
        """Return a value with rows whose last axis comes behind the rows."""
        rank = x.rank
        return self.transposed(self.name_of(x), [0, rank - 1, *range(1, rank - 1)])

    def channels_last(self, name: str, rank: int) -> str:
        """Undo ``channels_first``."""
        return self.transposed(name, [0, *range(2, rank), 1])

"""Recorded tensors: arguments and results of a layer's ``call``."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from lamina import _core
from lamina._public import Public
from lamina._tensors.operators import Operators
from lamina._tensors.recording import NeedsRows, Recording


class Tensor(Operators, Public):
    """A value of a graph under construction: an argument or result of ``Layer.call``.

    Its numbers are known only when the graph runs.  Functions of ``lamina.ops`` and Python's
    operators make new tensors from it.

    Attributes
    ----------
    shape : tuple
        The axis of rows first, None if the graph is for any number of rows.  Weights, and values
        computed from all rows, have no such axis.
    dtype : str
        "float32", "float64", "int32" or "bool".
    ndim : int
    """

    __slots__ = ("mask", "recording", "value")
    _plumbing: ClassVar[str] = "mask recording row_shape rows value"

    def __init__(self, recording: Recording, value: _core.Tensor, mask: Any = None) -> None:
        self.recording, self.value, self.mask = recording, value, mask

    @property
    def rows(self) -> bool:
        """Whether it has an axis of rows."""
        return not self.recording.graph.whole(self.value)

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of a row; of the whole tensor if it has no axis of rows."""
        return tuple(self.value.shape)

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape; None for the rows if the graph is for any number of them."""
        row = tuple(self.value.shape)
        return (self.recording.rows, *row) if self.rows else row

    @property
    def ndim(self) -> int:
        """The number of axes, including that of the rows."""
        return len(self.value.shape) + self.rows

    @property
    def dtype(self) -> str:
        """The type of the values."""
        return self.recording.graph.dtype_of(self.value)

    def __repr__(self) -> str:
        """Return the shape and the type."""
        shape = self.shape
        if self.rows and self.recording.standing:
            shape = (None, *shape[1:])
        return f"<Tensor of shape {_shown(shape)}, {self.dtype}>"

    def __len__(self) -> int:
        """Return the size of the first axis."""
        shape = self.shape
        if not shape:
            raise TypeError(f"{self!r} has no axes, and so no len()")
        if shape[0] is None:
            raise NeedsRows
        return int(shape[0])

    def __iter__(self) -> Any:
        """Yield the parts along the first axis."""
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> NoReturn:
        """Refuse: the numbers are not known while a graph is recorded."""
        raise TypeError(
            f"{self._who()}{self!r} has no value while it is recorded, so it cannot be used in "
            f"`if` or `while`; use ops.where, ops.logical_and and similar functions"
        )

    def _no_number(self, what: str) -> NoReturn:
        raise TypeError(
            f"{self._who()}{self!r} has no value while it is recorded, and cannot become {what}; "
            f"use the functions of lamina.ops on it"
        )

    def _who(self) -> str:
        name = self.recording.name
        return f"{name}: " if name else ""

    def __float__(self) -> float:
        """Refuse: the numbers are not known while a graph is recorded."""
        self._no_number("a float")

    def __int__(self) -> int:
        """Refuse: the numbers are not known while a graph is recorded."""
        self._no_number("an int")

    def __index__(self) -> int:  # noqa: PLE0305
        """Refuse: the numbers are not known while a graph is recorded."""
        self._no_number("an index")

    def __array__(self, *args: Any, **options: Any) -> Any:
        """Refuse: the numbers are not known while a graph is recorded."""
        self._no_number("an array")

    def numpy(self) -> Any:
        """Refuse: the numbers are not known while a graph is recorded."""
        self._no_number("an array")


def _shown(shape: tuple[Any, ...]) -> str:
    return f"({', '.join('rows' if s is None else str(s) for s in shape)}{',' * (len(shape) == 1)})"

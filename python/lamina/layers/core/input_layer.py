"""The input of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from lamina import _check, _core
from lamina._calls import refuse_arguments
from lamina._strings import is_string_dtype
from lamina.layers.base.node import Node, SymbolicTensor
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import InputArguments, Unpack


class InputLayer(Layer):
    """The shape of a model's rows, stated before there are data.

    Parameters
    ----------
    shape : tuple of int or None
        Shape of one row, without the axis of rows: ``(13,)``, ``(28, 28)``.  None stands for an
        axis of any length: the model is recorded again for each length that occurs, and the last
        few recordings are kept.  ``input_shape`` is the old name of this argument.
    batch_size : int, optional
        Rows of every batch of a model with stateful layers; ignored in other models.
    dtype : {"float32", "float64", "int32", "bool", "string"}, optional
        By default, what the layers that read the input need, and the model's precision.  Any
        integer type is treated as "int32", for token ids; "bool" is for masks, and "string" for
        layers such as ``StringLookup``.
    name : str, optional

    Raises
    ------
    ValueError, TypeError
        If a size is not a positive integer.
    """

    def __init__(
        self,
        shape: int | Sequence[int] | None = None,
        *,
        batch_size: int | None = None,
        dtype: str | None = None,
        name: str | None = None,
        **base: Unpack[InputArguments],
    ) -> None:
        old: dict[str, Any] = base  # type: ignore[assignment]
        shape = old.pop("input_shape", None) if shape is None else shape
        whole = old.pop("batch_input_shape", old.pop("batch_shape", None))
        kind = _discrete(dtype)
        super().__init__(name=name, dtype=None if kind else dtype, **base)
        if kind or dtype is None:
            self._drop_policy()  # a policy for layers does not apply to inputs
            self._dtype = None
        shape, batch_size = _of_row("InputLayer", shape, batch_size, whole)
        # A row may be a single string; numbers have at least one axis.
        alone = kind == "string" and isinstance(shape, (list, tuple)) and len(shape) == 0
        self.shape = () if alone else _check.open_shape("Input", "shape", shape)
        self.batch_size = None
        if batch_size is not None:
            self.batch_size = _check.integer("Input", "batch_size", batch_size)
        # "int32", "bool" or "string", None for numbers of the model's precision.
        self.kind = kind
        self.built = True

    def row_output_shape(self, row_shape: _check.Shape) -> _check.Shape:
        """Return the shape; an input of another shape is rejected."""
        if not _check.fits_shape(row_shape, self.shape):
            raise ValueError(
                f"{self.name}: input has shape {_check.show_shape(row_shape)}; "
                f"needs {_check.show_shape(self.shape)}"
            )
        return self.shape

    def record(self, graph: _core.Graph, x: Any) -> Any:  # noqa: ARG002
        """Record nothing."""
        return x

    def tensor(self) -> SymbolicTensor:
        """Return the symbolic tensor that stands for the rows; always the same object."""
        if not self.nodes:
            self.nodes.append(Node(self, [], [self.shape], self.kind or self._given_dtype))
        return self.nodes[0].outputs[0]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        if self.batch_size is None:
            del config["batch_size"]
        return {**config, "dtype": self.kind} if self.kind else config


def _discrete(dtype: object) -> str | None:
    if is_string_dtype(dtype):
        return "string"
    try:
        kind = np.dtype(_check.numpys(dtype)).kind if dtype is not None else "f"
    except TypeError:
        return None
    return {"i": "int32", "u": "int32", "b": "bool"}.get(kind)


def _of_row(
    who: str, shape: Any, batch_size: int | None, batch_shape: Any
) -> tuple[Any, int | None]:
    """Return the shape of a row and the rows of a batch."""
    if batch_shape is not None:
        if shape is not None or batch_size is not None:
            raise ValueError(f"{who}: give batch_shape, or shape and batch_size, not both")
        if not isinstance(batch_shape, Sequence) or len(batch_shape) == 0:
            raise TypeError(f"{who}: batch_shape must be like (32, 5, 3); got {batch_shape!r}")
        batch_size, *rest = batch_shape
        shape = tuple(rest)
    if shape is None:
        raise TypeError(f"{who}: shape must be given, the shape of one row; got None")
    return shape, batch_size


def Input(  # noqa: N802
    shape: int | Sequence[int] | None = None,
    batch_size: int | None = None,
    *,
    dtype: str | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: SymbolicTensor | None = None,
    **unknown: NoReturn,
) -> SymbolicTensor:
    """Return the symbolic tensor that stands for a model's rows.

    It is the first entry of a ``Sequential``, or the tensor on which the layers of a graph model
    are called.

    Parameters
    ----------
    shape : tuple of int or None
        Shape of one row, without the axis of rows; None for an axis of any length.
    batch_size : int, optional
        Rows of every batch of a model with stateful layers; ignored in other models.
    dtype : {"float32", "float64", "int32", "bool", "string"}, optional
        By default, what the layers that read the input need, and the model's precision.  Strings
        are read by ``StringLookup``, ``TextVectorization``, ``Hashing`` and ``HashedCrossing``,
        which turn them into numbers before anything recorded runs.  Integers are fed with all 32
        bits, but arithmetic and comparisons are done in the model's floating-point type: those of a
        float32 model are exact up to 2**24 (16777216).
    batch_shape : tuple of int, optional
        ``(batch_size, *shape)`` in place of both; None stands for any number of rows.
    name : str, optional
        Data may be given as a dict by these names.
    tensor : SymbolicTensor, optional
        Returned as it is, and other arguments are ignored, for programs with ``Input(tensor=...)``.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(3)])
    >>> model.count_params()
    15

    A graph model:

    >>> x = lamina.Input((4,))
    >>> lamina.Model(x, lamina.layers.Dense(3)(x)).count_params()
    15
    """
    if unknown:
        refuse_arguments(Input, unknown)
    if tensor is not None:
        return tensor
    shape, batch_size = _of_row("Input", shape, batch_size, batch_shape)
    return InputLayer(shape, batch_size=batch_size, dtype=dtype, name=name).tensor()

"""Symbolic tensors, and the nodes that record which layer made them from which others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from lamina._check import Shape, show_shape
from lamina._public import Public
from lamina._tensors.arguments import Arguments
from lamina._tensors.operators import Operators

if TYPE_CHECKING:
    from lamina.layers.layer import Layer


class SymbolicTensor(Operators, Public):
    """The result of calling a layer on a placeholder: a shape and its origin.

    ``lamina.Input`` creates the first ones, and ``lamina.Model(inputs, outputs)`` finds the layers
    between inputs and outputs.  Functions of ``lamina.ops`` and Python's operators make new ones.

    Attributes
    ----------
    shape : tuple
        None stands for the rows, ``(None, 28, 28)``, unless their ``Input`` has a batch size, and
        for other axes of unknown length.
    dtype : str
        "int32" for token ids, "bool" for masks, "float64" if an ``Input`` says so; otherwise
        "float32", which the ``dtype`` of the model overrides.
    name : str
        The name of the layer that made it, numbered if the layer has several outputs.
    node : Node
        The call that made it.
    index : int
        Its position among the outputs of that call.

    Examples
    --------
    >>> import lamina
    >>> x = lamina.Input((3,), name="x")
    >>> lamina.layers.Dense(2)(x)
    <SymbolicTensor (rows, 2), output of dense>
    """

    symbolic: ClassVar[bool] = True  # by which operations recognise it
    _plumbing: ClassVar[str] = "given_dtype kind mask_shape row_shape rows symbolic whole"

    def __init__(
        self, row_shape: Shape, dtype: str | None, node: Node, index: int, whole: bool = False
    ) -> None:
        self.row_shape, self.given_dtype = row_shape, dtype  # None or "float": the model decides
        self.node, self.index = node, index
        self.whole = whole  # without an axis of rows
        self.rows = None if whole else _rows_of(node)  # of a batch, if an Input says so
        self.mask_shape: Shape | None = None  # of a row of its mask, if it has one

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape, with None for unknown lengths.

        The number of rows is known if an ``Input`` has a batch size.
        """
        return tuple(self.row_shape) if self.whole else (self.rows, *self.row_shape)

    @property
    def dtype(self) -> str:
        """The type of the values."""
        return "float32" if self.given_dtype in (None, "float") else self.given_dtype

    @property
    def ndim(self) -> int:
        """The number of axes, including that of the rows."""
        return len(self.shape)

    @property
    def name(self) -> str:
        """The name of the layer that made it, with a number after the first output."""
        return self.node.layer.name + (f":{self.index}" if self.index else "")

    @property
    def kind(self) -> str | None:
        """The engine's type: "float", "int32" or "bool"; None until its readers decide."""
        return "float" if self.given_dtype in ("float32", "float64") else self.given_dtype

    def __repr__(self) -> str:
        """Return the shape and the origin."""
        what = "output of" if self.node.inputs else "Input"
        shape = self.row_shape if self.whole else show_shape(self.row_shape)
        return f"<SymbolicTensor {shape}, {what} {self.name}>"

    def __len__(self) -> int:
        """Refuse: a symbolic tensor has no rows yet."""
        raise TypeError(f"{self!r} has no rows yet; rows are given to a model built from it")

    def __iter__(self) -> Iterator[Any]:
        """Refuse: a symbolic tensor has no rows yet."""
        raise TypeError(f"{self!r} cannot be iterated over; pass it to a layer as a whole")

    def __bool__(self) -> bool:
        """Refuse: a symbolic tensor has no value yet."""
        raise TypeError(f"{self!r} has no value yet; a model built from it computes one")

    if not TYPE_CHECKING:  # type checkers take an object with this method for an array

        def __array__(self, *args: Any, **options: Any) -> Any:
            """Refuse: a symbolic tensor is not an array."""
            raise TypeError(f"{self!r} is not an array; use a model's predict on data")


class Node:
    """One call of a layer on symbolic tensors.

    Attributes
    ----------
    layer : Layer
    inputs : list of SymbolicTensor
        None for an ``Input``.
    arguments : Arguments or None
        The arguments of the call, with placeholders for the inputs; None for layers that take only
        their inputs.
    masks : list of SymbolicTensor or None
        Masks given to the call, one for each input; None if the inputs' own masks are used.
    training : bool or None
        The value given in the call, ``layer(x, training=False)``, which holds in training and in
        prediction.  For calls with ``arguments`` it is among these.
    outputs : list of SymbolicTensor
    """

    def __init__(
        self,
        layer: Layer,
        inputs: Sequence[SymbolicTensor],
        shapes: Sequence[Shape],
        dtype: str | None = "float",
        masks: Sequence[SymbolicTensor | None] | None = None,
        arguments: Arguments | None = None,
        training: bool | None = None,
    ) -> None:
        self.layer, self.inputs, self.arguments = layer, list(inputs), arguments
        self.training = training
        self.ahead = False  # whether it is computed on arrays, before the recorded part
        self.masks = None if masks is None else list(masks)
        self.outputs = [SymbolicTensor(s, dtype, self, i) for i, s in enumerate(shapes)]

    def __repr__(self) -> str:
        """Return the layer, its inputs and its outputs."""
        return f"<Node {self.layer.name}: {self.inputs} -> {self.outputs}>"

    @property
    def parents(self) -> list[SymbolicTensor]:
        """All tensors that the call reads: the inputs, then the masks given to it."""
        return [*self.inputs, *(m for m in self.masks or () if m is not None)]


def _rows_of(node: Node) -> int | None:
    if not node.inputs:
        rows: int | None = getattr(node.layer, "batch_size", None)
        return rows
    return next((t.rows for t in node.inputs if t.rows is not None), None)


def shapes_of(tensors: Sequence[SymbolicTensor]) -> Any:
    """Return the shape of a row of a tensor, or a list of them for several tensors."""
    shapes = [t.row_shape for t in tensors]
    return shapes[0] if len(shapes) == 1 else shapes


def any_symbolic(value: object) -> bool:
    """Return whether the value is, or a list of it holds, a symbolic tensor."""
    if isinstance(value, SymbolicTensor):
        return True
    return isinstance(value, (list, tuple)) and any(isinstance(v, SymbolicTensor) for v in value)


def as_list(value: Any) -> list[Any]:
    """Return a list or tuple as a list, anything else as a list of one."""
    return list(value) if isinstance(value, (list, tuple)) else [value]

"""Symbolic tensors, and the nodes that say which layer made them of which others."""

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
    """What a layer returns when it is called on a placeholder: a shape, and where it came from.

    ``lamina.Input`` makes the first ones.  ``lamina.Model(inputs, outputs)`` reads the layers
    between them.  Functions of ``lamina.ops`` and Python's operators make others of it.

    Attributes
    ----------
    shape : tuple
        With None for the rows, ``(None, 28, 28)``, unless their ``Input`` has a batch size, and
        for other axes of unknown length.
    dtype : str
        "int32" of token ids, "bool" of masks, "float64" where an ``Input`` says so; else "float32",
        which the model's own ``dtype`` overrules.
    name : str
        Of the layer that made it; numbered if it has several outputs.
    node : Node
        The call that made it.
    index : int
        Its place among that call's outputs.

    Examples
    --------
    >>> import lamina
    >>> x = lamina.Input((3,), name="x")
    >>> lamina.layers.Dense(2)(x)
    <SymbolicTensor (rows, 2), output of dense>
    """

    symbolic: ClassVar[bool] = True  # what operations know it by
    _plumbing: ClassVar[str] = "given_dtype kind mask_shape row_shape rows symbolic whole"

    def __init__(
        self, row_shape: Shape, dtype: str | None, node: Node, index: int, whole: bool = False
    ) -> None:
        self.row_shape, self.given_dtype = row_shape, dtype  # None or "float": the model decides
        self.node, self.index = node, index
        self.whole = whole  # without an axis of rows
        self.rows = None if whole else _rows_of(node)  # of a batch, where an Input says so
        self.mask_shape: Shape | None = None  # of a row of its mask, where it has one

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape, None standing for lengths that are not known.

        The rows are known where an ``Input`` says of how many a batch is.
        """
        return tuple(self.row_shape) if self.whole else (self.rows, *self.row_shape)

    @property
    def dtype(self) -> str:
        """The type of the values."""
        return "float32" if self.given_dtype in (None, "float") else self.given_dtype

    @property
    def ndim(self) -> int:
        """The number of axes, that of the rows among them."""
        return len(self.shape)

    @property
    def name(self) -> str:
        """The name of the layer that made it, with a number after the first output."""
        return self.node.layer.name + (f":{self.index}" if self.index else "")

    @property
    def kind(self) -> str | None:
        """What the engine is fed: "float", "int32" or "bool"; None until readers tell."""
        return "float" if self.given_dtype in ("float32", "float64") else self.given_dtype

    def __repr__(self) -> str:
        """Return shape and origin."""
        what = "output of" if self.node.inputs else "Input"
        shape = self.row_shape if self.whole else show_shape(self.row_shape)
        return f"<SymbolicTensor {shape}, {what} {self.name}>"

    def __len__(self) -> int:
        """Refuse: a symbolic tensor has no rows yet."""
        raise TypeError(f"{self!r} has no rows yet; a model made of it takes them")

    def __iter__(self) -> Iterator[Any]:
        """Refuse: a symbolic tensor has no rows yet."""
        raise TypeError(f"{self!r} cannot be iterated over; a layer takes it whole")

    def __bool__(self) -> bool:
        """Refuse: a symbolic tensor has no value yet."""
        raise TypeError(f"{self!r} has no value yet; a model made of it computes one")

    if not TYPE_CHECKING:  # to a type checker, what has this method is an array

        def __array__(self, *args: Any, **options: Any) -> Any:
            """Refuse: a symbolic tensor is no array."""
            raise TypeError(f"{self!r} is no array; use a model's predict on data")


class Node:
    """One call of a layer on symbolic tensors.

    Attributes
    ----------
    layer : Layer
    inputs : list of SymbolicTensor
        None for an ``Input``.
    arguments : Arguments or None
        How the call was made, with places for the inputs; None of layers that take their inputs
        alone.
    masks : list of SymbolicTensor or None
        Masks that the call was given, one for each input; None where the inputs' own hold.
    training : bool or None
        What the call was told, ``layer(x, training=False)``: it holds whatever the model is called
        for.  Of calls with ``arguments`` it stands among these.
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
        self.ahead = False  # whether it is computed on arrays, ahead of what is recorded
        self.masks = None if masks is None else list(masks)
        self.outputs = [SymbolicTensor(s, dtype, self, i) for i, s in enumerate(shapes)]

    def __repr__(self) -> str:
        """Return the layer, what it read and what it returned."""
        return f"<Node {self.layer.name}: {self.inputs} -> {self.outputs}>"

    @property
    def parents(self) -> list[SymbolicTensor]:
        """All tensors that the call reads: inputs, then masks it was given."""
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

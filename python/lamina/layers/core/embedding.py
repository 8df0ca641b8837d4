"""Embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, _core, constraints, initializers, regularizers
from lamina._check import Shape
from lamina._tensors import Tensor
from lamina._tensors.given import given, record
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._tensors import Variable
    from lamina._typing import (
        BaseArguments,
        ConstraintLike,
        InitializerLike,
        RegularizerLike,
        Unpack,
    )

__all__ = ["Embedding"]


class Embedding(RowWise):
    """``y = table[x]``: a learned vector for each token.

    Parameters
    ----------
    input_dim : int
        Size of the vocabulary: tokens are integers in [0, input_dim).
    output_dim : int
        Columns of the table.
    embeddings_initializer : str or Initializer, default "uniform"
        Initial values of the table.
    embeddings_regularizer : str, Regularizer or callable, optional
        Penalty that training adds to the loss.
    embeddings_constraint : str, Constraint or callable, optional
        Constraint applied to the weight after each step of training.
    mask_zero : bool, default False
        Whether token 0 is padding, which later layers skip.
    **base
        See ``Layer``; in addition ``weights``, a pretrained table or a list that holds one.

    Raises
    ------
    ValueError
        If a token is not an integer or not below ``input_dim``; the message names its position.

    Notes
    -----
    Shapes: x (rows, ...), table (input_dim, output_dim), y (rows, ..., output_dim).

    Examples
    --------
    >>> import lamina
    >>> layer = lamina.layers.Embedding(3, 2, embeddings_initializer="ones")
    >>> layer([[0, 2]])
    array([[[1., 1.],
            [1., 1.]]], dtype=float32)
    """

    input_dtype = "int32"
    positionwise = True

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: InitializerLike = "uniform",
        embeddings_regularizer: RegularizerLike = None,
        mask_zero: bool = False,
        *,
        embeddings_constraint: ConstraintLike = None,
        **base: Unpack[BaseArguments],
    ) -> None:
        given: dict[str, Any] = base  # type: ignore[assignment]
        table = given.pop("weights", None)
        super().__init__(**base)
        self.input_dim = _check.integer("Embedding", "input_dim", input_dim)
        self.output_dim = _check.integer("Embedding", "output_dim", output_dim)
        if self.input_dim > 2**31 - 1:
            raise ValueError(f"Embedding: input_dim must be below 2**31; got {input_dim}")
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = _check.boolean("Embedding", "mask_zero", mask_zero)
        self._table: _core.Parameter | None = None
        if table is not None:
            self.build()
            self.set_weights(table if isinstance(table, list) else [table])

    @property
    def embeddings(self) -> Variable | None:
        """The live table, shape (input_dim, output_dim); None before the layer is built."""
        return self._live(self._table)

    def input_bound(self) -> int:
        """Return the vocabulary's size."""
        return self.input_dim

    def weights_fit(self, input_shape: Any) -> bool:  # noqa: ARG002
        """Return True: the table does not depend on the number of tokens."""
        return True

    def build(self, input_shape: Shape = ()) -> None:  # noqa: ARG002
        """Make the table."""
        shape = (self.input_dim, self.output_dim)
        self._table = self.add_weight(
            "embeddings",
            shape,
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def forget(self) -> None:
        """Undo building."""
        super().forget()
        self._table = None

    def call_rows(self, x: Any) -> Any:
        """Return the look-up; ids computed by the graph are checked where they are used."""
        table = given(self._table)
        if _calculated(x):
            return record("take", table, x, 0)
        return record("embedding", x, table)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:  # noqa: ARG002
        """Return where tokens are not 0 if ``mask_zero``."""
        if not self.mask_zero:
            return None
        with inputs.recording.within(f"{self.name}/mask"):
            return inputs != 0.0 if _calculated(inputs) else record("token_mask", inputs)


def _calculated(x: Tensor) -> bool:
    graph = x.recording.graph
    return bool(graph.origin(x.value)) or graph.whole(x.value)

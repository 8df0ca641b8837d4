"""Codes of categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, ops
from lamina._arrays import is_array, ndim_of
from lamina._tensors.arguments import mapped
from lamina._tensors.given import given
from lamina.layers.base.node import any_symbolic
from lamina.layers.base.shapes import show_shapes
from lamina.layers.preprocessing._codes import Coding

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["CategoryEncoding"]

MODES = ("multi_hot", "one_hot", "count")


class CategoryEncoding(Coding):
    """Turn integers below ``num_tokens`` into vectors of that length.

    Parameters
    ----------
    num_tokens : int
        The number of categories; integers outside [0, num_tokens) are ignored.
    output_mode : {"multi_hot", "one_hot", "count"}, default "multi_hot"
        multi_hot: 1 for every category that occurs along the last axis; count: the number of its
        occurrences; one_hot: a vector for each integer.
    sparse : bool, default False
        Must be False: outputs are dense.
    **base
        See ``Layer``.  With ``dtype="int32"`` or ``"int64"`` codes are int32 instead of floats.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> layer = lamina.layers.CategoryEncoding(4, output_mode="count")
    >>> layer(np.array([[0, 1], [3, 3]]))
    array([[1., 1., 0., 0.],
           [0., 0., 0., 2.]], dtype=float32)
    """

    if TYPE_CHECKING:
        # It takes more than one tensor.
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...  # noqa: D102

    def __init__(
        self,
        num_tokens: int,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        who = "CategoryEncoding"
        self.num_tokens = _check.integer(who, "num_tokens", num_tokens)
        self.output_mode = _check.choice(who, "output_mode", output_mode, MODES)
        self.sparse = _check.boolean(who, "sparse", sparse)
        if self.sparse:
            raise ValueError(f"{who}: sparse must be False: outputs are dense; got True")

    def _applied_to(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Apply the layer, to a single row or integer too."""
        call = super()._applied_to
        fewest = 1 if self.output_mode == "one_hot" else 2
        if args and _is_of_a_row(args[0]) and ndim_of(args[0]) < fewest:
            args, kwargs = mapped(args, _as_row), mapped(kwargs, _as_row)
            return call(args, kwargs)[0]
        return call(args, kwargs)

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """Return the vectors.

        Parameters
        ----------
        inputs : Tensor of shape (rows, ...)
            Of integers.
        count_weights : Tensor, optional
            Of the shape of the inputs: the amount that each adds to a count.  If ``dtype`` is an
            integer type, their fractions are dropped before they are added, as in Keras.
        """
        x = ops.cast(given(inputs), "int32")
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                f"{self.name}: count_weights are for output_mode 'count'; it is "
                f"{self.output_mode!r}"
            )
        if x.ndim < 2 and self.output_mode != "one_hot":
            raise ValueError(
                f"{self.name}: input has shape {show_shapes(x.shape[1:])}; needs (rows, integers)"
            )
        weights = None if count_weights is None else given(count_weights)
        return self._codes_of(x, self.output_mode, self.num_tokens, weights)


def _as_row(value: Any) -> Any:
    """Return a single number, or the numbers of a row, as an array of one row."""
    return np.reshape(value, (1, -1)) if _is_of_a_row(value) else None


def _is_of_a_row(value: Any) -> bool:
    return is_array(value) and not any_symbolic(value) and ndim_of(value) < 2

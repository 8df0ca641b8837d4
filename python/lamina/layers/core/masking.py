"""Masking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._tensors.given import current, given, record
from lamina.layers.base.any_type import as_floats, integers_in_own_type
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Masking"]


class Masking(RowWise):
    """Hide the steps whose features all equal ``mask_value``, so that later layers skip them.

    Parameters
    ----------
    mask_value : float, default 0.0
        The value of padding; compared after rounding to the layer's dtype.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError
        If a row of the input has no axis.

    Notes
    -----
    Shapes: x and y (rows, steps, ..., features), mask (rows, steps, ...).  ``y`` is 0 at hidden
    steps, and ``x`` elsewhere.

    If all steps of a row are hidden, a recurrent layer returns its initial state (zeros unless
    given), ``GlobalAveragePooling1D`` returns zeros, and the row does not contribute to a loss over
    steps.

    Examples
    --------
    >>> import lamina
    >>> x = [[[1.0, 0.0], [-1.0, -1.0]]]
    >>> lamina.layers.Masking(-1.0)(x)
    array([[[1., 0.],
            [0., 0.]]], dtype=float32)
    >>> lamina.layers.GlobalAveragePooling1D()(x, mask=[[True, False]])
    array([[1., 0.]], dtype=float32)
    """

    input_dtype = None
    changeable = ("mask_value",)

    def __init__(self, mask_value: float = 0.0, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.mask_value = _check.number("Masking", "mask_value", mask_value)

    def call_rows(self, x: Any) -> Any:
        """Return the input, with zeros at hidden steps."""
        if not x.row_shape:
            raise ValueError(f"{self.name}: input has shape (rows,); needs an axis of features")
        mask = self.compute_mask(x)
        return integers_in_own_type(lambda x: record("where", mask, x), x)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:  # noqa: ARG002
        """Return which steps have a feature that is not ``mask_value``."""
        if not given(inputs).rows:
            from lamina import ops

            return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)
        with current().within(f"{self.name}/mask"):
            return record("value_mask", as_floats(inputs), self.mask_value)

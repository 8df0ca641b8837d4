"""Where a model's rows come in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina import _check
from lamina.layers.layer import Layer


class InputLayer(Layer):
    """The shape of a model's rows, stated before there is data.

    Parameters
    ----------
    shape : tuple of int
        Shape of one row, without the axis of rows: ``(13,)``, ``(28, 28)``.
    dtype : {"float32", "float64"}, optional
        The model's if not given.
    name : str, optional

    Raises
    ------
    ValueError, TypeError
        A size that is not a positive integer.
    """

    def __init__(
        self,
        shape: int | Sequence[int],
        *,
        dtype: str | None = None,
        name: str | None = None,
        **base: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **base)
        self.shape = _check.shape("Input", "shape", shape)

    def compute_output_shape(self, input_shape: _check.Shape) -> _check.Shape:
        """Return the shape; a differing input is refused."""
        if tuple(input_shape) != self.shape:
            raise ValueError(
                f"{self.name}: input has shape {_check.show_shape(input_shape)}; "
                f"needs {_check.show_shape(self.shape)}"
            )
        return self.shape


def Input(  # noqa: N802
    shape: int | Sequence[int], *, dtype: str | None = None, name: str | None = None
) -> InputLayer:
    """Return the first entry of a model: the shape of one row.

    Parameters
    ----------
    shape : tuple of int
        Without the axis of rows.
    dtype : {"float32", "float64"}, optional
        The model's if not given.
    name : str, optional

    Examples
    --------
    >>> import lamina
    >>> model = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(3)])
    >>> model.count_params()
    15
    """
    return InputLayer(shape, dtype=dtype, name=name)

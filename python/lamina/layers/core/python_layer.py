"""A layer written in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._check import Array
from lamina._tensors import Tensor
from lamina._weak import method_of
from lamina.layers.base.rowwise import RowWise
from lamina.layers.base.use import current

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class PythonLayer(RowWise):
    """A layer without weights whose forward and backward passes are Python functions of arrays.

    Parameters
    ----------
    forward : callable
        ``forward(x)`` returns y; both arrays have the axis of rows first.
    backward : callable or None
        ``backward(dy, x)`` returns dx, the gradient of the loss with respect to x, given that with
        respect to y; or None to stop the gradient on purpose.  A layer without ``backward`` is for
        predictions: ``fit`` rejects it if a weight before it is trainable.
    output_shape : tuple of int, optional
        Shape of a row of y; by default that of x.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError, TypeError
        At run time, if a function returns a shape other than promised, or no numbers.

    Notes
    -----
    Both functions are called with copies, by one thread at a time.  ``pickle`` needs functions that
    are defined by name in a module.  ``get_config`` contains the functions themselves, so it cannot
    be written as JSON; that of a subclass whose ``__init__`` passes its own functions can, and
    ``from_config`` then needs the subclass in ``custom_objects``.

    Examples
    --------
    >>> import lamina
    >>> square = lamina.layers.PythonLayer(lambda x: x * x, lambda dy, x: 2 * x * dy)
    >>> square([[1.0, -3.0]])
    array([[1., 9.]], dtype=float32)
    """

    def __init__(
        self,
        forward: Callable[[Array], Any],
        backward: Callable[[Array, Array], Any] | None,
        output_shape: int | Sequence[int] | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        if not callable(forward):
            raise TypeError(f"PythonLayer: forward must be callable; got {forward!r}")
        if backward is not None and not callable(backward):
            raise TypeError(f"PythonLayer: backward must be callable or None; got {backward!r}")
        self.forward = forward
        self.backward = backward
        self.output_shape = (
            None
            if output_shape is None
            else _check.shape("PythonLayer", "output_shape", output_shape)
        )

    def call_rows(self, x: Any) -> Any:
        """Return the result of the two functions, of the promised shape or that of the input."""
        shape = x.row_shape if self.output_shape is None else self.output_shape
        backward = current(self, "backward", self.backward)
        if backward is self.backward is not None:
            backward = method_of(self, "backward")
        graph, forward = x.recording.graph, method_of(self, "forward")
        return Tensor(
            x.recording, graph.python([x.value], shape, forward, backward, name=self.name)
        )

"""A layer written in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._check import Array
from lamina._tensors import Tensor
from lamina._weak import method_of
from lamina.layers._use import current
from lamina.layers.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class PythonLayer(RowWise):
    """A layer without weights whose forward and backward are Python functions of arrays.

    Parameters
    ----------
    forward : callable
        ``forward(x)`` returns y; both arrays start with the axis of rows.
    backward : callable or None
        ``backward(dy, x)`` returns dx, the gradient of the loss by x from that by y, or None to
        stop it there on purpose.  A layer without a backward is for predictions: ``fit`` refuses
        it where a weight before it has to learn.
    output_shape : tuple of int, optional
        Shape of a row of y; that of x if not given.
    **base
        See ``Layer``.

    Raises
    ------
    ValueError, TypeError
        At run time, if a function returns another shape than promised or no numbers.

    Notes
    -----
    Both functions are called with copies, from one thread at a time.  ``pickle`` needs functions
    that a module defines by name.  ``get_config`` holds the functions themselves, so it is no JSON;
    that of a subclass whose ``__init__`` passes its own functions on is, and ``from_config`` is
    given the subclass in ``custom_objects``.

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
        """Return what the two functions make of it, of the promised shape or the input's."""
        shape = x.row_shape if self.output_shape is None else self.output_shape
        backward = current(self, "backward", self.backward)
        if backward is self.backward is not None:
            backward = method_of(self, "backward")
        graph, forward = x.recording.graph, method_of(self, "forward")
        return Tensor(
            x.recording, graph.python([x.value], shape, forward, backward, name=self.name)
        )

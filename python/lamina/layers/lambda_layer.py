"""A function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import ArrayLike, DimArguments, Unpack

__all__ = ["Lambda"]


class Lambda(Layer):
    """A function of tensors, written with ``lamina.ops``, as a layer without weights.

    Parameters
    ----------
    function : callable
        ``function(x)`` returns a tensor; one with parameters ``mask`` or ``training`` is given
        them.
    output_shape : ignored
        The shape is found by recording; accepted because Keras's callers pass it.
    mask : Tensor or callable, optional
        The outgoing mask, or ``mask(x, mask)`` that makes it of the input and its mask.  Without
        it none goes on, as in Keras.
    arguments : dict, optional
        Further keyword arguments of the function.
    **base
        See ``Layer``.

    Notes
    -----
    Weights that the function reads from outside are not the layer's: a class of your own that
    derives from ``Layer`` has its own.

    Examples
    --------
    >>> import lamina
    >>> from lamina import ops
    >>> lamina.layers.Lambda(lambda x: ops.square(x) + 1)([[1.0, 3.0]])
    array([[ 2., 10.]], dtype=float32)
    """

    takes_empty = True
    positionwise = True

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Sequence[int | None] | Callable[..., Any] | None = None,
        mask: ArrayLike | Callable[..., Any] | None = None,
        arguments: Mapping[str, Any] | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        if not callable(function):
            raise TypeError(f"Lambda: function must be callable; got {function!r}")
        self.function, self.output_shape, self.mask = function, output_shape, mask
        self.arguments = dict(arguments or {})
        self.supports_masking = mask is not None
        takes = _parameters(function)
        self.takes_mask, self.takes_training = "mask" in takes, "training" in takes  # type: ignore[misc]

    def call(self, x: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return what the function makes of the tensor."""
        given = dict(self.arguments)
        if self.takes_training:
            given["training"] = training
        if self.takes_mask:
            given["mask"] = mask
        return self.function(x, **given)

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        """Return what ``mask`` says."""
        return self.mask(x, mask) if callable(self.mask) else self.mask


def _parameters(function: Callable[..., Any]) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except ValueError:  # a function of C
        return set()

"""A function as a layer."""

from __future__ import annotations

import inspect
import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
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
        ``function(x)`` returns a tensor; if it has parameters ``mask`` or ``training``, they are
        passed to it.
    output_shape : ignored
        The shape is found by recording; accepted for compatibility with Keras.
    mask : Tensor or callable, optional
        The outgoing mask, or ``mask(x, mask)`` that computes it from the input and its mask.  By
        default no mask is passed on, as in Keras.
    arguments : dict, optional
        Further keyword arguments of the function.
    **base
        See ``Layer``.

    Notes
    -----
    Weights that the function reads from outside do not belong to the layer; for a function with
    weights derive a class from ``Layer``.

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

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the value of the function for the tensor."""
        given = dict(self.arguments)
        if self.takes_training:
            given["training"] = training
        if self.takes_mask:
            given["mask"] = mask
        return self.function(inputs, **given)

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes; errors of pickling functions name the layer."""
        state = super().__getstate__()
        for what in ("function", "mask"):
            if callable(state[what]):
                state[what] = _Kept(self.name, what, state[what])
        return state

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        """Return the mask given by ``mask``."""
        return self.mask(x, mask) if callable(self.mask) else self.mask


class _Kept:
    """A function in the state of a layer: copied as it is, pickled by its name."""

    def __init__(self, who: str, what: str, function: Callable[..., Any]) -> None:
        self._who, self._what, self._function = who, what, function

    def __deepcopy__(self, memo: Any) -> Callable[..., Any]:
        """Return the function."""
        return self._function

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the function, if it can be found again when unpickling."""
        try:
            pickle.dumps(self._function)
        except Exception:
            if _by_value():
                return _itself, (self._function,)
            raise pickle.PicklingError(
                f"{self._who}: its {self._what}, {_shown(self._function)}, cannot be pickled, as "
                f"pickles name functions by the module that defines them; write it with def at "
                f"the top of a module, or save the model, model.save('m.lamina'), and load it with "
                f"custom_objects={{{self._who!r}: the_function}}"
            ) from None
        return _itself, (self._function,)


def _by_value() -> bool:
    """Return whether the pickler in use stores the code of functions."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if {"cloudpickle", "dill"} & set(str(frame.f_globals.get("__name__")).split(".")):
            return True
        frame = frame.f_back
    return False


def _itself(value: Any) -> Any:
    return value


def _shown(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__qualname__", function))


def _parameters(function: Callable[..., Any]) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except ValueError:  # a function written in C
        return set()

"""Functions of tensors as activations."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from lamina._calls import answering_calls
from lamina._check import cast, numeric
from lamina._tensors import Recording, Tensor, dispatch, written
from lamina._tensors.given import each_row, given
from lamina.activations.base import Activation


class Function(Activation):
    """A function of a tensor, written with ``lamina.ops``, as an activation.

    Functions passed to layers are converted to this class.

    Parameters
    ----------
    function : callable or str
        Takes a tensor and returns one with the same shape, or the name of one in ``lamina.ops``.

    Examples
    --------
    >>> from lamina import activations, ops
    >>> activations.Function(lambda x: ops.tanh(x) / 2)([0.0, 20.0])
    array([0. , 0.5])
    """

    name = "function"

    def __init__(self, function: Callable[[Any], Any] | str) -> None:
        if not callable(function) and not isinstance(function, str):
            raise TypeError(f"activation: function must be callable; got {function!r}")
        self.function = function
        own = function if isinstance(function, str) else _name_of(function)
        object.__setattr__(self, "name", own)

    @property
    def fusable(self) -> None:
        """None: it is recorded separately."""
        return

    def record(self, graph: Any, x: Any, name: str = "") -> Any:
        """Record the function and return its output tensor, of the input's shape."""
        recording = Recording.of(graph)
        now = recording if Recording.current() is not recording else nullcontext()
        who = name or self.name
        with now, recording.within(who):
            tensor = Tensor(recording, x)
            y = given(written.run(who, self._found(), [tensor], {}), "float")
            return (each_row(y) if tensor.rows else y).value

    def _found(self) -> Callable[..., Any]:
        if isinstance(self.function, str):
            from lamina import ops

            if self.function not in dir(ops):
                raise ValueError(f"activation: lamina.ops has no {self.function!r}")
            return getattr(ops, self.function)  # type: ignore[no-any-return]
        return self.function

    @answering_calls
    def __call__(self, x: Any, *settings: Any, **named: Any) -> Any:
        """Apply the function to an array or a tensor."""
        if dispatch.on_tensors(x):
            return self._found()(x, *settings, **named)
        array = numeric(self.name, "x", x)
        array = cast(array, "float32" if array.dtype == np.float32 else "float64")
        return dispatch.at_once(
            lambda v: given(self._found()(given(v), *settings, **named)), (array,), {}
        )


class _Doc:
    """The docstring of the class, and of an instance for a name that of the operation."""

    def __init__(self, of_class: str | None) -> None:
        self.of_class = of_class

    def __get__(self, instance: Function | None, owner: type) -> str | None:
        if instance is None or not isinstance(instance.__dict__.get("function"), str):
            return self.of_class
        from lamina import ops  # not imported by `import lamina`

        doc: str | None = getattr(ops, instance.function, None).__doc__  # type: ignore[arg-type]
        return doc


Function.__doc__ = _Doc(Function.__doc__)  # type: ignore[assignment]


def _name_of(function: Any) -> str:
    inner = getattr(function, "func", function)  # for partial functions
    name = getattr(inner, "__name__", None) or getattr(inner, "name", type(inner).__name__)
    return "function" if name == "<lambda>" else str(name)

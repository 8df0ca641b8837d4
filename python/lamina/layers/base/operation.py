"""A call of an operation on symbolic tensors, as a layer of a model."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from lamina._names import give_back, next_name
from lamina._tensors.arguments import Arguments
from lamina.layers.core.lambda_layer import Lambda
from lamina.layers.layer import Layer

OPERATIONS = ("losses", "metrics", "ops", "random")  # the subpackages of operations


class Operation(Layer):
    """A function of ``lamina.ops``, applied to the outputs of earlier layers.

    ``ops.exp(x)``, ``x + 1`` or ``x[:, 1:]`` on a symbolic tensor makes one.

    Parameters
    ----------
    function : str
        The name in ``lamina.ops``, or with its subpackage in front, "random.normal".
    name : str, optional
    """

    is_operation = True
    positionwise = True

    takes_empty = True

    def __init__(self, function: str, *, name: str | None = None, **base: Any) -> None:
        super().__init__(name=name or next_name(_named(function)), **base)
        self.named = name is not None
        self.function = function
        self._operation = _found(function)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Record the operation."""
        return self._operation(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes except the function, which is found again by its name."""
        state = super().__getstate__()
        del state["_operation"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the attributes, and find the function."""
        super().__setstate__(state)
        self._operation = _found(self.function)


def _named(function: str) -> str:
    return function.rpartition(".")[2].strip("_")


def _found(function: str) -> Callable[..., Any]:
    # The name may come from a file: nothing is imported for it, and only operations are found.
    room, _, name = function.rpartition(".")
    room = room or "ops"
    found: Any = None
    if room in OPERATIONS:
        found = getattr(importlib.import_module(f"lamina.{room}"), name, None)
    if not hasattr(found, "recorded"):
        raise ValueError(f"Operation: function must be one of lamina.ops; got {function!r}")
    return found  # type: ignore[no-any-return]


def calls_on_symbols(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return the symbolic results of a function of symbolic tensors: a layer records it."""
    taken = Arguments(args, kwargs, lambda value: bool(getattr(type(value), "symbolic", False)))

    def recorded(tensors: Any) -> Any:
        own_args, own_kwargs = taken.filled(tensors)
        return function(*own_args, **own_kwargs)

    layer = Lambda(recorded, name=function.__name__)
    layer.named = False  # the name need not be unique in a model
    return layer(taken.tensors)


def on_symbols(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return the symbolic results of an operation."""
    room = function.__module__.partition(".")[2].partition(".")[0]
    name = function.__name__
    layer = Operation(name if room == "ops" else f"{room}.{name}")
    try:
        return layer(*args, **kwargs)
    except BaseException:
        give_back(_named(name))
        raise

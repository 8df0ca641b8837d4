"""The parameters of a layer's ``call``, and the arguments of a call by name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lamina._answers import is_own

if TYPE_CHECKING:
    from lamina.layers.layer import Layer

# What the library and Keras call the first argument of a layer's call.
FIRST = ("x", "inputs", "sequences", "sequence", "data")
IN_CALLS = ("training", "mask")  # callers may pass them whether the layer takes them or not


def has_call(cls: type, base: type) -> bool:
    """Return whether a class is written with ``call`` and does not work row by row."""
    for each in cls.__mro__:
        if each is base:
            return False
        if callable(vars(each).get("call")):
            return True
        if "record" in vars(each):
            return False
    return False


def parameters_of(call: Any) -> set[str]:
    """Return the names of a function's parameters; ``inspect.signature`` would slow the import."""
    code = getattr(inspect.unwrap(getattr(call, "__func__", call)), "__code__", None)
    if code is None:
        return set(inspect.signature(call).parameters)
    return set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def default_of(call: Any, name: str) -> Any:
    """Return what a function's parameter is where a call does not give it; None if it has to."""
    function = inspect.unwrap(getattr(call, "__func__", call))
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    by_place, named = function.__defaults__ or (), function.__kwdefaults__ or {}
    last = code.co_varnames[code.co_argcount - len(by_place) : code.co_argcount]
    return {**dict(zip(last, by_place, strict=True)), **named}.get(name)


def takes_any_name(call: Any) -> bool:
    """Return whether a function takes arguments of any name, as ``**kwargs``."""
    code = getattr(inspect.unwrap(getattr(call, "__func__", call)), "__code__", None)
    return code is not None and bool(code.co_flags & inspect.CO_VARKEYWORDS)


def takes_first_by_any_name(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``call`` of the library's whose first argument may have any of its usual names."""

    @functools.wraps(method)
    def call(self: Layer, *args: Any, **kwargs: Any) -> Any:
        if not args:
            args, kwargs = first_by_place(method, kwargs)
        return method(self, *args, **kwargs)

    return call


def first_by_place(call: Any, kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call, the first by place if it has one of its usual names.

    The names of a user's ``call`` are left as they are.
    """
    name = next((name for name in FIRST if name in kwargs), None)
    if name is None or not is_own(call):
        return (), kwargs
    return (kwargs[name],), {key: value for key, value in kwargs.items() if key != name}


def first(x: Any, named: dict[str, Any]) -> Any:
    """Return x, or if it is None the argument that has another of its usual names."""
    name = next((name for name in FIRST if name in named), None)
    return named.pop(name) if x is None and name is not None else x


def by_name(
    layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return a call's arguments with ``training``, ``mask`` and all that follow passed by name."""
    signature = inspect.signature(layer.written)
    told = {n: v for n, v in kwargs.items() if n not in IN_CALLS or n in signature.parameters}
    try:
        signature.bind(*args, **told)
    except TypeError:
        _check_number(layer, signature, len(args))
        return args, kwargs  # the call itself raises the error
    taken = signature.parameters.values()
    names = [p.name for p in taken if p.kind is p.POSITIONAL_OR_KEYWORD][: len(args)]
    first = next((i for i, name in enumerate(names) if name in IN_CALLS), len(names))
    if first == len(names) or len(names) < len(args):  # nothing to move, or followed by *args
        return args, kwargs
    return args[:first], {**dict(zip(names[first:], args[first:], strict=True)), **kwargs}


def _check_number(layer: Layer, signature: inspect.Signature, given: int) -> None:
    """Raise if a call gets too many positional arguments: ``training`` is passed by name."""
    kinds = [p.kind for p in signature.parameters.values()]
    takes = sum(kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
                for kind in kinds)  # fmt: skip
    if given > takes and inspect.Parameter.VAR_POSITIONAL not in kinds:
        raise TypeError(
            f"{layer.name}: {layer.class_name}.call() takes {takes + 1} positional arguments but "
            f"{given + 1} were given"
        )

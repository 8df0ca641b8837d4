"""Classes of one's own by name, for configurations that are read: Keras's ``saving``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._settings import reading_with, registered

__all__ = [
    "custom_object_scope",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
]

T = TypeVar("T")


@answering_calls
def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """Return a decorator that lets configurations name a class or function of one's own.

    What is registered needs no ``custom_objects``.

    Parameters
    ----------
    package : str, default "Custom"
        The first part of the name that it is registered by, "package>name".
    name : str, optional
        By default the class's own.

    Examples
    --------
    >>> import lamina
    >>> @lamina.saving.register_keras_serializable()
    ... class Double(lamina.layers.Layer):
    ...     def call(self, x):
    ...         return 2 * x
    >>> config = lamina.layers.serialize(Double(name="twice"))
    >>> lamina.layers.deserialize(config).name
    'twice'
    """

    def register(thing: T) -> T:
        own = name or getattr(thing, "__name__", None)
        if not callable(thing) or own is None:
            raise ValueError(
                f"register_keras_serializable: needs a class or function; got {thing!r}"
            )
        registered[f"{package}>{own}"] = thing
        registered[own] = thing
        return thing

    return register


@answering_calls
def get_custom_objects() -> dict[str, Any]:
    """Return the registered classes and functions by name; changing the dict changes what is."""
    return registered


@answering_calls
def get_registered_name(obj: Any) -> str:
    """Return the name that a class or function is registered by, else its own."""
    names = [name for name, thing in registered.items() if thing is obj and ">" in name]
    return names[0] if names else str(getattr(obj, "__name__", obj))


@answering_calls
def get_registered_object(name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the class or function of a name, or None."""
    return {**registered, **(custom_objects or {})}.get(name)


@answering_calls
def custom_object_scope(custom_objects: Mapping[str, Any]) -> AbstractContextManager[Any]:
    """Let configurations that are read in a ``with`` block know these names."""
    return reading_with(custom_objects)


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

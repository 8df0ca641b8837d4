"""Custom classes and functions by name, for configurations and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from lamina._calls import answering_calls, checking_keywords
from lamina._settings import reading_with, registered

T = TypeVar("T")


@answering_calls
def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """Return a decorator that registers a custom class or function for configurations and files.

    Registered objects need not be given in ``custom_objects``.

    Parameters
    ----------
    package : str, default "Custom"
        The first part of the registered name, "package>name".
    name : str, optional
        By default the name of the class or function.

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
    """Return the registered classes and functions by name; changing the dict changes what is.

    Examples
    --------
    >>> from lamina import saving
    >>> @saving.register_keras_serializable("shop")
    ... def doubled(x):
    ...     return 2 * x
    ...
    >>> "shop>doubled" in saving.get_custom_objects()
    True
    """
    return registered


@answering_calls
def get_registered_name(obj: Any) -> str:
    """Return the name that a class or function is registered by, else its own.

    Examples
    --------
    >>> from lamina import saving
    >>> @saving.register_keras_serializable("shop")
    ... def doubled(x):
    ...     return 2 * x
    ...
    >>> saving.get_registered_name(doubled)
    'shop>doubled'
    """
    return registered_name(obj) or str(getattr(obj, "__name__", obj))


@answering_calls
def get_registered_object(name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the class or function of a name, or None.

    Examples
    --------
    >>> from lamina import saving
    >>> @saving.register_keras_serializable("shop")
    ... def doubled(x):
    ...     return 2 * x
    ...
    >>> saving.get_registered_object("shop>doubled") is doubled
    True
    >>> saving.get_registered_object("shop>halved") is None
    True
    """
    who = "get_registered_object"
    if not isinstance(name, str):
        raise TypeError(f"{who}: name must be a string; got {name!r:.80}")
    if not isinstance(custom_objects, (Mapping, type(None))):
        raise TypeError(f"{who}: custom_objects must be a dict; got {custom_objects!r:.80}")
    return {**registered, **(custom_objects or {})}.get(name)


class CustomObjectScope:
    """Make names known to configurations and files that are read in a ``with`` block.

    Parameters
    ----------
    custom_objects : mapping of str to class or function

    Examples
    --------
    >>> import lamina
    >>> class Double(lamina.layers.Layer):
    ...     def call(self, x):
    ...         return 2 * x
    >>> config = lamina.layers.serialize(Double(name="twice"))
    >>> with lamina.saving.CustomObjectScope({"Double": Double}):
    ...     lamina.layers.deserialize(config).name
    'twice'
    """

    @checking_keywords
    def __init__(self, custom_objects: Mapping[str, Any]) -> None:
        self._reading = reading_with(custom_objects)

    def __enter__(self) -> CustomObjectScope:
        """Add the names."""
        self._reading.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        """Remove the names again."""
        self._reading.__exit__(*error)


custom_object_scope = CustomObjectScope
register_serializable = register_keras_serializable


def registered_name(thing: Any) -> str | None:
    """Return the registered name, "package>name", of a class or function, or None."""
    return next((n for n, known in registered.items() if known is thing and ">" in n), None)

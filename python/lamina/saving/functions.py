"""Functions in files: only the names of library functions, or of functions given by the user."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Any

from lamina import _screen
from lamina._answers import is_own
from lamina._settings import custom

# The modules whose public functions may be named in a file; nothing else is searched.
ROOMS = (
    "ops", "activations", "losses", "metrics", "initializers", "regularizers", "constraints",
    "random",
)  # fmt: skip


def described(function: Any, holder: str) -> dict[str, Any]:
    """Return a function's name; with "lost" if the reader must be given the function.

    A function without a name is named after the layer that holds it.
    """
    from lamina.saving.registration import registered_name

    inner = function.func if isinstance(function, functools.partial) else function
    name = getattr(inner, "__name__", type(inner).__name__)
    known = registered_name(function)
    if known is not None:
        return {"class_name": "function", "config": known}
    if function is inner and is_own(function):
        for room in ROOMS:
            if getattr(importlib.import_module(f"lamina.{room}"), name, None) is function:
                return {"class_name": "function", "config": name, "room": room}
    if function is not inner or name == "<lambda>" or isinstance(function, type):
        name = name if isinstance(function, type) else holder
    return {"class_name": "function", "config": name, "of": holder, "lost": True}


def warn_of_lost(who: str, lost: Mapping[str, str]) -> None:
    """Warn about functions that must be given when the file is loaded."""
    if lost:
        names = ", ".join(f"{name!r}: ..." for name in lost)
        _screen.warn(
            f"{who}: files only contain the names of Python functions; load_model will need "
            f"custom_objects={{{names}}}"
        )


def found(config: Mapping[str, Any]) -> Any:
    """Return the function that ``described`` named; nothing is imported for it.

    Raises
    ------
    ValueError
        If it is not the library's, and neither registered nor in ``custom_objects``.
    """
    name, room = config.get("config"), config.get("room")
    if not isinstance(name, str):
        raise ValueError(f"the name of a function must be a string; got {name!r:.80}")
    if room is not None:
        return _public(room, name)
    for known in (name, config.get("of")):
        given = custom(known) if isinstance(known, str) else None
        if given is not None:
            return given
    raise ValueError(
        f"{config.get('of', 'the model')} holds the Python function {name!r}, and files only "
        f"contain the names of functions: pass custom_objects={{{name!r}: the_function}} to "
        f"load_model, or register the function with lamina.saving.register_serializable"
    )


def room_of(value: Mapping[str, Any]) -> str | None:
    """Return the room of a function in a file of Keras; None of one that has to be given.

    Keras stores its own functions and those of programs alike, and takes a name that it knows for
    its own; so does this, with a warning.  Files written by lamina tell the two apart.
    """
    name, module = value.get("config"), value.get("module")
    if module not in ("builtins", "keras.losses", "keras.metrics"):
        return None
    if not isinstance(name, str) or custom(name) is not None:
        return None
    for room in ("losses", "metrics"):
        try:
            _public(room, name)
        except ValueError:
            continue
        if value.get("registered_name") == "function":  # as Keras writes it
            _screen.warn(
                f"load_model: the file contains only the name of the function {name!r}, and "
                f"lamina.{room}.{name} was taken; if the model was compiled with another function "
                f"of that name, give it: custom_objects={{{name!r}: the_function}}"
            )
        return room
    return None


def _public(room: Any, name: str) -> Any:
    if room not in ROOMS:
        raise ValueError(f"functions must be in one of {', '.join(ROOMS)}; got {room!r:.80}")
    module = importlib.import_module(f"lamina.{room}")
    value = getattr(module, name, None) if name in module.__all__ or name in dir(module) else None
    if not callable(value) or isinstance(value, type) or name.startswith("_"):
        raise ValueError(f"lamina.{room} has no function {name!r:.80}")
    return value

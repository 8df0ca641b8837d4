"""The constructor arguments of public objects, as shown in their reprs."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable
from typing import Any

import numpy as np

LONGEST = 60  # maximum characters of an argument


def changed_arguments(thing: Any, left_out: Iterable[str] = ()) -> list[str]:
    """Return ``name=value`` for the constructor's arguments that differ from their defaults.

    They are read from the attributes of the same names; missing ones are omitted.
    """
    missing, texts = object(), []
    for parameter in inspect.signature(type(thing)).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        value = getattr(thing, parameter.name, missing)
        if parameter.name in left_out or value is missing:
            continue
        if parameter.default is parameter.empty or not _same(value, parameter.default):
            texts.append(f"{parameter.name}={_short(value)}")
    return texts


def _same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    if isinstance(value, np.ndarray):
        return False
    if isinstance(value, tuple) and isinstance(default, int):  # one number for all axes
        return all(v == default for v in value)
    if default is None:
        return value == "channels_last" or _is_named(value, default)
    if isinstance(default, str) and not isinstance(value, str):
        return _is_named(value, default)
    return type(value) is type(default) and bool(value == default)


def _is_named(value: Any, name: str | None) -> bool:
    """Return whether the ``get`` of a module makes an equal object from a default."""
    for room, base in (("activations", "Activation"), ("initializers", "Initializer")):
        module = importlib.import_module(f"lamina.{room}")
        if isinstance(value, getattr(module, base)):
            return bool(repr(module.get(name)) == repr(value))
    return False


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}"
    name = getattr(value, "name", type(value).__name__)
    if isinstance(name, str) and not isinstance(value, (str, type)) and _is_named(value, name):
        return repr(name)
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."

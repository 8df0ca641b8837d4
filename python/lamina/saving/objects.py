"""Objects of all modules as plain values, and back."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from lamina._calls import answering_calls
from lamina._names import unknown_class
from lamina._settings import custom, reading_with
from lamina.saving.plain import Writer, restored

# The modules in which classes are looked up, in this order, with the function that reads them.
_ROOMS = {
    "layers": "deserialize",
    "initializers": "get",
    "regularizers": "get",
    "constraints": "get",
    "activations": "get",
    "losses": "get",
    "metrics": "get",
    "optimizers": "get",
    "optimizers.schedules": "get",
}


@answering_calls
def serialize_keras_object(obj: Any) -> Any:
    """Return a value as JSON: layers, losses, functions, arrays and structures of them.

    Examples
    --------
    >>> import lamina
    >>> lamina.saving.serialize_keras_object(lamina.regularizers.L2(0.1))
    {'class_name': 'L2', 'config': {'l2': 0.1}, 'module': 'lamina.regularizers'}
    """
    made = Writer("serialize_keras_object", "values").plain(obj, "the value")
    if isinstance(made, dict) and "config" in made and hasattr(obj, "get_config"):
        made["module"] = _room_of(obj)
    return made


@answering_calls
def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, **_: Any
) -> Any:
    """Return the object that ``serialize_keras_object`` described.

    Parameters
    ----------
    config : dict, or another plain value
    custom_objects : mapping of str to class or function, optional
        Custom classes and functions by name.

    Raises
    ------
    ValueError
        If a class or function does not belong to the library and is neither given nor
        registered.

    Examples
    --------
    >>> import lamina
    >>> saving = lamina.saving
    >>> saving.deserialize_keras_object(saving.serialize_keras_object(lamina.layers.ReLU())).name
    're_lu'
    """
    with reading_with(custom_objects):
        return _made(restored(config))


def _made(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_made(each) for each in value)
    if not isinstance(value, Mapping):
        return value
    if not {"class_name", "config"} <= value.keys():
        return {key: _made(each) for key, each in value.items()}
    name, config = str(value["class_name"]), value["config"]
    own = custom(str(value.get("registered_name") or name)) or custom(name)
    if own is not None:
        return own.from_config(config) if hasattr(own, "from_config") else own
    if name in ("Functional", "Sequential", "Model"):
        from lamina.models import Model

        return Model.from_config(config)
    known = []
    first = str(value.get("module")).removeprefix("lamina.")
    for room, reader in sorted(_ROOMS.items(), key=lambda pair: pair[0] != first):
        module = importlib.import_module(f"lamina.{room}")
        if isinstance(getattr(module, name, None), type):
            return getattr(module, reader)({"class_name": name, "config": config})
        known += [each for each in module.__all__ if isinstance(getattr(module, each, None), type)]
    raise ValueError(f"deserialize_keras_object: {unknown_class('class', name, known)}")


def _room_of(obj: Any) -> str:
    """Return the public module that contains a class."""
    parts = type(obj).__module__.split(".")
    return ".".join(parts[:2]) if parts[0] == "lamina" else type(obj).__module__

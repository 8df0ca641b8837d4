"""Layers as plain values and back."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from lamina._calls import answering_calls
from lamina._names import unknown_class
from lamina._settings import reading_with
from lamina.layers.layer import Layer

# Subpackages with further layers, imported when a configuration names one of their layers.
_ELSEWHERE = {"ONNXGraph": "lamina.onnx.reading.layer"}

# Models as layers: class name to a function of the configuration.
_MODELS: dict[str, Callable[[Mapping[str, Any]], Layer]] = {}


def register(name: str, restore: Callable[[Mapping[str, Any]], Layer]) -> None:
    """Let ``deserialize`` restore a model of this class as a layer."""
    _MODELS[name] = restore


@answering_calls
def serialize(layer: Layer) -> dict[str, Any]:
    """Return ``{"class_name": ..., "config": ...}`` of a layer, without its weights."""
    return {"class_name": layer.class_name, "config": layer.get_config()}


@answering_calls
def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, type] | None = None
) -> Layer:
    """Return the layer that ``serialize`` described.

    A layer that holds others calls this for them in its ``from_config``: the names given to the
    outermost call are also known there and need not be passed on.

    Parameters
    ----------
    config : mapping
        What ``serialize`` returned.
    custom_objects : mapping of str to type, optional
        User-defined classes by name: layers, and objects given to layers, such as initializers.

    Raises
    ------
    ValueError
        If a name is unknown (the nearest one is suggested).
    TypeError
        If ``config`` is not a configuration, or a name in ``custom_objects`` is not a layer class.

    Examples
    --------
    >>> from lamina.layers import Dense, deserialize, serialize
    >>> deserialize(serialize(Dense(3, activation="relu"))).units
    3
    """
    if not isinstance(config, Mapping) or "class_name" not in config:
        raise TypeError(f"deserialize: needs a mapping with 'class_name'; got {config!r}")
    name, settings = str(config["class_name"]), config.get("config", {})
    with reading_with(custom_objects) as custom:
        if name in custom:
            cls = custom[name]
            if getattr(cls, "calls", False) and hasattr(cls, "as_layer"):  # a model with `call`
                return cls.from_config(dict(settings)).as_layer()  # type: ignore[no-any-return]
            if not _is_layer_class(cls):
                raise TypeError(
                    f"deserialize: custom_objects[{name!r}] must be a layer class; got {cls!r}"
                )
        elif name in _MODELS:
            return _MODELS[name](settings)
        elif name in _ELSEWHERE:
            cls = getattr(importlib.import_module(_ELSEWHERE[name]), name)
        else:
            known = {**_library(), **custom}
            if name not in known:
                raise ValueError(unknown_class("layer", name, known))
            cls = known[name]
        return cls.from_config(dict(settings))  # type: ignore[no-any-return]


def _library() -> dict[str, type[Layer]]:
    from lamina import layers
    from lamina.layers.base.operation import Operation

    names = {*vars(layers), *layers.__all__}
    public = {name: getattr(layers, name) for name in sorted(names)}
    public = {name: cls for name, cls in public.items() if _is_layer_class(cls)}
    return {**public, "Operation": Operation}


def _is_layer_class(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Layer)

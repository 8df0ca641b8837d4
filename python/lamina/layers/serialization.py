"""Layers as plain values and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lamina._names import lookup
from lamina.layers.layer import Layer

# Models within models: class name to a function of (config, custom_objects).
_MODELS: dict[str, Callable[[Mapping[str, Any], Any], Layer]] = {}


def register(name: str, restore: Callable[[Mapping[str, Any], Any], Layer]) -> None:
    """Let ``deserialize`` restore a model of that class as a layer."""
    _MODELS[name] = restore


def serialize(layer: Layer) -> dict[str, Any]:
    """Return ``{"class_name": ..., "config": ...}`` of a layer, without its weights."""
    name = getattr(layer, "class_name", type(layer).__name__)
    return {"class_name": name, "config": layer.get_config()}


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None
) -> Layer:
    """Return the layer that ``serialize`` described.

    Parameters
    ----------
    config : mapping
        What ``serialize`` returned.
    custom_objects : mapping of str to type, optional
        Classes of your own by name.

    Examples
    --------
    >>> from lamina.layers import Dense, deserialize, serialize
    >>> deserialize(serialize(Dense(3, activation="relu"))).units
    3
    """
    from lamina import layers

    table: dict[str, type[Layer]] = {
        name: cls
        for name, cls in vars(layers).items()
        if isinstance(cls, type) and issubclass(cls, Layer)
    }
    table.update(custom_objects or {})
    if not isinstance(config, Mapping) or "class_name" not in config:
        raise TypeError(f"deserialize: needs a mapping with 'class_name'; got {config!r}")
    if config["class_name"] in _MODELS:
        return _MODELS[config["class_name"]](config.get("config", {}), custom_objects)
    cls = lookup("layer", str(config["class_name"]), table)
    return cls.from_config(dict(config.get("config", {})))

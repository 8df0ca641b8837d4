"""Layers as plain values and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina._names import lookup
from lamina.layers.layer import Layer


def serialize(layer: Layer) -> dict[str, Any]:
    """Return ``{"class_name": ..., "config": ...}`` of a layer, without its weights."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


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
    cls = lookup("layer", str(config["class_name"]), table)
    return cls.from_config(dict(config.get("config", {})))

"""New models with the layers of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina._answers import is_own
from lamina._settings import class_name, reading_with
from lamina.layers import Layer


def cloned(model: Any, clone_function: Callable[[Any], Any] | None) -> Any:
    """Return a new model; custom classes need not be registered."""
    from lamina.models import Functional, Model, Sequential
    from lamina.models.architecture.functional_config import from_config

    if not isinstance(model, Model):
        raise TypeError(f"clone_model: needs a model; got {type(model).__name__}")
    if clone_function is not None and not callable(clone_function):
        raise TypeError(f"clone_model: clone_function must be callable; got {clone_function!r}")
    config = {**model.get_config()}
    if "seed" in config:
        config["seed"] = None  # a different model has different initial weights
    with reading_with(_own_classes(model)):
        if clone_function is None:
            return type(model).from_config(config)
        made = {layer.name: _made(clone_function, layer) for layer in model.parts}
        if isinstance(model, Functional):
            inputs, outputs = from_config(config, None, lambda entry: made[entry["name"]])
            return Functional(inputs, outputs, name=model.name, dtype=model.dtype_policy)
        if not isinstance(model, Sequential):
            raise ValueError(
                f"clone_model: a clone_function is for a Sequential or a graph of layers; got "
                f"{type(model).__name__}, a class with call"
            )
        clone = type(model).from_config({**config, "layers": []})
        for layer in model.parts:
            clone.add(made[layer.name])
        return clone


def _made(clone_function: Callable[[Any], Any], layer: Layer) -> Layer:
    found = clone_function(layer)
    if hasattr(found, "as_layer"):
        found = found.as_layer()
    if not isinstance(found, Layer):
        raise TypeError(
            f"clone_model: clone_function must return a layer; for {layer.name!r} it returned "
            f"{found!r}"
        )
    return found


def _own_classes(model: Any) -> dict[str, Any]:
    """Return the custom classes of layers, and of objects in their configurations, by name."""
    every = (each for layer in model.parts for each in layer.walk())
    held = [
        type(thing)
        for layer in every
        for thing in (layer, getattr(layer, "model", None), *vars(layer).values())
        if hasattr(thing, "get_config") and not isinstance(thing, type)
    ]
    return {class_name(cls): cls for cls in held if not is_own(cls)}

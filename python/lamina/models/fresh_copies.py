"""Models with the layers and settings of others, that have not been trained."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from lamina import optimizers
from lamina.models.model import Model
from lamina.saving.json_text import clone_model


def untrained_copy(model: Model) -> Model:
    """Return a model with the same layers and compile settings, and new weights.

    Layers that do not train keep their values: frozen layers their weights, normalisations their
    statistics.
    """
    found: Model = clone_model(model)
    if model.built and any(frozen_layers(model)):
        found.build_from_config(model.get_build_config())
        for theirs, ours in zip(frozen_layers(model), frozen_layers(found), strict=True):
            ours.set_weights(theirs.get_weights())
    settings = model.compile_settings()
    if settings:
        found.compile(**fresh(settings))
    return found


def frozen_layers(model: Any) -> list[Any]:
    """Return the layers with weights that are not trained, including those within other models."""
    found = []
    for layer in model.layers:
        if not layer.trainable and layer.weights:
            found.append(layer)
        elif isinstance(layer, Model):
            found += frozen_layers(layer)
    return found


def fresh(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return compile settings with an optimizer that has taken no step, and their own metrics."""
    found = {k: v if k == "optimizer" else copy.deepcopy(v) for k, v in settings.items()}
    found["optimizer"] = unused(settings["optimizer"])
    return found


def unused(optimizer: Any, **changes: Any) -> Any:
    """Return an optimizer with the same or changed settings that has taken no step."""
    if isinstance(optimizer, type):
        return optimizer(**changes)
    if isinstance(optimizer, str) and not changes:
        return optimizer
    found = optimizers.get(optimizer)
    return type(found).from_config({**found.get_config(), **changes})

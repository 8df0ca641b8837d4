"""Copies of models with another dtype: for derivatives that need full precision."""

from __future__ import annotations

import copy
from typing import Any

from lamina._policies import TYPES


def copy_with_dtype(who: str, model: Any, dtype: str = "float64") -> Any:
    """Return a compiled copy of a compiled model with the same weights, in ``dtype`` if possible.

    A model that cannot be rebuilt from its configuration keeps its dtype.  The copy has the same
    losses, and default settings of optimizer and metrics.
    """
    from lamina.models import Functional, Model, Sequential

    if not isinstance(model, Model):
        raise TypeError(f"{who}: model must be a compiled model; got {model!r:.80}")
    model.compilation(who)
    same = model.dtype == dtype
    if same or type(model) not in (Sequential, Functional):
        other = copy.deepcopy(model)
        other.dtype_policy = model.dtype  # full precision
    else:
        config = _without_policies(model.get_config())
        other = type(model).from_config({**config, "dtype": dtype})
        if model.weights:
            other.build_from_config(model.get_build_config())
            other.set_weights(model.get_weights())
    asked = model.compile_settings()
    other.compile("sgd", loss=asked["loss"], loss_weights=asked["loss_weights"])
    return other


def _without_policies(config: Any) -> Any:
    """Return a configuration whose layers do not specify their floating-point types."""
    if isinstance(config, list):
        return [_without_policies(each) for each in config]
    if not isinstance(config, dict):
        return config
    told = config.get("dtype")
    floats = "trainable" in config and isinstance(told, str) and told in TYPES  # of a layer
    return {k: _without_policies(v) for k, v in config.items() if k != "dtype" or not floats}

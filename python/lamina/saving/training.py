"""The progress of training, as plain values and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._check import Array
from lamina.saving import plain
from lamina.saving.weights import named

if TYPE_CHECKING:
    from lamina.models import Model

# Numbers of steps and epochs, and the state of the random numbers.
COUNTS = ("step", "epoch", "draw")


def described(who: str, model: Model, tensors: dict[str, Array]) -> Any:
    """Return the training state of a model, with arrays in ``tensors``."""
    state = model.train_state.get(named(model))
    counts = {name: np.array(state[name], np.int64) for name in COUNTS if name in state}
    return plain.Writer(who, "training", tensors, lists=True).plain({**state, **counts}, "state")


def restored(told: Mapping[str, Any], tensors: Mapping[str, Array]) -> dict[str, Any]:
    """Return the training state in a file."""
    state: dict[str, Any] = plain.restored(told, tensors)
    counts = {name: state[name] for name in COUNTS if isinstance(state.get(name), np.ndarray)}
    for name, count in counts.items():
        if count.shape != () or count.dtype != np.int64:
            raise ValueError(f"{name} must be one int64; got {count.dtype} of shape {count.shape}")
    return {**state, **{name: int(count) for name, count in counts.items()}}


def put_back(model: Any, told: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Let a model that was made from a file continue the training of the saved one."""
    model.train_state.set(restored(told, tensors), named(model))

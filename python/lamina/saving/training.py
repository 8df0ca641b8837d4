"""How far training is, as plain values and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lamina._check import Array
from lamina.saving import plain
from lamina.saving.weights import named

if TYPE_CHECKING:
    from lamina.models import Model


def described(who: str, model: Model, tensors: dict[str, Array]) -> Any:
    """Return the training state of a model, its arrays among ``tensors``."""
    state = model.train_state.get(named(model))
    return plain.Writer(who, "training", tensors).plain(state, "state")


def put_back(model: Any, told: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Let a model that was made of a file go on where the other stood."""
    model.train_state.set(plain.restored(told, tensors), named(model))

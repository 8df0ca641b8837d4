"""The settings of ``compile`` as plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lamina import losses, metrics, optimizers
from lamina._check import Array
from lamina._tensors.arguments import mapped
from lamina.saving import plain

if TYPE_CHECKING:
    from lamina.models import Model

_ARGUMENTS = ("optimizer", "loss", "metrics", "weighted_metrics", "loss_weights")
_GETTERS: Mapping[str, Callable[[Any], Any]] = {
    "optimizer": optimizers.get,
    "loss": losses.get,
    "metrics": metrics.get,
    "weighted_metrics": metrics.get,
}


def described(
    who: str, model: Model, tensors: dict[str, Array] | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the arguments of ``compile``, and the functions that are not saved."""
    writer = plain.Writer(who, "compile", tensors)
    told = {name: writer.plain(value, name) for name, value in model.compile_settings().items()}
    return told, writer.lost


def put_back(model: Any, told: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Compile a model that was made from a file."""
    model.compile(*arguments({name: told.get(name) for name in _ARGUMENTS}, tensors).values())


def arguments(
    told: Mapping[str, Any], tensors: Mapping[str, Array] | None = None
) -> dict[str, Any]:
    """Return the arguments of ``compile``, with new objects, that ``described`` made plain."""
    found = {name: plain.restored(value, tensors) for name, value in told.items()}
    return {
        name: made_objects(value, _GETTERS[name]) if name in _GETTERS else value
        for name, value in found.items()
    }


def made_objects(value: Any, get: Callable[[Any], Any]) -> Any:
    """Return a structure in which ``get`` has created objects from configurations."""

    def object_of(value: Any) -> Any:
        is_config = isinstance(value, Mapping) and {"class_name", "config"} == value.keys()
        return get(value) if is_config else None

    return mapped(value, object_of)

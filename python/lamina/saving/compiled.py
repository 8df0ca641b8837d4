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

_ARGUMENTS = ("loss", "metrics", "weighted_metrics", "loss_weights")


def described(
    who: str, model: Model, tensors: dict[str, Array] | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the arguments of ``compile``, and the functions that are not saved."""
    writer = plain.Writer(who, "compile", tensors)
    told = {name: writer.plain(value, name) for name, value in model.get_compile_config().items()}
    return told, writer.lost


def put_back(model: Any, told: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Compile a model that was made from a file."""
    found = {name: plain.restored(told.get(name), tensors) for name in ("optimizer", *_ARGUMENTS)}
    model.compile(
        optimizers.get(found["optimizer"]),
        made_objects(found["loss"], losses.get),
        made_objects(found["metrics"], metrics.get),
        made_objects(found["weighted_metrics"], metrics.get),
        found["loss_weights"],
    )


def made_objects(value: Any, get: Callable[[Any], Any]) -> Any:
    """Return a structure in which ``get`` has created objects from configurations."""

    def object_of(value: Any) -> Any:
        is_config = isinstance(value, Mapping) and {"class_name", "config"} == value.keys()
        return get(value) if is_config else None

    return mapped(value, object_of)

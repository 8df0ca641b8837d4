"""The architecture of a model as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._check import Array
from lamina._room import at_most
from lamina._settings import class_name, custom
from lamina.saving import plain

if TYPE_CHECKING:
    from lamina.models import Model

SLACK = 64 << 20  # bytes that a model may take while loading, beyond twice the file's arrays


def described(
    who: str, model: Model, tensors: dict[str, Array] | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return class, configuration, seed and shapes, and the functions that are not saved."""
    writer = plain.Writer(who, "config", tensors)
    told: dict[str, Any] = {
        "class_name": class_name(type(model)),
        "config": writer.plain(model.get_config(), model.name),
        "seed": str(model.seed),
    }
    if model.built:
        told["build"] = writer.plain(model.get_build_config(), model.name)
    return told, writer.lost


def restored(told: Mapping[str, Any], tensors: Mapping[str, Array] | None) -> Any:
    """Return a new model, built if the other was.

    With ``tensors``, those of its file, it may not have many more weights than these.
    """
    from lamina.models import Functional, Sequential

    name, config = told["class_name"], plain.restored(told["config"], tensors)
    build = plain.restored(told.get("build"), tensors)
    seed = _check.integer("load_model", "seed", int(told["seed"]), 0)
    if not isinstance(name, str) or not isinstance(config, dict):
        raise ValueError("a model has a class_name and a config")
    own = custom(name)
    library = {"Functional": Functional, "Sequential": Sequential}
    if own is None and name not in library:
        raise ValueError(
            f"the model is of the class {name!r}, and files only contain the names of classes: "
            f"pass custom_objects={{{name!r}: the_class}} to load_model, or register the class "
            f"with lamina.saving.register_serializable"
        )
    cls = library[name] if own is None else own
    if not hasattr(cls, "from_config"):
        raise TypeError(f"custom_objects[{name!r}] must be a class of models; got {cls!r}")
    room = None if tensors is None else 2 * sum(a.nbytes for a in tensors.values()) + SLACK
    with at_most(room):
        model = cls.from_config(config)
        model.take_seed(seed)
        if build is not None:
            model.build_from_config(build)
    return model

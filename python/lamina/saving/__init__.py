"""Saving and loading models, and registering custom classes: Keras's ``saving``.

``model.save("model.lamina")`` writes one file, and ``load_model`` reads it: layers, weights, what
``compile`` was given and the training state.  The file is in the safetensors format: arrays, and a
JSON document in its metadata, with a SHA-256 of all bytes.  Loading never runs code from the file,
imports nothing that it names, and follows no path in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.saving.registration import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    register_serializable,
)

if TYPE_CHECKING:
    from lamina.saving.files import load_model, load_weights, save_model, save_weights
    from lamina.saving.objects import deserialize_keras_object, serialize_keras_object

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "register_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(
        __name__,
        {
            **{
                name: f"lamina.saving.files:{name}"
                for name in ("load_model", "load_weights", "save_model", "save_weights")
            },
            **{
                name: f"lamina.saving.objects:{name}"
                for name in ("deserialize_keras_object", "serialize_keras_object")
            },
        },
    )

"""Models and weights in the files that Keras 3 writes: ``.keras`` and ``.weights.h5``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import losses, metrics, optimizers
from lamina._room import at_most
from lamina.saving import keras_config, keras_weights
from lamina.saving.architecture import SLACK
from lamina.saving.compiled import _made as made_objects
from lamina.saving.hdf5 import arrays_of
from lamina.saving.keras_archive import Archive, is_archive
from lamina.saving.own import problems_of

if TYPE_CHECKING:
    from lamina.models import Model


def load_model(path: str, compile: bool) -> Any:  # noqa: A002
    """Return the model of a ``.keras`` file; its optimizer begins anew."""
    if not is_archive(path):
        raise ValueError(
            f"{path}: is an HDF5 file; of these, weights alone are read: make the model, and give "
            f"it model.load_weights({path!r})"
        )
    with problems_of(path), np.errstate(all="ignore"):
        archive = Archive.read(path)
        arrays = arrays_of("load_model", archive.weights)
        room = 2 * sum(a.nbytes for held in arrays.values() for a in held) + SLACK
        with at_most(room):
            model, orders = keras_config.model_of(archive.config)
            if model.built or model.input_row_shapes is not None:
                keras_weights.put_back(model, arrays, orders)
        told = archive.config.get("compile_config")
        if compile and isinstance(told, Mapping) and told.get("optimizer") is not None:
            _compile(model, keras_config.plain(told))
    return model


def load_weights(model: Model, path: str, by_name: bool, skip_mismatch: bool) -> None:
    """Take the weights of a ``.weights.h5`` file, or of a ``.keras`` file."""
    if by_name:
        raise ValueError("load_weights: by_name takes files of lamina's; Keras's have no paths")
    with problems_of(path):
        if is_archive(path):
            data = Archive.read(path).weights
        else:
            with open(path, "rb") as file:
                data = file.read()
        keras_weights.take(model, arrays_of("load_weights", data), skip_mismatch)


def _compile(model: Any, told: Mapping[str, Any]) -> None:
    model.compile(
        optimizers.get(told["optimizer"]),
        made_objects(told.get("loss"), losses.get),
        made_objects(told.get("metrics"), metrics.get),
        made_objects(told.get("weighted_metrics"), metrics.get),
        told.get("loss_weights"),
    )

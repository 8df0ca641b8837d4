"""Models and weights in Keras's files: ``.keras``, ``.weights.h5``, and the old ``.h5``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _screen, losses, metrics, optimizers
from lamina._check import Array
from lamina._room import at_most
from lamina.saving import (
    formats,
    keras_archive,
    keras_config,
    keras_described,
    keras_graph,
    keras_hdf5,
    keras_legacy,
    keras_models,
    keras_optimizer,
    keras_places,
    keras_weights,
)
from lamina.saving.architecture import SLACK
from lamina.saving.atomic import write_whole
from lamina.saving.compiled import made_objects
from lamina.saving.functions import warn_of_lost
from lamina.saving.hdf5 import arrays_of, written
from lamina.saving.keras_archive import Archive, is_archive
from lamina.saving.own import problems_of

if TYPE_CHECKING:
    from lamina.models import Model


def load_model(path: str, compile: bool) -> Any:  # noqa: A002
    """Return the model in a ``.keras`` file, or in one of Keras's old HDF5 files."""
    with problems_of(path), np.errstate(all="ignore"):
        if is_archive(path):
            archive = Archive.read(path)
            arrays = arrays_of("load_model", archive.weights)
            told = archive.config.get("compile_config")
            state: Sequence[Array] = arrays.get("optimizer", ())
            with at_most(_room(arrays)):
                model, reading = keras_graph.model_of(archive.config, archive.vocabularies)
                if model.built or model.input_row_shapes is not None:
                    keras_weights.put_back(model, arrays, reading.orders)
        else:
            model, told, state, reading = _old_model(path)
        if compile and isinstance(told, Mapping) and told.get("optimizer") is not None:
            _compile(model, keras_config.plain(told))
            if model.built and state and not keras_optimizer.take(model, state):
                _screen.warn(
                    f"load_model: {path}: the state of the optimizer was not restored: the file's "
                    f"state does not match that of {type(model.optimizer).__name__}; training "
                    f"starts with a new optimizer state"
                )
    if reading.unbuilt:
        _screen.warn(
            f"load_model: {', '.join(reading.unbuilt)}: the file lacks their input shapes; "
            f"call the model on data, and load the weights by load_weights({path!r})"
        )
    return model


def _old_model(path: str) -> tuple[Any, Any, Sequence[Array], Any]:
    data = _bytes(path)
    content = None
    if keras_hdf5.is_of_layers("load_model", data):
        content = keras_hdf5.read(path, "load_model", data)
    if content is None or content.config is None:
        raise ValueError(
            f"holds only weights; create the model and call model.load_weights({path!r})"
        )
    with at_most(_room(content.layers)):
        model, reading = keras_graph.model_of(keras_legacy.modern(content.config))
        if model.built or model.input_row_shapes is not None:
            model.ensure_built(model.input_row_shapes)
            keras_weights.put(model, keras_hdf5.pairs(model, content.layers, False, False))
    told = content.training and keras_legacy.compile_config(content.training)
    # The state of the optimizers of Keras 2 is different.
    state = content.optimizer if content.version.startswith("3") else ()
    return model, told, state, reading


def _room(arrays: Mapping[str, Sequence[Array]]) -> int:
    return 2 * sum(a.nbytes for held in arrays.values() for a in held) + SLACK


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def save_model(model: Model, path: str, include_optimizer: bool) -> None:
    """Write a file that Keras 3 loads; anything that it cannot store is an error that names it."""
    state = None
    try:
        config, lost = keras_models.described(model)
        if include_optimizer and model.optimizer is not None and model.built:
            state = keras_optimizer.written(model)
    except keras_described.LostError as error:
        better = formats.own_name(path)
        raise ValueError(f"save: {error}; a file of lamina, {better!r}, can store it") from None
    old = not path.endswith(".keras")
    if old and config["class_name"] not in ("Sequential", "Functional"):
        better = os.path.basename(path).rpartition(".")[0] + ".keras"
        raise ValueError(
            f"save: {path}: the old format only supports Sequential and graph models, and "
            f"{config['class_name']} is neither; save it as {better!r}"
        )
    warn_of_lost("save", lost)
    if old:
        write_whole(path, [keras_hdf5.written(model, config)])
    else:
        keras_archive.write(path, config, written("save", _weights_of(model, state)))


def save_weights(model: Model, path: str) -> None:
    """Write the weights and, like Keras 3, the state of the optimizer if it has a counterpart."""
    model.ensure_built(model.input_row_shapes)
    state = None
    with contextlib.suppress(keras_described.LostError):
        state = None if model.optimizer is None else keras_optimizer.written(model)
    write_whole(path, [written("save_weights", _weights_of(model, state))])


def _weights_of(model: Model, state: list[Array] | None) -> dict[str, Any]:
    if model.built:
        model.ensure_built(model.input_row_shapes)
    held: dict[str, Any] = {
        g.path: (g.name, g.named or [np.array(p.array) for p in g.parameters])
        for g in keras_places.groups_of(model)
    }
    if state is not None and model.optimizer is not None:
        held["optimizer"] = str(model.optimizer.name), state
    return held


def load_weights(model: Model, path: str, by_name: bool, skip_mismatch: bool) -> None:
    """Load the weights of a file of Keras, of weights or of a model."""
    who = "load_weights"
    with problems_of(path):
        archive = is_archive(path)
        data = Archive.read(path).weights if archive else _bytes(path)
        if not archive and keras_hdf5.is_of_layers(who, data):
            model.ensure_built(model.input_row_shapes)
            content = keras_hdf5.read(path, who, data)
            for parameter, array in keras_hdf5.pairs(model, content.layers, by_name, skip_mismatch):
                parameter.array[...] = array
        elif by_name:
            raise ValueError(
                "load_weights: by_name needs a file of lamina or an old one of Keras; in this one "
                "layers are identified by class"
            )
        else:
            keras_weights.take(model, arrays_of(who, data), skip_mismatch)


def _compile(model: Any, told: Mapping[str, Any]) -> None:
    model.compile(
        optimizers.get(told["optimizer"]),
        made_objects(told.get("loss"), losses.get),
        made_objects(told.get("metrics"), metrics.get),
        made_objects(told.get("weighted_metrics"), metrics.get),
        told.get("loss_weights"),
    )

"""Whole models in one HDF5 file, the format of Keras before ``.keras``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina import _screen, losses, metrics
from lamina._check import Array
from lamina.saving import hdf5, keras_table
from lamina.saving.header import parse_json
from lamina.saving.keras_described import Describer
from lamina.saving.keras_weights import misfit

_WHOLE = "model_weights"  # the group of the weights in files of models
_ATTRIBUTE = 64_000  # bytes of names in one attribute; the limit of HDF5 is slightly higher
_BY_NAME = ("accuracy", "acc", "crossentropy", "ce")  # names that depend on the output
_NONE = "top_level_model_weights"


@dataclass
class Content:
    """The content of a file.

    Attributes
    ----------
    config, training : dict or None
        Keras's descriptions of the model and of its training; None in a file of weights.
    layers : dict of str to list of ndarray
        Weights by layer, in the order of the file.
    optimizer : list of ndarray
    version : str
        Of the Keras that wrote it.
    """

    config: dict[str, Any] | None
    training: dict[str, Any] | None
    layers: dict[str, list[Array]]
    optimizer: list[Array]
    version: str


def is_of_layers(who: str, data: bytes) -> bool:
    """Return whether an HDF5 file lists its weights by layer, as old files do."""
    with hdf5.opened(who, data) as file:
        return "model_config" in file.attrs or "layer_names" in file.attrs or _WHOLE in file


def read(path: str, who: str, data: bytes) -> Content:
    """Return the content of a file.

    Raises
    ------
    ValueError
        If it is not such a file, or has links, arrays in other files, or arrays that claim more
        bytes than the file has.
    """
    room = [len(data)]
    with hdf5.opened(who, data) as file:
        told = {
            name: None if text is None else parse_json(path, text)
            for name in ("model_config", "training_config")
            for text in (hdf5.text_of(file, name),)
        }
        weights = hdf5.group_at(file, _WHOLE) if _WHOLE in file else file
        layers = {}
        for name in hdf5.names_of(weights, "layer_names"):
            group = hdf5.group_at(weights, name)
            paths = hdf5.names_of(group, "weight_names")
            layers[name] = [hdf5.array_at(group, each, room) for each in paths]
        optimizer = []
        if "optimizer_weights" in file:
            group = hdf5.group_at(file, "optimizer_weights")
            paths = hdf5.names_of(group, "weight_names")
            optimizer = [hdf5.array_at(group, each, room) for each in paths]
        version = hdf5.text_of(file, "keras_version") or hdf5.text_of(weights, "keras_version")
    return Content(told["model_config"], told["training_config"], layers, optimizer, version or "1")


def pairs(
    model: Any, layers: Mapping[str, Sequence[Array]], by_name: bool, skip_mismatch: bool
) -> list[tuple[Any, Array]]:
    """Return each weight of a model with its array.

    Layers are matched by name if all names occur, and otherwise in order, as in Keras.
    """
    own = {layer.name: _ordered(layer) for layer in model.layers if layer.weights}
    theirs = {name: held for name, held in layers.items() if held and name != _NONE}
    names = [(name, name) for name in own if name in theirs]
    if not by_name and len(names) != max(len(own), len(theirs)):
        if len(own) != len(theirs) and not skip_mismatch:
            raise ValueError(
                f"{model.name}: has {len(own)} layers with weights, {', '.join(own):.200}; the "
                f"file has {len(theirs)}, {', '.join(theirs):.200}"
            )
        if len(own) == len(theirs):
            names = list(zip(own, theirs, strict=True))
    found: list[tuple[Any, Array]] = []
    skipped: list[str] = []
    for mine, name in names:
        problem = misfit(mine, repr(name), own[mine], theirs[name])
        if problem is None:
            found += zip(own[mine], theirs[name], strict=True)
        elif skip_mismatch:
            skipped.append(problem)
        else:
            raise ValueError(problem)
    if skipped:
        _screen.warn(f"load_weights: some weights were not loaded: {'; '.join(skipped)}")
    return found


def _ordered(layer: Any) -> list[Any]:
    """Return a layer's weights in the order of old files: trainable ones first."""
    return sorted(dict.fromkeys(layer.weights), key=lambda p: not p.trainable)


# --- writing


def written(model: Any, config: Mapping[str, Any]) -> bytes:
    """Return the file of a model, from its description in the format of Keras 3.

    The state of the optimizer is left out: a model that Keras 3 reads with it cannot be trained.
    """
    paths = {id(p): path for path, p in model.weights_by_path().items()}
    told = {"class_name": config["class_name"], "config": config["config"]}
    with hdf5.created("save") as made:
        file = made.file
        file.attrs["keras_version"] = keras_table.version().encode()
        file.attrs["backend"] = b"numpy"
        file.attrs["model_config"] = json.dumps(told, allow_nan=False).encode()
        if "compile_config" in config:
            training = _training(config["compile_config"])
            file.attrs["training_config"] = json.dumps(training, allow_nan=False).encode()
        weights = file.create_group(_WHOLE)
        weights.attrs["keras_version"] = keras_table.version().encode()
        weights.attrs["backend"] = b"numpy"
        _list(weights, "layer_names", [layer.name for layer in model.layers])
        for layer in sorted(model.layers, key=lambda each: each.name):
            held = [(paths[id(p)], np.array(p.array)) for p in _ordered(layer)]
            _put(weights.create_group(layer.name), held)
        _put(weights.create_group(_NONE), [])
    return made.data


def _training(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of training; Keras reads no names of losses in these files."""
    made = dict(told)
    made["optimizer_config"] = made.pop("optimizer")
    made["loss"] = _objects(told["loss"], losses.get)
    for name in ("metrics", "weighted_metrics"):
        made[name] = _objects(told[name], metrics.get)
    return made


def _objects(value: Any, get: Callable[[Any], Any]) -> Any:
    if isinstance(value, list):
        return [_objects(each, get) for each in value]
    if isinstance(value, Mapping) and "class_name" not in value:
        return {key: _objects(each, get) for key, each in value.items()}
    if not isinstance(value, str) or value in _BY_NAME:
        return value
    describer = Describer("float32")
    return describer.value(get(value), "metrics" if get is metrics.get else "loss", "compile")


def _put(group: Any, held: Sequence[tuple[str, Array]]) -> None:
    _list(group, "weight_names", [path for path, _ in held])
    for path, array in held:
        group.create_dataset(path, data=array)


def _list(group: Any, name: str, values: Sequence[str]) -> None:
    """Store names, in parts that fit into HDF5."""
    names = np.array([value.encode() for value in values] or [], dtype="S")
    pieces = int(names.nbytes // _ATTRIBUTE) + 1
    if pieces == 1:
        group.attrs[name] = names
        return
    for number, piece in enumerate(np.array_split(names, pieces)):
        group.attrs[f"{name}{number}"] = piece

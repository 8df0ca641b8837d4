"""Models in Keras's old HDF5 files, converted to the format of Keras 3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamina._settings import custom
from lamina.saving import keras_table

_MODELS = ("Sequential", "Functional", "Model")
# The modules of the objects in settings of these names.
_ENDINGS = {
    "initializer": "initializers", "regularizer": "regularizers", "constraint": "constraints",
    "layer": "layers", "cell": "layers", "cells": "layers", "learning_rate": "optimizers.schedules",
}  # fmt: skip
# Old settings of layers and optimizers, with the values for which they have no effect.
_GONE: dict[str, tuple[Any, ...]] = {
    "implementation": (0, 1, 2), "time_major": (False,), "fused": (True, False, None),
    "virtual_batch_size": (None,), "adjustment": (None,), "input_length": (None,),
    "decay": (0, None), "is_legacy_optimizer": (True, False), "jit_compile": (True, False),
}  # fmt: skip


def modern(told: Any, where: str = "the model") -> dict[str, Any]:
    """Return the description of a model or layer in the format of Keras 3."""
    if not isinstance(told, Mapping) or "class_name" not in told or "config" not in told:
        raise ValueError(f"{where}: has no class_name and config")
    kind, config = str(told["class_name"]), told["config"]
    if "module" in told:
        return dict(told)
    if kind in ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod"):
        raise ValueError(
            f"{told.get('name', where)}: is a TensorFlow operation, which Keras 3 does not "
            f"support either; replace it by layers or operations of keras.ops"
        )
    own = {k: v for k, v in told.items() if k not in ("class_name", "config", "inbound_nodes")}
    if kind == "Sequential":
        return {**own, "class_name": kind, "config": _sequential(config)}
    if kind in ("Functional", "Model"):
        return {**own, "class_name": "Functional", "config": _functional(config)}
    name = keras_table.public_class(kind.rpartition(">")[2])
    library = custom(kind) is None and custom(name) is None
    module = "keras.layers" if library else None
    if library and "trainable" not in config and keras_table.is_operation(name):
        module = "keras.src.ops."
    made = {**own, "module": module, "class_name": name, "registered_name": kind}
    return {**made, "config": _settings(config, name)}


def _sequential(config: Any) -> dict[str, Any]:
    # In the oldest files it was just the list of layers.
    told = {"layers": config} if isinstance(config, list) else dict(config)
    entries = [modern(each) for each in told["layers"]]
    shape = _first_shape(told["layers"])
    if entries and entries[0]["class_name"] != "InputLayer" and shape is not None:
        given = {"batch_shape": shape, "name": None}
        if entries[0]["class_name"] == "Embedding":
            given["dtype"] = "int32"
        entries.insert(0, {"module": "keras.layers", "class_name": "InputLayer", "config": given})
    return {**told, "layers": entries}


def _first_shape(entries: Any) -> Any:
    config = entries[0].get("config") if entries else None
    return config.get("batch_input_shape") if isinstance(config, Mapping) else None


def _functional(config: Mapping[str, Any]) -> dict[str, Any]:
    told = dict(config)
    names = [entry["name"] for entry in told["layers"]]
    graphs = {e["name"] for e in told["layers"] if e["class_name"] in _MODELS}
    old = any(isinstance(node, list) for e in told["layers"] for node in e["inbound_nodes"])
    entries = []
    for entry in told["layers"]:
        nodes = entry["inbound_nodes"]
        if old:
            first = _first_calls(told, graphs)
            nodes = [_node(node, set(names), first) for node in nodes]
        entries.append({**modern(entry, entry["name"]), "inbound_nodes": nodes})
    told["layers"] = entries
    # A single reference used to be in a list.
    for ends in ("input_layers", "output_layers"):
        told[ends] = _single(told[ends])
    if old:
        told["output_layers"] = _renumbered(told["output_layers"], graphs, first, entries)
    return told


def _single(references: Any) -> Any:
    alone = isinstance(references, list) and len(references) == 1
    return references[0] if alone and isinstance(references[0], list) else references


def _node(node: list[Any], names: set[str], first: Mapping[str, int]) -> dict[str, Any]:
    """Return the arguments of a call from its inputs: lists of name, call, output, kwargs."""

    def tensor(name: str, call: int, output: int) -> dict[str, Any]:
        history = [name, call - first.get(name, 0), output]
        config = {"shape": [None], "dtype": "float32", "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": config}

    def filled(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: filled(each) for key, each in value.items()}
        if not isinstance(value, list):
            return value
        if len(value) in (3, 4) and value[0] in names and type(value[1]) is int:
            return tensor(*value[:3])
        return [filled(each) for each in value]

    read = [tensor(*each[:3]) for each in node]
    kwargs = {k: filled(v) for each in node[:1] for held in each[3:4] for k, v in held.items()}
    return {"args": read if len(read) == 1 else [read], "kwargs": kwargs}


def _first_calls(config: Mapping[str, Any], graphs: set[str]) -> dict[str, int]:
    """Return the number of the first call of each nested model: 1 if its inputs were known."""
    first: dict[str, int] = {}
    for name, call in _read(config, graphs):
        first[name] = min(call, first.get(name, call))
    return first


def _read(value: Any, graphs: set[str]) -> Iterator[tuple[str, int]]:
    if isinstance(value, Mapping):
        for key in ("inbound_nodes", "output_layers", "layers"):
            yield from _read(value.get(key, ()), graphs)
    elif isinstance(value, list):
        reference = len(value) in (3, 4) and isinstance(value[0], str) and type(value[1]) is int
        if reference and value[0] in graphs:
            yield value[0], value[1]
        for each in value:
            yield from _read(each, graphs)


def _renumbered(references: Any, graphs: set[str], first: Mapping[str, int], entries: Any) -> Any:
    if isinstance(references, Mapping):
        return {k: _renumbered(v, graphs, first, entries) for k, v in references.items()}
    if references and isinstance(references[0], str):
        name, call, output = references[:3]
        graph = any(e["name"] == name and e["class_name"] == "Functional" for e in entries)
        return [name, call - first.get(name, 0) + graph, output]
    return [_renumbered(each, graphs, first, entries) for each in references]


# --- settings


def _settings(config: Any, kind: str) -> dict[str, Any]:
    if not isinstance(config, Mapping):
        raise ValueError(f"{kind}: config must be a mapping; got {config!r:.80}")
    made = {}
    for key, value in config.items():
        if key in _GONE and value in _GONE[key]:
            continue
        if key == "batch_input_shape":
            if kind == "InputLayer":
                made["batch_shape"] = value
            continue
        if key == "axis" and isinstance(value, list) and len(value) == 1:
            value = value[0]  # noqa: PLW2901
        made[key] = _setting(key, value)
    return made


def _setting(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_setting(key, each) for each in value]
    if not isinstance(value, Mapping) or "class_name" not in value or "module" in value:
        return value
    if str(value["class_name"]).endswith("Policy"):
        config = {"name": dict(value["config"])["name"]}
        return {"module": "keras", "class_name": "DTypePolicy", "config": config}
    room = next((room for end, room in _ENDINGS.items() if key.endswith(end)), None)
    if room == "layers":
        return modern(value, key)
    return value if room is None else {"module": f"keras.{room}", **value}


# --- training


def compile_config(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``compile`` from a file's ``training_config``."""
    optimizer = dict(told["optimizer_config"])
    kind = str(optimizer["class_name"])
    if custom(kind) is None:
        optimizer["class_name"] = kind.rpartition(">")[2]
        optimizer["config"] = _optimizer(dict(optimizer["config"]), optimizer["class_name"])
        optimizer["module"] = "keras.optimizers"
    return {
        "optimizer": optimizer,
        "loss": _objective(told.get("loss"), "losses"),
        "metrics": _of_outputs(_objective(told.get("metrics"), "metrics")),
        "weighted_metrics": _of_outputs(_objective(told.get("weighted_metrics"), "metrics")),
        "loss_weights": told.get("loss_weights"),
    }


def _of_outputs(metrics: Any) -> Any:
    """Return metrics without the list around those of a single output."""
    alone = isinstance(metrics, list) and len(metrics) == 1 and isinstance(metrics[0], list)
    return metrics[0] if alone else metrics


def _optimizer(config: dict[str, Any], kind: str) -> dict[str, Any]:
    if "lr" in config:
        config["learning_rate"] = config.pop("lr")
    if config.get("weight_decay") is False:
        config["weight_decay"] = None
    return _settings(config, kind)


def _objective(value: Any, room: str) -> Any:
    if isinstance(value, list):
        return [_objective(each, room) for each in value]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: _objective(each, room) for key, each in value.items()}
    if "module" in value or custom(str(value["class_name"])) is not None:
        return dict(value)
    config = dict(value["config"])
    function = config.get("fn")
    if value["class_name"] in ("MeanMetricWrapper", "LossFunctionWrapper"):
        return function if isinstance(function, str) else config.get("name")
    if config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    takes = keras_table.arguments(room, str(value["class_name"])) or frozenset(config)
    config = {k: v for k, v in config.items() if k in takes or k != "fn"}
    return {"module": f"keras.{room}", "class_name": value["class_name"], "config": config}

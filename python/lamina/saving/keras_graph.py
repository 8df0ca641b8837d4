"""Creating models from Keras's descriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina._names import snake_case
from lamina._settings import custom
from lamina.saving.keras_calls import OPERATIONS, call_all, tensors_of
from lamina.saving.keras_config import dtype_of, plain, registered
from lamina.saving.keras_places import counted

_MODELS = ("Sequential", "Functional", "Model")


@dataclass
class Reading:
    """The state while a model is created.

    Attributes
    ----------
    dtype : str
        Of the model.
    assets : dict of str to list of str
        Vocabularies, by the paths of their layers.
    orders : dict
        By the ids of models, their layers in the order of the file.
    unbuilt : list of str
        Custom models whose weights are only created by the first call.
    """

    dtype: str
    assets: Mapping[str, list[str]] = field(default_factory=dict)
    orders: dict[int, list[Any]] = field(default_factory=dict)
    unbuilt: list[str] = field(default_factory=list)


def model_of(
    told: Mapping[str, Any], assets: Mapping[str, list[str]] | None = None
) -> tuple[Any, Reading]:
    """Return a new model, and the state after its creation."""
    reading = Reading(dtype_of(told), assets or {})
    return _model(told, reading, ""), reading


def _model(told: Mapping[str, Any], reading: Reading, path: str) -> Any:
    name, config = told.get("class_name"), told.get("config")
    if not isinstance(name, str) or not isinstance(config, Mapping):
        raise ValueError("the configuration of a model must have class_name and config")
    known = registered(told) or name
    own = custom(known)
    if own is None and name not in _MODELS:
        raise ValueError(
            f"the model is of the class {name!r:.80}, and files only contain the names of classes: "
            f"pass custom_objects={{{name!r:.80}: the_class}} to load_model, or register the class "
            f"with lamina.saving.register_serializable"
        )
    if own is not None:
        model = own.from_config({key: plain(each) for key, each in config.items()})
        _build(model, told.get("build_config"), reading)
        return model
    make = _sequential if name == "Sequential" else _functional
    model = make(config, reading, f"{path}/layers" if path else "layers")
    if config.get("trainable") is False:
        model.trainable = False
    return model


def _build(model: Any, told: Any, reading: Reading) -> None:
    """Build a custom model, if the file contains its input shapes."""
    shape = told.get("input_shape") if isinstance(told, Mapping) else None
    if getattr(model, "built", True):
        return
    if shape is None:
        reading.unbuilt.append(str(model.name))
    else:
        model.build(_tuples(shape))


def _tuples(shape: Any) -> Any:
    if isinstance(shape, Mapping):
        return {key: _tuples(each) for key, each in shape.items()}
    if shape and isinstance(shape[0], (list, tuple)):
        return [_tuples(each) for each in shape]
    return tuple(shape)


def _sequential(config: Mapping[str, Any], reading: Reading, path: str) -> Any:
    from lamina.layers import InputLayer
    from lamina.models import Sequential

    model = Sequential(name=config.get("name"), dtype=reading.dtype)
    for entry, place in _placed(config["layers"], path):
        made = layer_of(entry, reading, place)
        model.add(made)
        if not isinstance(made, InputLayer):
            reading.orders.setdefault(id(model), []).append(made)
    shape = config.get("build_input_shape")
    if not model.built and shape is not None:
        model.build(tuple(shape))
    return model


def _functional(config: Mapping[str, Any], reading: Reading, path: str) -> Any:
    from lamina.layers import InputLayer
    from lamina.models import Model

    made: dict[str, Any] = {}
    calls: dict[str, list[Any]] = {}  # by a layer's name: the results of its calls
    waiting: list[tuple[str, Any]] = []
    entries = [e for e in config["layers"] if not _is_operation(e)]
    places = {id(entry): place for entry, place in _placed(entries, path)}
    for entry in config["layers"]:
        name = entry["name"]
        operation = _is_operation(entry)
        made[name] = _operation(entry) if operation else layer_of(entry, reading, places[id(entry)])
        calls[name] = []
        if isinstance(made[name], InputLayer):
            calls[name].append(made[name].tensor())
        waiting += [(name, node) for node in entry["inbound_nodes"]]
    call_all(made, calls, waiting)
    graphs = {e["name"] for e in entries if e["class_name"] in ("Functional", "Model")}
    inputs = tensors_of(calls, config["input_layers"], graphs)
    outputs = tensors_of(calls, config["output_layers"], graphs)
    model = Model(inputs, outputs, name=config.get("name"), dtype=reading.dtype)
    reading.orders[id(model)] = [made[entry["name"]] for entry in entries]
    return model


def _placed(entries: Sequence[Mapping[str, Any]], path: str) -> list[tuple[Mapping[str, Any], str]]:
    names = counted([str(entry["class_name"]) for entry in entries])
    return [(entry, f"{path}/{name}") for entry, name in zip(entries, names, strict=True)]


# --- layers


def layer_of(entry: Mapping[str, Any], reading: Reading, path: str, within: str = "") -> Any:
    """Return a layer, or a nested model."""
    from lamina.layers import deserialize

    name = entry["class_name"]
    if name in _MODELS or _is_model(custom(registered(entry) or name)):
        return _model(entry, reading, path)
    made = plain(entry)
    config = dict(made["config"])
    if within == "Bidirectional":
        config.pop("zero_output_for_mask", None)  # always the case here
        config["name"] = str(config.get("name")).removeprefix("forward_")
    if name == "InputLayer":
        return _input(config)
    if config.get("dtype") == reading.dtype:
        del config["dtype"]  # that of the model
    for part in ("layer", "backward_layer"):
        inner = entry["config"].get(part)
        if isinstance(inner, Mapping):
            config[part] = layer_of(inner, reading, f"{path}/{part}", name)
    if path in reading.assets and config.get("output_mode") == "tf_idf":
        raise ValueError(
            f"{config.get('name')}: weights of a vocabulary in a separate file are not read; "
            f"give the layer vocabulary and idf_weights in the constructor, and save again"
        )
    if path in reading.assets:
        config["vocabulary"] = _vocabulary(name, config, reading.assets[path])
    config.pop("vocabulary_size", None)
    return deserialize({"class_name": made["class_name"], "config": config})


def _is_model(cls: Any) -> bool:
    from lamina.models import Model

    return isinstance(cls, type) and issubclass(cls, Model)


def _vocabulary(name: str, config: Mapping[str, Any], lines: list[str]) -> list[Any]:
    """Return the vocabulary in a file, without the tokens that the layer adds itself."""
    if name == "IntegerLookup":
        numbers = [int(line) for line in lines]
        special = [config.get("mask_token"), config.get("oov_token", -1)]
        return [n for n in numbers if n not in special]
    special = [config.get("mask_token", ""), config.get("oov_token", "[UNK]")]
    if name == "TextVectorization":
        special = ["", "[UNK]"]
    return [line for line in lines if line not in special]


def _input(config: Mapping[str, Any]) -> Any:
    from lamina.layers import InputLayer

    name, kind = config.get("name"), config.get("dtype")
    if config.get("sparse") or config.get("ragged"):
        raise ValueError(f"{name}: sparse and ragged inputs are not supported")
    rows, *shape = config["batch_shape"]
    whole = isinstance(kind, str) and (kind == "string" or np.dtype(kind).kind in "iub")
    return InputLayer(shape, batch_size=rows, dtype=kind if whole else None, name=name)


def _is_operation(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("module")).startswith(OPERATIONS)


def _operation(entry: Mapping[str, Any]) -> Any:
    """Return the function of ``lamina.ops`` that corresponds to an operation of Keras."""
    from lamina import ops

    kind = str(entry["class_name"])
    settings = {k: plain(v) for k, v in entry["config"].items() if k != "name"}
    if kind == "ConvertToTensor":
        dtype = settings.get("dtype")
        return lambda x, *_, **__: x if dtype is None else ops.cast(x, dtype)
    if kind != "Cast":
        settings.pop("dtype", None)
    if kind == "GetItem":
        return lambda x, key: x[tuple(key) if isinstance(key, list) else key]
    name = snake_case(kind)
    function = getattr(ops, name, None) if not name.startswith("_") else None
    if not hasattr(function, "recorded"):
        raise ValueError(f"{entry['name']}: lamina.ops has no operation {name!r:.80}")
    return lambda *args, **kwargs: function(*args, **{**settings, **kwargs})  # type: ignore[misc]

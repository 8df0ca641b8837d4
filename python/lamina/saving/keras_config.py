"""Models as Keras 3 describes them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lamina import _screen
from lamina._names import snake_case
from lamina._settings import custom
from lamina.saving import functions
from lamina.saving.plain import restored

_HALVES = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16")
_MODELS = ("Sequential", "Functional", "Model")
_OPERATIONS = "keras.src.ops."
# What Keras's classes say of themselves that changes no result: whatever it is, or if it is False.
_IDLE = frozenset({"unroll", "autocast", "renorm_momentum", "run_eagerly", "jit_compile"})
_IDLE_IF_FALSE = frozenset({"optional", "ragged", "renorm", "sparse", "zero_output_for_mask"})

Orders = dict[int, list[Any]]


def model_of(told: Mapping[str, Any]) -> tuple[Any, Orders]:
    """Return a new model, and by the ids of models their layers in the order of the file."""
    orders: Orders = {}
    return _model(told, _dtype_of(told), orders), orders


# --- settings


def plain(value: Any) -> Any:
    """Return a value of a configuration as lamina's rooms read it.

    Raises
    ------
    ValueError
        For code: a Lambda's, or a function that is neither given nor registered.
    """
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    kind, config = value.get("class_name"), value.get("config")
    if not isinstance(kind, str) or "config" not in value:
        return {key: plain(each) for key, each in value.items()}
    if kind in ("__lambda__", "Lambda"):
        raise ValueError(
            "the model holds a Lambda, whose code is in the file and is not run; make a layer of "
            "your own of it, and register it with lamina.saving.register_serializable"
        )
    if kind.endswith("DTypePolicy"):
        return _dtype(value["config"]["name"])
    if kind == "function":
        return functions.found({"config": config})
    if kind in _STRUCTURES:
        return _STRUCTURES[kind](config)
    if kind.startswith("__"):
        raise ValueError(f"{kind!r:.80} is no value that is read")
    name = _registered(value) or kind
    return {"class_name": name, "config": _settings(name, value)}


def _array(held: Mapping[str, Any]) -> Any:
    kind = str(held["dtype"])
    return restored({"class_name": "__array__", "config": {**held, "dtype": kind}})


_STRUCTURES: dict[str, Callable[[Any], Any]] = {
    "__tuple__": lambda items: tuple(plain(each) for each in items),
    "__slice__": lambda parts: slice(*(plain(parts[n]) for n in ("start", "stop", "step"))),
    "__ellipsis__": lambda _: Ellipsis,
    "__bytes__": lambda text: str(text).encode(),
    "__tensor__": _array,
    "__numpy__": _array,
}


def _registered(value: Mapping[str, Any]) -> str | None:
    """Return the name by which a class of the user's own is known here."""
    name = value.get("registered_name")
    return name if isinstance(name, str) and custom(name) is not None else None


def _settings(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object's settings without those that lamina's class lacks and that say nothing."""
    config = value["config"]
    if not isinstance(config, Mapping):
        raise ValueError(f"{name}: config must be a mapping; got {config!r:.80}")
    made = {key: plain(each) for key, each in config.items()}
    takes = _taken(name, str(value.get("module")))
    if takes is None:
        return made
    return {key: each for key, each in made.items() if key in takes or not _is_idle(key, each)}


def _is_idle(key: str, value: Any) -> bool:
    return value is None or key in _IDLE or (key in _IDLE_IF_FALSE and value is False)


def _taken(name: str, module: str) -> set[str] | None:
    """Return what lamina's class takes; None for one that is not the library's."""
    from lamina import constraints, initializers, layers, losses, metrics, optimizers, regularizers

    if custom(name) is not None:
        return None
    rooms: dict[str, Any] = {
        "layers": layers, "initializers": initializers, "regularizers": regularizers,
        "constraints": constraints, "losses": losses, "metrics": metrics, "optimizers": optimizers,
    }  # fmt: skip
    parts = module.split(".")
    room = rooms.get(parts[1]) if len(parts) > 1 and parts[0] == "keras" else None
    cls = getattr(room, name, None) if not name.startswith("_") else None
    if not isinstance(cls, type):
        return None
    taken: set[str] = set()
    for base in cls.__mro__:
        if "__init__" in vars(base):
            parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
            taken |= {p.name for p in parameters}
            if not any(p.kind is p.VAR_KEYWORD for p in parameters):
                break
    return taken


def _dtype(name: Any) -> str:
    """Return the dtype of weights under a policy."""
    return "float32" if name in _HALVES else str(name)


def _dtype_of(told: Mapping[str, Any]) -> str:
    """Return the one dtype of a model, which its layers say."""
    names: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, list):
            for each in value:
                look(each)
        elif isinstance(value, Mapping):
            if str(value.get("class_name")).endswith("DTypePolicy"):
                names.add(str(dict(value["config"])["name"]))
            else:
                look(list(value.values()))

    look(told.get("config"))
    halves = sorted(names.intersection(_HALVES))
    if halves:
        _screen.warn(f"load_model: {halves[0]} is not computed with; the model is of float32")
    return "float64" if "float64" in names else "float32"


# --- layers and models


def _model(told: Mapping[str, Any], dtype: str, orders: Orders) -> Any:
    name, config = told.get("class_name"), told.get("config")
    if not isinstance(name, str) or not isinstance(config, Mapping):
        raise ValueError("a model has a class_name and a config")
    own = custom(_registered(told) or name)
    if own is None and name not in _MODELS:
        raise ValueError(
            f"the model is of the class {name!r:.80}, and files keep the names of classes alone: "
            f"give it, custom_objects={{{name!r:.80}: the_class}}"
        )
    if own is not None:
        return own.from_config({key: plain(each) for key, each in config.items()})
    make = _sequential if name == "Sequential" else _functional
    model = make(config, dtype, orders)
    if config.get("trainable") is False:
        model.trainable = False
    return model


def _sequential(config: Mapping[str, Any], dtype: str, orders: Orders) -> Any:
    from lamina.layers import InputLayer
    from lamina.models import Sequential

    model = Sequential(name=config.get("name"), dtype=dtype)
    for entry in config["layers"]:
        made = _layer(entry, dtype, orders)
        model.add(made)
        if not isinstance(made, InputLayer):
            orders.setdefault(id(model), []).append(made)
    shape = config.get("build_input_shape")
    if not model.built and shape is not None:
        model.build(tuple(shape))
    return model


def _layer(entry: Mapping[str, Any], dtype: str, orders: Orders, within: str = "") -> Any:
    """Return a layer or, of a model within, the model."""
    from lamina.layers import deserialize

    name = entry["class_name"]
    if name in _MODELS:
        return _model(entry, dtype, orders)
    made = plain(entry)
    config = dict(made["config"])
    if within == "Bidirectional":
        config.pop("zero_output_for_mask", None)  # it does so of itself
    if name == "InputLayer":
        return _input(config)
    if config.get("dtype") == "float32":
        del config["dtype"]  # the model's
    for part in ("layer", "backward_layer"):
        inner = entry["config"].get(part)
        if isinstance(inner, Mapping):
            config[part] = _layer(inner, dtype, orders, name)
    return deserialize({"class_name": made["class_name"], "config": config})


def _input(config: Mapping[str, Any]) -> Any:
    from lamina.layers import InputLayer

    name, kind = config.get("name"), config.get("dtype")
    if config.get("sparse") or config.get("ragged"):
        raise ValueError(f"{name}: sparse and ragged inputs are not read")
    rows, *shape = config["batch_shape"]
    whole = isinstance(kind, str) and (kind == "string" or np.dtype(kind).kind in "iub")
    return InputLayer(shape, batch_size=rows, dtype=kind if whole else None, name=name)


def _functional(config: Mapping[str, Any], dtype: str, orders: Orders) -> Any:
    from lamina.layers import InputLayer
    from lamina.models import Model

    made: dict[str, Any] = {}
    calls: dict[str, list[Any]] = {}  # by a layer's name: what each of its calls returned
    waiting: list[tuple[str, Mapping[str, Any]]] = []
    for entry in config["layers"]:
        name = entry["name"]
        operation = str(entry.get("module")).startswith(_OPERATIONS)
        made[name] = _operation(entry) if operation else _layer(entry, dtype, orders)
        calls[name] = []
        if isinstance(made[name], InputLayer):
            calls[name].append(made[name].tensor())
        waiting += [(name, node) for node in entry["inbound_nodes"]]
    _call_all(made, calls, waiting)
    inputs = _tensors(calls, config["input_layers"])
    outputs = _tensors(calls, config["output_layers"])
    model = Model(inputs, outputs, name=config.get("name"), dtype=dtype)
    entries = [e for e in config["layers"] if not str(e.get("module")).startswith(_OPERATIONS)]
    orders[id(model)] = [made[entry["name"]] for entry in entries]
    return model


def _operation(entry: Mapping[str, Any]) -> Any:
    """Return the function of ``lamina.ops`` that an operation of Keras is."""
    from lamina import ops

    kind = str(entry["class_name"])
    settings = {k: plain(v) for k, v in entry["config"].items() if k not in ("name", "dtype")}
    if kind == "GetItem":
        return lambda x, key: x[tuple(key) if isinstance(key, list) else key]
    name = snake_case(kind)
    function = getattr(ops, name, None) if not name.startswith("_") else None
    if not hasattr(function, "recorded"):
        raise ValueError(f"{entry['name']}: lamina.ops has no operation {name!r:.80}")
    return lambda *args, **kwargs: function(*args, **{**settings, **kwargs})  # type: ignore[misc]


def _call_all(
    made: Mapping[str, Any],
    calls: dict[str, list[Any]],
    waiting: list[tuple[str, Mapping[str, Any]]],
) -> None:
    """Call layers as the nodes say, each once what it is called on is there."""
    while waiting:
        left, blocked = [], set()  # calls of one layer keep their order
        for name, node in waiting:
            ready = all(len(calls[r[0]]) > r[1] for r in _references(calls, node))
            if name in blocked or not ready:
                left.append((name, node))
                blocked.add(name)
                continue
            args = _filled(calls, node.get("args", []))
            kwargs = _filled(calls, node.get("kwargs", {}))
            # Keras notes what it would do anyway.
            kwargs = {k: v for k, v in kwargs.items() if v is not None and (k, v) != _PREDICTING}
            calls[name].append(made[name](*args, **kwargs))
        if len(left) == len(waiting):
            names = ", ".join(name for name, _ in left)
            raise ValueError(f"these layers wait for each other: {names:.200}")
        waiting = left


_PREDICTING = ("training", False)


def _references(calls: Mapping[str, Any], value: Any) -> list[Any]:
    if isinstance(value, list):
        return [r for each in value for r in _references(calls, each)]
    if not isinstance(value, Mapping):
        return []
    if value.get("class_name") == "__keras_tensor__":
        reference = value["config"]["keras_history"]
        _check_known(calls, reference)
        return [reference]
    return [r for each in value.values() for r in _references(calls, each)]


def _check_known(calls: Mapping[str, Any], reference: Any) -> None:
    name, call, output = reference
    if name not in calls:
        raise ValueError(f"a call reads {name!r:.80}, which is no layer of the model")
    if type(call) is not int or type(output) is not int or call < 0 or output < 0:
        raise ValueError(f"a call reads {reference!r:.80}, which is no output")


def _filled(calls: Mapping[str, Any], value: Any) -> Any:
    """Return arguments with tensors in place of their references."""
    if isinstance(value, list):
        return [_filled(calls, each) for each in value]
    if isinstance(value, Mapping):
        kind = value.get("class_name")
        if kind == "__keras_tensor__":
            return _output(calls, value["config"]["keras_history"])
        if kind == "__tuple__":
            return tuple(_filled(calls, each) for each in value["config"])
        if isinstance(kind, str):
            return plain(value)
        return {key: _filled(calls, each) for key, each in value.items()}
    return value


def _output(calls: Mapping[str, Any], reference: Any) -> Any:
    from lamina._tensors.arguments import flat

    _check_known(calls, reference)
    name, call, output = reference
    outputs = flat(calls[name][call]) if call < len(calls[name]) else []
    if output >= len(outputs):
        raise ValueError(f"no layer has the output {reference!r:.80} (name, call, output)")
    return outputs[output]


def _tensors(calls: Mapping[str, Any], references: Any) -> Any:
    # A reference, or a structure of them.
    if isinstance(references, Mapping):
        if references.get("class_name") == "__tuple__":
            return tuple(_tensors(calls, r) for r in references["config"])
        return {key: _tensors(calls, r) for key, r in references.items()}
    if references and isinstance(references[0], str):
        return _output(calls, references)
    return [_tensors(calls, r) for r in references]

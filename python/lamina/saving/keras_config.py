"""Reading Keras's settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from lamina import _core, _screen
from lamina._policies import MIXED
from lamina._settings import custom
from lamina.saving import functions, keras_table
from lamina.saving.plain import restored

_HALVES = ("mixed_float16", "float16", "bfloat16")
# Layers that are activations, and the settings that these have.
_ACTIVATIONS = {
    "ELU": {"alpha"}, "LeakyReLU": {"negative_slope"}, "ReLU": {"negative_slope"}, "Softmax": set(),
}  # fmt: skip
# Settings of Keras's classes that change no result: with any value, or if False.
_IDLE = frozenset({"unroll", "autocast", "renorm_momentum", "run_eagerly", "jit_compile"})
_IDLE_IF_FALSE = frozenset({"optional", "ragged", "renorm", "sparse"})
_USUAL = {"oov_method": "floormod"}


def plain(value: Any) -> Any:
    """Return a value of a configuration as lamina's modules read it.

    Raises
    ------
    ValueError
        If it contains code: of a Lambda, or a function that is neither given nor registered.
    """
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    kind, config = value.get("class_name"), value.get("config")
    if not isinstance(kind, str) or "config" not in value:
        return {key: plain(each) for key, each in value.items()}
    if kind == "__lambda__":
        raise ValueError(
            "the model holds a Lambda, whose code in the file is not run; replace it by a layer of "
            "your own, and register it with lamina.saving.register_serializable"
        )
    if kind.endswith("DTypePolicy"):
        return _dtype(value["config"]["name"])
    if kind == "function":
        return functions.found({"config": config, "room": functions.room_of(value)})
    if kind in _STRUCTURES:
        return _STRUCTURES[kind](config)
    if kind.startswith("__"):
        raise ValueError(f"{kind!r:.80} is not a value that can be read")
    name = registered(value) or kind
    return {"class_name": name, "config": _settings(name, value)}


def _array(held: Mapping[str, Any]) -> Any:
    kind = str(held["dtype"])
    return restored({"class_name": "__array__", "config": {**held, "dtype": kind}})


_STRUCTURES: dict[str, Callable[[Any], Any]] = {
    "__tuple__": lambda items: tuple(plain(each) for each in items),
    "__slice__": lambda parts: slice(*(plain(parts[n]) for n in ("start", "stop", "step"))),
    "__ellipsis__": lambda _: Ellipsis,
    "__bytes__": lambda held: str(held["value"]).encode(),
    "__tensor__": _array,
    "__numpy__": _array,
}


def registered(value: Mapping[str, Any]) -> str | None:
    """Return the name by which a custom class is registered."""
    name = value.get("registered_name")
    return name if isinstance(name, str) and custom(name) is not None else None


def _settings(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object's settings without those that lamina lacks and that have no effect."""
    config = value["config"]
    if not isinstance(config, Mapping):
        raise ValueError(f"{name}: config must be a mapping; got {config!r:.80}")
    made = {key: _setting(key, each) for key, each in config.items()}
    takes = _taken(name, str(value.get("module")))
    if takes is None:
        return made
    return {key: each for key, each in made.items() if key in takes or not _is_idle(key, each)}


def _setting(key: str, value: Any) -> Any:
    given = isinstance(value, Mapping) and value.get("module") == "keras.layers"
    return _activation(value) if given and key.endswith("activation") else plain(value)


def _activation(value: Mapping[str, Any]) -> Any:
    """Return a layer that is given as an activation; if it is one, the activation's settings."""
    from lamina.layers import deserialize

    told = plain(value)
    name, config = told["class_name"], dict(told["config"])
    for key in ("name", "trainable", "dtype"):
        config.pop(key, None)
    kept = _ACTIVATIONS.get(name)
    usual = {"max_value": None, "threshold": 0.0, "axis": -1}
    if kept is not None and all(k in kept or usual.get(k, config) == config[k] for k in config):
        return {"class_name": name, "config": {k: v for k, v in config.items() if k in kept}}
    return deserialize({"class_name": name, "config": config})


def _is_idle(key: str, value: Any) -> bool:
    if key in _USUAL:
        return bool(value == _USUAL[key])
    return value is None or key in _IDLE or (key in _IDLE_IF_FALSE and value is False)


def _taken(name: str, module: str) -> set[str] | None:
    """Return the parameters of lamina's class; None if it is not the library's."""
    root, _, room = module.partition(".")
    if custom(name) is not None or root != "keras" or room not in keras_table.ROOMS:
        return None
    cls = keras_table.own_class(room, name)
    if cls is None:
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
    """Return the policy that corresponds to one of Keras."""
    unfit = name in _HALVES or (name == MIXED and _core.runtime.bfloat16_lacks())
    return "float32" if unfit else str(name)


def dtype_of(told: Mapping[str, Any]) -> str:
    """Return the dtype of a model, which is common to its layers, or its mixed policy."""
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
    lost = sorted(name for name in names if _dtype(name) != name)
    if lost:
        lacks = f": {_core.runtime.bfloat16_lacks()}" if lost[0] == MIXED else ""
        _screen.warn(f"load_model: {lost[0]} is not computed with{lacks}; the model uses float32")
    known = {_dtype(name) for name in names}
    return next((name for name in ("float64", MIXED) if name in known), "float32")

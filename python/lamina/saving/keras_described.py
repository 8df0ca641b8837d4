"""Settings in the format of Keras 3: objects by module and class, functions by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina._answers import is_own
from lamina._settings import argument_names, class_name, custom, registered
from lamina.layers import HashedCrossing, Hashing
from lamina.layers.preprocessing._codes import Coding
from lamina.saving import functions, keras_table, plain
from lamina.saving.registration import registered_name

# The modules of the objects in settings of these names.
_ENDINGS = {
    "initializer": "initializers", "regularizer": "regularizers", "constraint": "constraints",
    "activation": "activations", "learning_rate": "optimizers.schedules", "layer": "layers",
    "cell": "layers", "cells": "layers", "optimizer": "optimizers", "loss": "losses",
    "metrics": "metrics",
}  # fmt: skip
# Activations whose settings Keras stores in layers.
_LAYERS = ("ELU", "LeakyReLU", "ReLU", "Softmax")


# Layers whose indices Keras refuses to read with a floating-point type.
_HASHES = (Hashing, HashedCrossing)


class LostError(Exception):
    """Something that files of Keras cannot store; the text names it."""


class Describer:
    """Create Keras's descriptions of lamina's objects.

    Attributes
    ----------
    dtype : str
        Of the model.
    lost : dict of str to str
        Functions that must be given when the file is loaded, and the objects that hold them.
    """

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.lost: dict[str, str] = {}

    # --- values

    def value(self, value: Any, name: str, who: str) -> Any:
        """Return the setting ``name`` of ``who`` as Keras's JSON."""
        if value is None or isinstance(value, (bool, str)) or type(value) is int:
            return value
        if isinstance(value, (float, np.floating)):
            return self._number(float(value), name, who)
        if isinstance(value, (np.integer, np.bool_)):
            return value.item()
        if isinstance(value, (list, tuple)):
            return [self.value(each, name, who) for each in value]
        if isinstance(value, Mapping):
            if {"class_name", "config"} <= value.keys() and isinstance(value["class_name"], str):
                return self.described(value, name, who)
            return {str(key): self.value(each, name, who) for key, each in value.items()}
        return self._other(value, name, who)

    @staticmethod
    def _number(value: float, name: str, who: str) -> float:
        if not math.isfinite(value):
            raise LostError(f"{who}: {name} is {value}, which is not a JSON number")
        return value

    def _other(self, value: Any, name: str, who: str) -> Any:
        if isinstance(value, np.ndarray):
            if value.dtype.kind in "UO":
                return value.tolist()
            config = {"value": value.tolist(), "dtype": value.dtype.name}
            return {"class_name": "__numpy__", "config": config}
        if isinstance(value, bytes):
            return {"class_name": "__bytes__", "config": {"value": value.decode()}}
        if isinstance(value, slice):
            parts = {n: self.value(getattr(value, n), name, who) for n in ("start", "stop", "step")}
            return {"class_name": "__slice__", "config": parts}
        if value is Ellipsis:
            return {"class_name": "__ellipsis__", "config": {}}
        if isinstance(value, np.dtype):
            return value.name
        if hasattr(value, "get_config") and not isinstance(value, type):
            return self._own(value, who) or self.described(plain.described(value), name, who)
        if callable(value):
            return self.function(value, name, who)
        raise LostError(f"{who}: {name} holds {value!r:.80}, which JSON cannot represent")

    # --- objects

    def described(self, told: Mapping[str, Any], name: str, who: str) -> Any:
        """Return Keras's description for ``{"class_name", "config"}`` of lamina's."""
        kind, config = str(told["class_name"]), told["config"]
        if kind == "function":
            return self._named(dict(told), name, who)
        if kind.startswith("__"):
            return self.value(plain.restored(told), name, who)
        room = next((r for end, r in _ENDINGS.items() if name.endswith(end)), "")
        if room == "activations":
            return self._activation(kind, config, who)
        if custom(kind) is not None:
            return self.own_class(custom(kind), kind, self.settings(config, kind, who))
        return self.public(kind, config, room, who)

    def public(self, kind: str, config: Mapping[str, Any], room: str, who: str) -> dict[str, Any]:
        """Return the description of an object of one of the library's own classes."""
        found = keras_table.room_of(kind, room)
        if found is None:
            own = any(keras_table.own_class(r, kind) for r in keras_table.ROOMS)
            if own:
                raise LostError(f"{who}: Keras has no {kind}")
            return self.own_class(None, kind, self.settings(config, kind, who))
        return {
            "module": f"keras.{found}",
            "class_name": kind,
            "config": self.taken(kind, found, config, who),
            "registered_name": None,
        }

    def taken(self, kind: str, room: str, config: Mapping[str, Any], who: str) -> dict[str, Any]:
        """Return the settings of a public class; those that Keras lacks must have no effect."""
        takes = keras_table.arguments(room, kind) or frozenset()
        if room in ("losses", "metrics") and "dtype" in config:
            config = {**config, "dtype": self.dtype}  # Keras has no dtype of sums like lamina's
        for name, value in config.items():
            if name not in takes and not _says_nothing(room, kind, name, value):
                raise LostError(
                    f"{who}: {name}={value!r:.60} of {kind} has no counterpart in Keras"
                )
        return {
            name: self.value(value, name, who) for name, value in config.items() if name in takes
        }

    def settings(self, config: Any, kind: str, who: str) -> dict[str, Any]:
        """Return the configuration of a custom class."""
        if not isinstance(config, Mapping):
            raise LostError(f"{who}: the configuration of {kind} must be a mapping")
        return {str(name): self.value(value, str(name), who) for name, value in config.items()}

    def own_class(self, cls: Any, kind: str, config: dict[str, Any]) -> dict[str, Any]:
        """Return the description of an object of a custom class."""
        module = getattr(cls, "__module__", None)
        return {
            "module": None if module == "__main__" else module,
            "class_name": getattr(cls, "__name__", kind),
            "config": config,
            "registered_name": (None if cls is None else registered_name(cls)) or kind,
        }

    def _own(self, value: Any, who: str) -> dict[str, Any] | None:
        cls = type(value)
        if is_own(cls):
            return None
        config = value.get_config()
        return self.own_class(cls, class_name(cls), self.settings(config, cls.__name__, who))

    # --- activations and functions

    def _activation(self, kind: str, config: Mapping[str, Any], who: str) -> Any:
        if custom(kind) is not None:
            return self.own_class(custom(kind), kind, self.settings(config, kind, who))
        if kind == "Function":
            return self.value(config["function"], "function", who)
        cls = keras_table.own_class("activations", kind)
        if cls is None:
            return self.own_class(None, kind, self.settings(config, kind, who))
        usual = {k: v for k, v in config.items() if _says_nothing("activations", kind, k, v)}
        if len(usual) == len(config) and keras_table.is_activation(cls.name):
            return cls.name
        if kind in _LAYERS:
            return self.public(kind, config, "layers", who)
        changed = ", ".join(f"{k}={v!r}" for k, v in config.items() if k not in usual)
        raise LostError(f"{who}: the activation {kind}({changed}) has no counterpart in Keras")

    def policy(self, thing: Any) -> dict[str, Any]:
        """Return the dtypes of the computations and weights of a layer or a model."""
        return {
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": _policy_name(thing)},
            "registered_name": None,
        }

    def function(self, function: Any, name: str, who: str) -> dict[str, Any]:
        """Return the description of a Python function, by name."""
        if hasattr(function, "as_layer") or isinstance(function, type):
            raise LostError(f"{who}: {name} holds {function!r:.60}, which JSON cannot represent")
        return self._named(functions.described(function, who), name, who, function)

    def _named(
        self, told: Mapping[str, Any], name: str, who: str, function: Any = None
    ) -> dict[str, Any]:
        called, room = str(told["config"]), told.get("room")
        if room is not None:
            module: Any = f"keras.{room}"
            if room in ("losses", "metrics"):
                module = "builtins"  # where Keras looks for these
            if room == "ops" and keras_table.is_activation(called):
                module = "keras.activations"
        else:
            function = registered.get(called, function)
            module = getattr(function, "__module__", None)
        if told.get("lost"):
            if getattr(function, "__name__", "<lambda>") == "<lambda>":
                raise LostError(
                    f"{who}: {name} is a function without a name, and its code is not saved; "
                    f"define it by def, or make a layer of your own"
                )
            self.lost[called] = who
        return {
            # Not "builtins" for a program's function: of that module Keras takes its own first.
            "module": "__main__" if module is None else module,
            "class_name": "function",
            "config": called,
            "registered_name": called,
        }


def _policy_name(thing: Any) -> str:
    """Return the name of the policy by which Keras knows a layer or a model."""
    if isinstance(thing, Coding) and thing._integers is not None:
        return thing._integers
    if isinstance(thing, _HASHES) and thing.output_mode == "int":
        return "int64"
    return str(thing.dtype_policy.name)


def _says_nothing(room: str, kind: str, name: str, value: Any) -> bool:
    """Return whether a setting has its default value."""
    import inspect

    cls = keras_table.own_class(room, kind)
    if room == "layers" and name == "trainable":
        return True  # such layers have no weights
    if cls is None or value is None:
        return value is None
    if name not in (*argument_names(cls), "name"):
        return False
    default = inspect.signature(cls).parameters.get(name)
    made = None if default is None else default.default
    return made == value or (made is inspect.Parameter.empty and value is None)

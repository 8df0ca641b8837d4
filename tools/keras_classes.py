"""Write the arguments of the installed Keras's classes: lamina/saving/keras_classes.json.

``KERAS_BACKEND=jax python tools/keras_classes.py``.  Files for Keras are written according to this
list: Keras cannot read anything else.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
from keras.src import ops
from keras.src.ops.operation import Operation
from keras.src.utils.naming import to_snake_case

FILE = Path(__file__).parents[1] / "python" / "lamina" / "saving" / "keras_classes.json"
ROOMS = (
    "layers", "losses", "metrics", "optimizers", "optimizers.schedules", "initializers",
    "regularizers", "constraints",
)  # fmt: skip
MODULES = ("numpy", "nn", "core", "linalg", "image", "math")  # modules whose operations are classes


def names_of(function: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters, except ``self`` and variable ones."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return [p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def taken(cls: type) -> list[str]:
    """Return the arguments of the constructor, including those passed on to its bases."""
    found: dict[str, None] = {}
    for base in cls.__mro__:
        if "__init__" in vars(base):
            found.update(dict.fromkeys(names_of(vars(base)["__init__"])))
            parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
            if not any(p.kind is p.VAR_KEYWORD for p in parameters):
                break
    return list(found)


def classes() -> dict[str, str]:
    """Return the arguments of each public class, by module and name."""
    found = {}
    for room in ROOMS:
        module: Any = keras
        for part in room.split("."):
            module = getattr(module, part)
        for name in sorted(dir(module)):
            cls = getattr(module, name)
            if isinstance(cls, type) and not name.startswith("_"):
                found[f"{room}.{name}"] = " ".join(taken(cls))
    return found


def operations() -> dict[str, str]:
    """Return for each function of ``keras.ops`` its module, its class and their arguments.

    "module.Class: settings / arguments" are those of its constructor and of its call.
    """
    found = {}
    for name, cls in _operations():
        function = to_snake_case(name)
        if hasattr(keras.ops, function):
            made, called = names_of(cls.__init__), names_of(cls.call)
            settings = [n for n in made if n != "name"]
            line = f"{cls.__module__}.{name}: {' '.join(settings)} / {' '.join(called)}"
            found[function] = line
    return dict(sorted(found.items()))


def _operations() -> Iterator[tuple[str, Any]]:
    for module in MODULES:
        for name, cls in vars(getattr(ops, module)).items():
            if isinstance(cls, type) and issubclass(cls, Operation) and cls is not Operation:
                yield name, cls


def renamed() -> dict[str, str]:
    """Return the classes of layers whose names in the code differ from their public names."""
    public = {name: cls for name, cls in vars(keras.layers).items() if isinstance(cls, type)}
    return {n: c.__name__ for n, c in sorted(public.items()) if c.__name__ not in public}


def told() -> dict[str, bool]:
    """Return the default of ``training`` in calls of layers, which Keras records."""
    found = {}
    for name, cls in sorted(vars(keras.layers).items()):
        call = getattr(cls, "call", None) if isinstance(cls, type) else None
        parameter = inspect.signature(call).parameters.get("training") if call else None
        if parameter is not None and isinstance(parameter.default, bool):
            found[name] = parameter.default
    return found


def activations() -> str:
    """Return the names of the activation functions."""
    public = [n for n in dir(keras.activations) if not n.startswith("_")]
    return " ".join(n for n in public if n not in ("deserialize", "get", "serialize"))


def listed() -> dict[str, Any]:
    """Return the whole list."""
    return {
        "version": keras.__version__,
        "classes": classes(),
        "renamed": renamed(),
        "training": told(),
        "operations": operations(),
        "activations": activations(),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(listed(), indent=1) + "\n")

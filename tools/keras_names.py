"""Write the public names of the installed Keras: tests/keras_names.json.

``KERAS_BACKEND=jax python tools/keras_names.py``.  The tests check that lamina has each of them, or
says what to use instead.
"""

from __future__ import annotations

import inspect
import json
import types
from pathlib import Path
from typing import Any

import keras

FILE = Path(__file__).parents[1] / "tests" / "keras_names.json"
DEEP = ("backend", "optimizers.schedules")  # modules whose names are listed too
CLASSES = {
    "Model": keras.Model,
    "Sequential": keras.Sequential,
    "layers.Layer": keras.layers.Layer,
    "optimizers.Optimizer": keras.optimizers.Optimizer,
    "optimizers.schedules.LearningRateSchedule": keras.optimizers.schedules.LearningRateSchedule,
    "losses.Loss": keras.losses.Loss,
    "metrics.Metric": keras.metrics.Metric,
    "callbacks.Callback": keras.callbacks.Callback,
    "callbacks.History": keras.callbacks.History,
    "initializers.Initializer": keras.initializers.Initializer,
    "regularizers.Regularizer": keras.regularizers.Regularizer,
    "layers.SymbolicTensor": keras.KerasTensor,
}
METHODS = ("compile", "fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "summary",
           "predict_on_batch", "get_layer", "build")  # fmt: skip


def public(holder: Any) -> list[str]:
    """Return the names that do not begin with an underscore."""
    return sorted(name for name in dir(holder) if not name.startswith("_"))


def rooms() -> dict[str, list[str]]:
    """Return the names of each public module, by its path below ``keras``."""
    found: dict[str, list[str]] = {}
    waiting: list[tuple[str, Any]] = [("", keras)]
    while waiting:
        path, module = waiting.pop()
        names = [n for n in public(module) if n != "src"]
        found[path] = names
        for name in names:
            below = getattr(module, name)
            inner = f"{path}.{name}".lstrip(".")
            if isinstance(below, types.ModuleType) and below.__name__ == f"keras.{inner}":
                waiting.append((inner, below))
    return dict(sorted(found.items()))


def arguments(function: Any) -> list[str]:
    """Return the names of the parameters that can be passed by keyword."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind in kinds and p.name != "self"]


def constructors() -> dict[str, list[str]]:
    """Return the arguments of each class from which users make objects, by module."""
    found = {}
    for room in ("layers", "losses", "metrics", "optimizers", "callbacks", "initializers",
                 "regularizers", "optimizers.schedules"):  # fmt: skip
        module: Any = keras
        for part in room.split("."):
            module = getattr(module, part)
        for name in public(module):
            cls = getattr(module, name)
            if isinstance(cls, type):
                found[f"{room}.{name}"] = arguments(cls.__init__)
    return found


def main() -> None:
    """Write the file."""
    names: dict[str, Any] = {
        "version": keras.__version__,
        "rooms": rooms(),
        "attributes": {path: public(cls) for path, cls in CLASSES.items()},
        "methods": {name: arguments(getattr(keras.Model, name)) for name in METHODS},
        "constructors": constructors(),
    }
    for table in names.values():
        if isinstance(table, dict):
            table.update({key: " ".join(listed) for key, listed in table.items()})
    FILE.write_text(json.dumps(names, indent=1) + "\n")


if __name__ == "__main__":
    main()

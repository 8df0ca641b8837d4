"""Repeating the calls of layers in Keras's descriptions of graphs."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any

from lamina._answers import is_own
from lamina.saving import keras_table
from lamina.saving.keras_config import plain

OPERATIONS = "keras.src.ops."  # prefix of the modules of operations

Calls = Mapping[str, list[Any]]  # by a layer's name: the results of its calls


def call_all(
    made: Mapping[str, Any], calls: Calls, waiting: list[tuple[str, Mapping[str, Any]]]
) -> None:
    """Call layers as the nodes say, each once its inputs are available."""
    while waiting:
        left, blocked = [], set()  # calls of the same layer keep their order
        for name, node in waiting:
            ready = all(len(calls[r[0]]) > r[1] for r in _references(calls, node))
            if name in blocked or not ready:
                left.append((name, node))
                blocked.add(name)
                continue
            args = _filled(calls, node.get("args", []))
            kwargs = _filled(calls, node.get("kwargs", {}))
            kwargs = {k: v for k, v in kwargs.items() if v is not None}
            if "training" not in node and kwargs.get("training") is _told(made[name]):
                kwargs.pop("training", None)
            calls[name].append(made[name](*args, **kwargs))
        if len(left) == len(waiting):
            names = ", ".join(name for name, _ in left)
            raise ValueError(f"the calls of these layers form a cycle: {names:.200}")
        waiting = left


def _told(layer: Any) -> bool | None:
    """Return the default of a call's ``training``, which Keras's files also contain."""
    cls = type(layer)
    if is_own(cls):
        return keras_table.told(cls.__name__)
    try:
        default = inspect.signature(cls.call).parameters["training"].default
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return default if isinstance(default, bool) else None


def tensors_of(calls: Calls, references: Any, graphs: Collection[str]) -> Any:
    """Return the tensors for a reference, or for a structure of references.

    ``graphs`` are the models that are graphs: Keras counts one more call for these, their own.
    """
    if isinstance(references, Mapping):
        if references.get("class_name") == "__tuple__":
            return tuple(tensors_of(calls, r, graphs) for r in references["config"])
        return {key: tensors_of(calls, r, graphs) for key, r in references.items()}
    if references and isinstance(references[0], str):
        name, call, output = references
        before = name in graphs and type(call) is int
        return _output(calls, [name, call - 1 if before else call, output])
    return [tensors_of(calls, r, graphs) for r in references]


def _references(calls: Calls, value: Any) -> list[Any]:
    if isinstance(value, list):
        return [r for each in value for r in _references(calls, each)]
    if not isinstance(value, Mapping):
        return []
    if value.get("class_name") == "__keras_tensor__":
        reference = value["config"]["keras_history"]
        _check_known(calls, reference)
        return [reference]
    return [r for each in value.values() for r in _references(calls, each)]


def _check_known(calls: Calls, reference: Any) -> None:
    name, call, output = reference
    if name not in calls:
        raise ValueError(f"a call reads {name!r:.80}, which is not a layer of the model")
    if type(call) is not int or type(output) is not int or call < 0 or output < 0:
        raise ValueError(f"a call reads {reference!r:.80}, which is not an output")


def _filled(calls: Calls, value: Any) -> Any:
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


def _output(calls: Calls, reference: Any) -> Any:
    from lamina._tensors.arguments import flat

    _check_known(calls, reference)
    name, call, output = reference
    outputs = flat(calls[name][call]) if call < len(calls[name]) else []
    if output >= len(outputs):
        raise ValueError(f"no layer has the output {reference!r:.80} (name, call, output)")
    return outputs[output]

"""The arguments of a call, with placeholders for tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np


class Place:
    """Stands for one of a call's tensors."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def __repr__(self) -> str:
        """Return its index."""
        return f"<tensor {self.index}>"


class Arguments:
    """The arguments of a call, with its tensors taken out.

    Parameters
    ----------
    args : sequence
    kwargs : mapping
        Lists, tuples and dicts are searched at any depth.
    is_tensor : callable
        Returns whether a value is to be taken out.

    Attributes
    ----------
    tensors : list
        The tensors taken out, in order.
    """

    def __init__(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], is_tensor: Callable[[Any], bool]
    ) -> None:
        self.tensors: list[Any] = []

        def taken(value: Any) -> Any:
            if is_tensor(value):
                self.tensors.append(value)
                return Place(len(self.tensors) - 1)
            return None

        self.args = [mapped(value, taken) for value in args]
        self.kwargs = {name: mapped(value, taken) for name, value in kwargs.items()}

    @property
    def are_tensors(self) -> bool:
        """Whether the arguments are only tensors, none of them in a structure or by keyword."""
        return not self.kwargs and all(isinstance(value, Place) for value in self.args)

    def filled(self, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments with these tensors in their places."""

        def put(value: Any) -> Any:
            return tensors[value.index] if isinstance(value, Place) else None

        args = [mapped(value, put) for value in self.args]
        return args, {name: mapped(value, put) for name, value in self.kwargs.items()}

    def to_config(self) -> dict[str, Any]:
        """Return the arguments as plain values that can be written as JSON."""
        return {
            "args": [_plain(value) for value in self.args],
            "kwargs": {name: _plain(value) for name, value in self.kwargs.items()},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Arguments:
        """Return the arguments described by ``to_config``."""
        made = cls((), {}, lambda _: False)
        made.args = [_structured(value) for value in config["args"]]
        made.kwargs = {name: _structured(value) for name, value in config["kwargs"].items()}
        return made

    def forget_tensors(self) -> list[Any]:
        """Return the tensors, and keep only the placeholders."""
        tensors, self.tensors = self.tensors, []
        return tensors

    def places(self, name: str | int) -> list[int]:
        """Return the numbers of the tensors in one argument."""
        found: list[int] = []

        def note(value: Any) -> Any:
            if isinstance(value, Place):
                found.append(value.index)
                return value
            return None

        value = self.args[name] if isinstance(name, int) else self.kwargs[name]
        mapped(value, note)
        return found


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a structure with values replaced by ``change(value)``, unless that is None."""
    changed = change(value)
    if changed is not None:
        return changed
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(v, change) for v in value))
    if type(value) in (list, tuple):
        return type(value)(mapped(v, change) for v in value)
    if isinstance(value, dict):
        return {key: mapped(v, change) for key, v in value.items()}
    return value


def flat(value: Any) -> list[Any]:
    """Return the leaves of lists, tuples and dicts, in order."""
    if isinstance(value, (list, tuple)):
        return [leaf for v in value for leaf in flat(v)]
    if isinstance(value, dict):
        return [leaf for v in value.values() for leaf in flat(v)]
    return [value]


def packed(form: Any, leaves: Sequence[Any]) -> Any:
    """Return the leaves in the structure of ``form``."""
    rest = iter(leaves)

    def build(value: Any) -> Any:
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*(build(v) for v in value))
        if isinstance(value, (list, tuple)):
            return type(value)(build(v) for v in value)
        if isinstance(value, dict):
            return {key: build(v) for key, v in value.items()}
        return next(rest)

    return build(form)


# --- plain values: types that JSON lacks are written as {"kind": value}


def _plain(value: Any) -> Any:
    if isinstance(value, Place):
        return {"tensor": value.index}
    if isinstance(value, slice):
        return {"slice": [_plain(v) for v in (value.start, value.stop, value.step)]}
    if value is Ellipsis:
        return {"ellipsis": None}
    if isinstance(value, tuple):
        return {"tuple": [_plain(v) for v in value]}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {"dict": {key: _plain(v) for key, v in value.items()}}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name}
    return value


def _number_type(name: Any) -> np.dtype[Any]:
    """Return a numeric type by its name; other types may have elements of any size."""
    kind: np.dtype[Any] = np.dtype(name)
    if kind.kind not in "biuf" or kind.itemsize > 8:
        raise ValueError(f"arguments are arrays of numbers; got dtype {name!r:.80}")
    return kind


def _structured(value: Any) -> Any:
    if isinstance(value, list):
        return [_structured(v) for v in value]
    if not isinstance(value, Mapping):
        return value
    (kind, held), *more = value.items()
    if kind == "array":
        return np.array(held, _number_type(dict(more)["dtype"]))
    if kind == "dict":
        return {key: _structured(v) for key, v in held.items()}
    if kind == "tensor":
        return Place(held)
    if kind == "slice":
        return slice(*(_structured(v) for v in held))
    return Ellipsis if kind == "ellipsis" else tuple(_structured(v) for v in held)

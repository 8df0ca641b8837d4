"""The arguments of a call, with places for the tensors among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


class Place:
    """Stands for one of a call's tensors."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def __repr__(self) -> str:
        """Return which one."""
        return f"<tensor {self.index}>"


class Arguments:
    """What a call was given, its tensors taken out.

    Parameters
    ----------
    args : sequence
    kwargs : mapping
        Lists, tuples and dicts are searched at any depth.
    is_tensor : callable
        Says of a value whether it is taken out.

    Attributes
    ----------
    tensors : list
        Those taken out, in order.
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

    def filled(self, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments with these tensors in their places."""

        def put(value: Any) -> Any:
            return tensors[value.index] if isinstance(value, Place) else None

        args = [mapped(value, put) for value in self.args]
        return args, {name: mapped(value, put) for name, value in self.kwargs.items()}

    def forget_tensors(self) -> list[Any]:
        """Return the tensors, and keep the places alone."""
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
    """Return a structure with what ``change`` returns in place of a value, unless it is None."""
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

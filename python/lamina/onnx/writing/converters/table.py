"""The functions that write the operations of the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lamina.onnx.writing.translation import Translation, Value


@dataclass(frozen=True)
class Asked:
    """An operation to be written.

    Attributes
    ----------
    arguments : dict
        By name: settings, and for tensors ``Value``.
    shapes : list of tuple
        Of the outputs; of a row if they have rows.
    rows : bool
        Whether the outputs have rows.
    kinds : list of str
        "float", "int32" or "bool", by output.
    wanted : list of bool
        Whether each output is used.
    """

    arguments: dict[str, Any]
    shapes: list[tuple[int, ...]]
    rows: bool
    kinds: list[str]
    wanted: list[bool]

    def __getitem__(self, name: str) -> Any:
        """Return an argument."""
        return self.arguments[name]

    @property
    def x(self) -> Value:
        """The argument ``x`` of most operations."""
        return self.arguments["x"]  # type: ignore[no-any-return]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first output."""
        return self.shapes[0]


# A function that returns the name of the output, or a list of names.
Converter = Callable[[Translation, Asked], Any]
CONVERTERS: dict[str, Converter] = {}


def converts(*kinds: str) -> Callable[[Converter], Converter]:
    """Return a decorator that registers a function for operations of the engine."""

    def take(function: Converter) -> Converter:
        for kind in kinds:
            CONVERTERS[kind] = function
        return function

    return take

"""Which function writes which operation of the engine."""

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
        Of the outputs, of a row where they have rows.
    rows : bool
        Whether the outputs have rows.
    kinds : list of str
        "float", "int32" or "bool", by output.
    wanted : list of bool
        Which outputs anything reads.
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
        """The argument that most operations have."""
        return self.arguments["x"]  # type: ignore[no-any-return]

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the first output."""
        return self.shapes[0]


# Returns the name of the output, or a list of them.
Converter = Callable[[Translation, Asked], Any]
CONVERTERS: dict[str, Converter] = {}


def converts(*kinds: str) -> Callable[[Converter], Converter]:
    """Let a function write operations of the engine."""

    def take(function: Converter) -> Converter:
        for kind in kinds:
            CONVERTERS[kind] = function
        return function

    return take

"""A graph that keeps the list of all operations that were requested.

The engine fuses the operations of a model, computes known values in advance, and drops unused ones.
Other programs do that in their own ways, so they are given the original operations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lamina import _core
from lamina._tensors import Recording


@dataclass(frozen=True, eq=False)
class Call:
    """One operation that was recorded.

    Attributes
    ----------
    kind : str
        The engine's name of it (``_core.operations()``), or "input", "parameter", "constant",
        "expression", "python", "state", "carry" and, for a weight that is replaced by another
        value, "stop_gradient".
    arguments : dict
        By name, including defaults.
    outputs : list of _core.Tensor
    layer : str
        The layer that recorded it, with its enclosing layers; "" for the model itself.
    by : str
        The name of that layer's class.
    """

    kind: str
    arguments: dict[str, Any]
    outputs: list[_core.Tensor]
    layer: str = ""
    by: str = ""


class Listening(_core.Graph):
    """A graph under construction, with the list of recorded operations.

    Attributes
    ----------
    calls : list of Call
    """

    def __init__(self, dtype: str) -> None:
        super().__init__(dtype)
        self.calls: list[Call] = []
        self._within: list[str] = []
        self._stand_ins: dict[int, _core.Tensor] = {}

    def _keep(self, kind: str, arguments: dict[str, Any], made: Any) -> Any:
        outputs = made if isinstance(made, list) else [made]
        now = Recording.current()
        layer = "/".join(self._within) or (now.name if now is not None else "")
        by = type(now.layers[-1]).__name__ if now is not None and now.layers else ""
        self.calls.append(Call(kind, arguments, outputs, layer, by))
        return made

    def enter(self, name: str) -> None:
        """Begin to record a layer."""
        self._within.append(name)
        super().enter(name)

    def leave(self) -> None:
        """End the layer that ``enter`` began."""
        super().leave()
        self._within.pop()

    # --- other values than operations

    def input(self, shape: Any, name: str = "", dtype: str = "float") -> _core.Tensor:
        """Make an input."""
        made = super().input(shape, name, dtype)
        return self._keep("input", {"name": name}, made)  # type: ignore[no-any-return]

    def constant(self, array: Any) -> _core.Tensor:
        """Make a constant."""
        made = super().constant(array)
        return self._keep("constant", {"array": array.copy()}, made)  # type: ignore[no-any-return]

    def parameter(self, parameter: Any, own: bool = False) -> _core.Tensor:
        """Make the slot of a weight, or return its replacement."""
        made = super().parameter(parameter, own=own)
        other = None if own else self._stand_ins.get(id(parameter))
        if other is not None:
            return self._keep("stop_gradient", {"x": other}, made)  # type: ignore[no-any-return]
        return self._keep("parameter", {"parameter": parameter}, made)  # type: ignore[no-any-return]

    def stand_in(self, parameter: Any, tensor: Any) -> None:
        """Let ``parameter`` return a tensor."""
        super().stand_in(parameter, tensor)
        if tensor is None:
            self._stand_ins.pop(id(parameter), None)
        else:
            self._stand_ins[id(parameter)] = tensor

    def state(self, state: Any, name: str = "") -> _core.Tensor:
        """Make an initial state of a batch."""
        made = super().state(state, name)
        return self._keep("state", {"state": state}, made)  # type: ignore[no-any-return]

    # --- operations that are not registered by name

    def expression(
        self, instructions: Any, inputs: Any, dtype: str | None = None, name: str = ""
    ) -> _core.Tensor:
        """Record a chain of element-wise operations."""
        made = super().expression(instructions, inputs, dtype, name)
        arguments = {"instructions": list(instructions), "inputs": list(inputs), "dtype": dtype}
        return self._keep("expression", arguments, made)  # type: ignore[no-any-return]

    def python(
        self, inputs: Any, shape: Any, forward: Any, backward: Any, name: str = ""
    ) -> _core.Tensor:
        """Record a function of arrays."""
        made = super().python(inputs, shape, forward, backward, name)
        return self._keep("python", {"inputs": list(inputs)}, made)  # type: ignore[no-any-return]

    def record(self, operation: str, *args: Any, **kwargs: Any) -> Any:
        """Record an operation by name."""
        own = getattr(self, operation, None)
        if operation in _OPERATIONS and own is not None:
            return own(*args, **kwargs)
        return super().record(operation, *args, **kwargs)  # raises the error


_OPERATIONS: dict[str, Any] = _core.operations()


def _listened(kind: str) -> Callable[..., Any]:
    record = getattr(_core.Graph, kind)
    described: dict[str, dict[str, Any]] = _OPERATIONS[kind]["arguments"]
    names = list(described)
    defaults = {name: each["default"] for name, each in described.items() if "default" in each}

    def recorded(self: Listening, *args: Any, **kwargs: Any) -> Any:
        made = record(self, *args, **kwargs)
        given = {**defaults, **dict(zip(names, args, strict=False)), **kwargs}
        given.pop("name", None)
        return self._keep(kind, given, made)

    recorded.__name__, recorded.__doc__ = kind, record.__doc__
    return recorded


for _kind in _OPERATIONS:
    setattr(Listening, _kind, _listened(_kind))

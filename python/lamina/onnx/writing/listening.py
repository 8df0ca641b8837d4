"""A graph that keeps what it was asked to record, operation by operation.

The engine fuses what a model records, calculates ahead what is known, and drops what nobody reads.
Other programs have operations of their own to do that with, so they are given what was asked for.
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
        "expression", "python", "state", "carry" and, for a weight that another value stands for,
        "stop_gradient".
    arguments : dict
        By name, with the defaults of those that were not given.
    outputs : list of _core.Tensor
    layer : str
        Which layer asked, with the layers it is within; "" where the model itself did.
    by : str
        The name of that layer's class.
    """

    kind: str
    arguments: dict[str, Any]
    outputs: list[_core.Tensor]
    layer: str = ""
    by: str = ""


class Listening(_core.Graph):
    """A graph under construction, with the list of what was recorded.

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
        """End what ``enter`` began."""
        super().leave()
        self._within.pop()

    # --- what is no operation

    def input(self, shape: Any, name: str = "", dtype: str = "float") -> _core.Tensor:
        """Make an input."""
        made = super().input(shape, name, dtype)
        return self._keep("input", {"name": name}, made)  # type: ignore[no-any-return]

    def constant(self, array: Any) -> _core.Tensor:
        """Make a constant."""
        made = super().constant(array)
        return self._keep("constant", {"array": array.copy()}, made)  # type: ignore[no-any-return]

    def parameter(self, parameter: Any, own: bool = False) -> _core.Tensor:
        """Make the slot of a weight, or return what stands in for it."""
        made = super().parameter(parameter, own=own)
        other = None if own else self._stand_ins.get(id(parameter))
        if other is not None:
            return self._keep("stop_gradient", {"x": other}, made)  # type: ignore[no-any-return]
        return self._keep("parameter", {"parameter": parameter}, made)  # type: ignore[no-any-return]

    def stand_in(self, parameter: Any, tensor: Any) -> None:
        """Let a tensor be what ``parameter`` returns."""
        super().stand_in(parameter, tensor)
        if tensor is None:
            self._stand_ins.pop(id(parameter), None)
        else:
            self._stand_ins[id(parameter)] = tensor

    def state(self, state: Any, name: str = "") -> _core.Tensor:
        """Make what a batch begins with."""
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
        return super().record(operation, *args, **kwargs)  # says that there is none


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

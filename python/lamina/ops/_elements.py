"""How element-wise operations align their operands and find the type of their result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina._tensors.given import all_rows, by_rows, current, given
from lamina._tensors.recording import NeedsRows
from lamina._tensors.tensor import Tensor

Instruction = tuple[Any, ...]


def scalar(value: Any) -> bool:
    """Return whether the value is a Python number, whose type gives way to its partner's."""
    return isinstance(value, (bool, int, float))


def elementwise(op: str, *operands: Any, dtype: str | None = None) -> Tensor:
    """Record one element-wise operation of the engine, by NumPy's broadcasting.

    ``dtype`` is "float", "int32" or "bool"; by default truth values where the operation gives
    them, and else floats.
    """
    tensors: list[Tensor] = []
    instruction: list[Any] = [op]
    numbers = all(scalar(operand) for operand in operands)
    for operand in operands:
        if scalar(operand) and not numbers:
            instruction.append(float(operand))
        else:
            instruction.append(len(tensors))
            tensors.append(given(operand))
    now = current()
    values = [tensor.value for tensor in aligned(tensors)]
    return Tensor(now, now.graph.expression([tuple(instruction)], values, dtype, now.name))


def arithmetic(op: str, *operands: Any) -> Tensor:
    """Record an operation of numbers: integers stay integers where all operands are."""
    operands = tuple(op if scalar(op) else given(op) for op in operands)
    return elementwise(op, *operands, dtype=kind_of(operands))


def kind_of(operands: Sequence[Any]) -> str:
    """Return "float" if any operand has floats, else "int32"."""
    floats = any(
        isinstance(op, float) if scalar(op) else op.dtype.startswith("float") for op in operands
    )
    return "float" if floats else "int32"


def aligned(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return tensors that broadcast as NumPy says, row by row where that can be.

    The engine broadcasts rows and what has none a row at a time.  Where the rows' axis would meet
    another axis, all become values without rows: that takes a recording that knows how many.
    """
    rank = max((t.ndim for t in tensors), default=0)
    if not any(t.rows for t in tensors):
        return list(tensors)
    if any(t.rows and t.ndim < rank for t in tensors):
        return [all_rows(t) for t in tensors]
    return [t if t.rows or t.ndim < rank else _without_rows(t) for t in tensors]


def _without_rows(tensor: Tensor) -> Tensor:
    # As many axes as its partners with rows: the first is that of the rows, or one for all.
    if tensor.shape[0] == 1:
        graph = tensor.recording.graph
        return Tensor(tensor.recording, graph.reshape(tensor.value, tensor.shape[1:]))
    if tensor.recording.rows is None:
        raise NeedsRows
    return by_rows(tensor)

"""How element-wise operations align their operands and determine the type of their result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina._tensors.given import all_rows, by_rows, current, given
from lamina._tensors.recording import NeedsRows
from lamina._tensors.tensor import Tensor

Instruction = tuple[Any, ...]

# What arithmetic operations mean for booleans.
OF_TRUTHS = {
    "add": "logical_or", "maximum": "logical_or",
    "multiply": "logical_and", "minimum": "logical_and",
}  # fmt: skip


def scalar(value: Any) -> bool:
    """Return whether the value is a Python number, which takes the type of the other operand."""
    return isinstance(value, (bool, int, float))


def elementwise(op: str, *operands: Any, dtype: str | None = None) -> Tensor:
    """Record one element-wise operation of the engine, with NumPy's broadcasting.

    ``dtype`` is "float", "int32" or "bool"; by default bool if the operation returns booleans,
    otherwise float.
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
    """Record an arithmetic operation: the result is of integers if all operands are.

    Sums, products, and the larger or smaller of booleans are booleans, as in NumPy.
    """
    operands = tuple(op if scalar(op) else given(op) for op in operands)
    if op in OF_TRUTHS and joint_kind(operands) == "bool":
        return elementwise(OF_TRUTHS[op], *operands)
    return elementwise(op, *operands, dtype=kind_of(operands))


def of_numbers(op: str, x: Any) -> Tensor:
    """Record an arithmetic operation on numbers; return booleans unchanged."""
    x = given(x)
    return x if x.dtype == "bool" else arithmetic(op, x)


def kind_of(operands: Sequence[Any]) -> str:
    """Return "float" if any operand has floats, else "int32"."""
    return "float" if joint_kind(operands) == "float" else "int32"


def joint_kind(operands: Sequence[Any]) -> str:
    """Return "float", "int32" or "bool": the type that can represent all operands."""
    kinds = {_kind(operand) for operand in operands}
    return "float" if "float" in kinds else "int32" if "int32" in kinds else "bool"


def _kind(operand: Any) -> str:
    if scalar(operand):
        return {float: "float", int: "int32"}.get(type(operand), "bool")
    return "float" if operand.dtype.startswith("float") else str(operand.dtype)


def kept(x: Any) -> Any:
    """Return a Python number unchanged, anything else as a tensor."""
    return x if scalar(x) else given(x)


def converted(x: Any, kind: str) -> Tensor:
    """Return x as a tensor of "float", "int32" or "bool"."""
    tensor = given(x)
    if _kind(tensor) == kind:
        return tensor
    if kind == "bool":
        return elementwise("not_equal", tensor, 0.0)
    # Towards 0, as in NumPy; booleans and integers are already integral.
    trunc = kind == "int32" and _kind(tensor) == "float"
    return elementwise("trunc" if trunc else "copy", tensor, dtype=kind)


def floats(x: Any) -> Tensor:
    """Return x as a tensor of floating-point numbers."""
    return converted(x, "float")


def numbers(x: Any) -> Tensor:
    """Return x as a numeric tensor: booleans become 0 and 1."""
    tensor = given(x)
    return converted(tensor, "int32") if tensor.dtype == "bool" else tensor


def alike(xs: Sequence[Any]) -> list[Tensor]:
    """Return tensors of the same type, which can represent all of them."""
    tensors = [given(x) for x in xs]
    kind = joint_kind(tensors)
    return [converted(tensor, kind) for tensor in tensors]


def aligned(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return tensors that broadcast as in NumPy, row by row where possible.

    The engine broadcasts tensors with and without rows one row at a time.  If the axis of rows
    would meet another axis, all become tensors without rows, which requires a recording with a
    known number.
    """
    rank = max((t.ndim for t in tensors), default=0)
    if not any(t.rows for t in tensors):
        return list(tensors)
    if any(t.rows and t.ndim < rank for t in tensors):
        return [all_rows(t) for t in tensors]
    return [t if t.rows or t.ndim < rank else _without_rows(t) for t in tensors]


def _without_rows(tensor: Tensor) -> Tensor:
    # As many axes as the operands with rows: the first is that of the rows, or one for all.
    if tensor.shape[0] == 1:
        graph = tensor.recording.graph
        return Tensor(tensor.recording, graph.reshape(tensor.value, tensor.shape[1:]))
    if tensor.recording.rows is None:
        raise NeedsRows
    return by_rows(tensor)

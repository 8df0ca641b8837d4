"""Products of matrices, and rows of tables."""

from __future__ import annotations

from lamina.onnx.writing.converters.functions import activated
from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.translation import Translation, Value


@converts("dense")
def dense(t: Translation, asked: Asked) -> str:
    """Write x kernel + bias."""
    x, kernel, bias = t.name_of(asked.x), t.name_of(asked["kernel"]), asked["bias"]
    if asked.x.rank == 2:
        y = t.node("Gemm", x, kernel, "" if bias is None else t.name_of(bias))
    else:
        y = t.node("MatMul", x, kernel)
        if bias is not None:
            y = t.node("Add", y, t.name_of(bias))
    return activated(t, y, asked["activation"], asked["alpha"])


@converts("matmul", "dot")
def matmul(t: Translation, asked: Asked) -> str:
    """Write products of the last two axes; those before broadcast."""
    pair = (asked["a"], asked["transpose_a"]), (asked["b"], asked["transpose_b"])
    return t.node("MatMul", *(_turned(t, x, transpose) for x, transpose in pair))


def _turned(t: Translation, x: Value, transpose: bool) -> str:
    axes = list(range(x.rank))
    if transpose:
        axes[-2:] = axes[:-3:-1]
    return t.transposed(t.name_of(x), axes)


@converts("embedding")
def embedding(t: Translation, asked: Asked) -> str:
    """Write rows of a table by token."""
    return t.node("Gather", t.name_of(asked["table"]), t.name_of(asked["ids"]), axis=0)

"""Products of matrices."""

from __future__ import annotations

from typing import Any

from lamina import ops
from lamina._tensors import Tensor
from lamina._tensors.given import given, record
from lamina.onnx.reading import forms
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.operators._elements import is_integer
from lamina.onnx.reading.registry import operator
from lamina.onnx.reading.views import rank


@operator("MatMul")
def matmul(_: Node, a: Any, b: Any) -> Any:
    """Return products of the matrices in the last two axes."""
    return product(a, b)


def product(a: Any, b: Any) -> Any:
    """Return products of matrices; for rows and one matrix, by the kernel of dense layers."""
    if isinstance(a, Tensor) and a.rows and a.ndim >= 2 and rank(b) == 2 and not is_integer(a):
        kernel = given(b)
        if not kernel.rows and kernel.dtype == a.dtype and a.shape[-1] == kernel.shape[0]:
            return record("dense", a, kernel, None)
    return ops.matmul(a, b)


def _gemm_form(node: Node, _: tuple[int, ...]) -> forms.Form | None:
    return forms.permuted(1, 0) if node.int("transB", 0) else None


@operator("Gemm", forms={1: _gemm_form})
def gemm(node: Node, a: Any, b: Any, c: Any = None) -> Any:
    """Return ``alpha a b + beta c``, each matrix as it is or transposed."""
    if rank(a) != 2 or rank(b) != 2:
        raise ValueError(f"inputs must be matrices; got {rank(a)} and {rank(b)} axes")
    if node.int("transA", 0):
        a = ops.transpose(a, (1, 0))
    alpha, beta = node.float("alpha", 1.0), node.float("beta", 1.0)
    if c is not None and beta != 1.0:
        c = ops.multiply(c, beta)
    kernel = given(b)
    rows = isinstance(a, Tensor) and a.rows and not is_integer(a) and not kernel.rows
    if rows and a.shape[-1] == kernel.shape[0]:
        if c is not None and alpha == 1.0:
            bias = given(c)
            if not bias.rows and tuple(bias.shape) == (kernel.shape[1],):
                return record("dense", a, kernel, bias)
        y = record("dense", a, kernel, None)
    else:
        y = ops.matmul(a, kernel)
    if alpha != 1.0:
        y = ops.multiply(y, alpha)
    return y if c is None else ops.add(y, c)


@operator("Einsum")
def einsum(node: Node, *xs: Any) -> Any:
    """Return sums of products given by an equation."""
    return ops.einsum(node.text("equation").replace(" ", ""), *xs)

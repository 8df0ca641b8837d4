"""Tensors for writing operations: recorded ones, weights, and their common base.

``lamina.ops`` contains the functions; a ``Recording`` is the graph to which they write.
"""

from __future__ import annotations

from lamina._tensors.arguments import Arguments
from lamina._tensors.recording import NeedsRows, Recording, RowCount, Rows
from lamina._tensors.tensor import Tensor
from lamina._tensors.variable import Variable

__all__ = ["Arguments", "NeedsRows", "Recording", "RowCount", "Rows", "Tensor", "Variable"]

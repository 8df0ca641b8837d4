"""Tensors that operations are written with: recorded ones, weights, and what they share.

``lamina.ops`` is the vocabulary; a ``Recording`` is what it writes to.
"""

from __future__ import annotations

from lamina._tensors.arguments import Arguments
from lamina._tensors.recording import NeedsRows, Recording, RowCount, Rows
from lamina._tensors.tensor import Tensor
from lamina._tensors.variable import Variable

__all__ = ["Arguments", "NeedsRows", "Recording", "RowCount", "Rows", "Tensor", "Variable"]

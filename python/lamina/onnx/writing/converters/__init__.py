"""A function for each operation of the engine, by families: ``CONVERTERS``."""

from lamina.onnx.writing.converters import (
    elementwise,
    functions,
    indexing,
    masks,
    moves,
    normalization,
    products,
    recurrent,
    reductions,
    refused,
    signals,
    warp,
    windows,
)
from lamina.onnx.writing.converters.table import CONVERTERS, Asked

__all__ = [
    "CONVERTERS",
    "Asked",
    "elementwise",
    "functions",
    "indexing",
    "masks",
    "moves",
    "normalization",
    "products",
    "recurrent",
    "reductions",
    "refused",
    "signals",
    "warp",
    "windows",
]

"""ONNX's operators written with ``lamina.ops``, one file for each family.

Each file adds its functions to the table of ``registry.py``.
"""

from lamina.onnx.reading.operators import (  # noqa: F401
    activations,
    attributes,
    comparisons,
    control,
    convolution,
    elementwise,
    indexing,
    learning,
    linear,
    normalization,
    pooling,
    quantization,
    recurrent,
    reductions,
    resizing,
    sampling,
    sequences,
    shaping,
    signals,
    tables,
)

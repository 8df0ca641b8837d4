"""Layers: they own weights and record operations, but compute nothing and hold no buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.layers import _listed
from lamina.layers.base.node import SymbolicTensor
from lamina.layers.core.input_layer import Input, InputLayer
from lamina.layers.core.python_layer import PythonLayer
from lamina.layers.layer import Layer
from lamina.layers.serialization import deserialize, serialize

if TYPE_CHECKING:
    from lamina.layers._listed import *  # noqa: F403

__all__ = [
    "Input",
    "InputLayer",
    "Layer",
    "PythonLayer",
    "SymbolicTensor",
    "deserialize",
    "serialize",
]
__all__ += _listed.__all__


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # imported on first use, which keeps `import lamina` fast
    __getattr__ = answering(
        __name__,
        {name: f"{__name__}.{module}:{name}" for name, module in _listed.MODULES.items()},
    )

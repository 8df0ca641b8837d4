"""Layers: they own weights and record operations; they never compute and never keep buffers."""

from __future__ import annotations

from lamina.layers.activation import Activation
from lamina.layers.dense import Dense
from lamina.layers.dropout import Dropout
from lamina.layers.flatten import Flatten
from lamina.layers.input_layer import Input, InputLayer
from lamina.layers.layer import Layer
from lamina.layers.normalization import Normalization
from lamina.layers.reshape import Reshape
from lamina.layers.serialization import deserialize, serialize

__all__ = [
    "Activation", "Dense", "Dropout", "Flatten", "Input", "InputLayer", "Layer",
    "Normalization", "Reshape", "deserialize", "serialize",
]  # fmt: skip

"""The weights of recurrent layers and cells: two kernels and a bias, each with all gates."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import initializers
from lamina._check import Array, Shape
from lamina.layers.base.weights import drawn_by


def gate_weights(layer: Any, inputs: Shape, states: Shape) -> tuple[Any, Any, Any]:
    """Make the kernels, given their axes before that of the gates, and the bias, if any."""
    columns = layer.gates * layer.units
    kernel = layer.add_weight(
        "kernel",
        (*inputs, columns),
        layer.kernel_initializer,
        regularizer=layer.kernel_regularizer,
        constraint=layer.kernel_constraint,
    )
    recurrent_kernel = layer.add_weight(
        "recurrent_kernel",
        (*states, columns),
        layer.recurrent_initializer,
        regularizer=layer.recurrent_regularizer,
        constraint=layer.recurrent_constraint,
    )
    if not layer.use_bias:
        return kernel, recurrent_kernel, None
    bias = layer.add_weight(
        "bias",
        layer.bias_shape,
        layer.first_bias,
        regularizer=layer.bias_regularizer,
        constraint=layer.bias_constraint,
    )
    return kernel, recurrent_kernel, bias


def first_bias(layer: Any, shape: Shape, dtype: str, rng: Any) -> Array:
    """Return the initial values of a layer's bias."""
    return np.array(drawn_by(layer.bias_initializer or initializers.Zeros(), shape, dtype, rng))


def first_lstm_bias(layer: Any, shape: Shape, dtype: str, rng: Any) -> Array:
    """Return those of an LSTM, with 1 for the forget gate if ``unit_forget_bias``."""
    bias = first_bias(layer, shape, dtype, rng)
    if layer.unit_forget_bias:
        bias[layer.units : 2 * layer.units] = 1.0
    return bias

"""The equations of one step of SimpleRNN, LSTM and GRU, which cells and layers share.

``own`` is a cell or a layer: its weights and settings are read.  ``drop(x, place)`` returns inputs
(place 0) or a state (1) after dropout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lamina import ops

Drop = Callable[[Any, int], Any]


def simple_rnn_step(own: Any, x: Any, states: Sequence[Any], drop: Drop) -> list[Any]:
    """Return the new state of the plain recurrent layer, which is also the output."""
    x, kept = drop(x, 0), drop(states[0], 1)
    z = _plus(ops.matmul(x, own.kernel), own.bias)
    return [own.activation(z + ops.matmul(kept, own.recurrent_kernel))]


def lstm_step(own: Any, x: Any, states: Sequence[Any], drop: Drop) -> list[Any]:
    """Return the new states of an LSTM, the output first."""
    h, c = states
    x, kept = drop(x, 0), drop(h, 1)
    z = ops.matmul(x, own.kernel) + ops.matmul(kept, own.recurrent_kernel)
    i, f, g, o = ops.split(_plus(z, own.bias), 4, axis=-1)
    gate = own.recurrent_activation
    c = gate(f) * c + gate(i) * own.activation(g)
    return [gate(o) * own.activation(c), c]


def gru_step(own: Any, x: Any, states: Sequence[Any], drop: Drop) -> list[Any]:
    """Return the new state of a GRU, which is also the output."""
    h = states[0]
    x, kept = drop(x, 0), drop(h, 1)
    of_x, of_h = (None, None) if own.bias is None else (own.bias, None)
    if own.reset_after and own.bias is not None:
        of_x, of_h = own.bias[0], own.bias[1]
    x_z, x_r, x_g = ops.split(_plus(ops.matmul(x, own.kernel), of_x), 3, axis=-1)
    gate, units = own.recurrent_activation, own.units
    if own.reset_after:
        inner = _plus(ops.matmul(kept, own.recurrent_kernel), of_h)
        h_z, h_r, h_g = ops.split(inner, 3, axis=-1)
        z, r = gate(x_z + h_z), gate(x_r + h_r)
        g = own.activation(x_g + r * h_g)
    else:
        gates = ops.matmul(kept, own.recurrent_kernel[:, : 2 * units])
        h_z, h_r = ops.split(gates, 2, axis=-1)
        z, r = gate(x_z + h_z), gate(x_r + h_r)
        inner = ops.matmul(r * kept, own.recurrent_kernel[:, 2 * units :])
        g = own.activation(x_g + inner)
    return [z * h + (1.0 - z) * g]


def _plus(x: Any, bias: Any) -> Any:
    return x if bias is None else x + bias

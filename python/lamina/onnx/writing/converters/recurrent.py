"""Recurrent layers: ONNX's RNN, LSTM and GRU, or otherwise a ``Scan`` of the steps.

ONNX's operators only support masks of steps at the end, and a few activations.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.onnx.writing.converters.moves import backwards
from lamina.onnx.writing.converters.steps import scanned
from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.sheet import Array
from lamina.onnx.writing.translation import CannotExpressError, Translation, Value

# ONNX's name, with alpha and beta if it has them; None means the setting.
_ACTIVATIONS: dict[str, tuple[str, list[float | None], list[float]]] = {
    "tanh": ("Tanh", [], []), "sigmoid": ("Sigmoid", [], []), "relu": ("Relu", [], []),
    "softsign": ("Softsign", [], []), "softplus": ("Softplus", [], []),
    "hard_sigmoid": ("HardSigmoid", [1 / 6], [0.5]), "elu": ("Elu", [None], []),
    "leaky_relu": ("LeakyRelu", [None], []), "linear": ("Affine", [1.0], [0.0]),
}  # fmt: skip

OPERATORS = {"simple_rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "gru_reset_before": "GRU"}
# The indices of Keras's gates in ONNX's order: i, f, c, o as i, o, f, c.
_GATES = {"simple_rnn": [0], "lstm": [0, 3, 1, 2], "gru": [0, 1, 2], "gru_reset_before": [0, 1, 2]}


@converts("recurrent")
def recurrent(t: Translation, asked: Asked) -> list[str]:
    """Write a recurrent layer: y, then with return_state h and, of an LSTM, c."""
    if asked["always"] and (asked["dropout"] or asked["recurrent_dropout"]):
        raise CannotExpressError("its dropout is also applied in inference")
    weights = [asked["kernel"], asked["recurrent_kernel"]]
    if asked["bias"] is not None:
        weights.append(asked["bias"])
    known = all(w.array is not None for w in weights)
    words = _ACTIVATIONS.keys() >= {asked["activation"], asked["recurrent_activation"]}
    if asked["mask"] is None and known and words:
        return _operator(t, asked)
    return scanned(t, asked)


def _operator(t: Translation, asked: Asked) -> list[str]:
    cell, lstm = asked["cell"], asked["cell"] == "lstm"
    units = asked["recurrent_kernel"].shape[0]
    x = t.name_of(asked.x)
    if asked["go_backwards"]:
        x = backwards(t, x, 1)
    states = [t.node("Unsqueeze", t.name_of(s), t.integers([0])) for s in asked["initial_state"]]
    own = {"linear_before_reset": int(cell == "gru")} if cell.startswith("gru") else {}
    sequences = asked["return_sequences"]
    wanted = [sequences, not sequences or asked["return_state"]]
    if lstm:
        wanted.append(bool(asked["return_state"]))
    outputs = t.nodes_of(
        OPERATORS[cell],
        [
            t.transposed(x, [1, 0, 2]), _weight(t, asked["kernel"], cell, units),
            _weight(t, asked["recurrent_kernel"], cell, units), _bias(t, asked, units), "", *states,
        ],
        wanted, hidden_size=units, **_activations(asked), **own,
    )  # fmt: skip
    last = [t.node("Squeeze", each, t.integers([0])) for each in outputs[1:] if each]
    if sequences:  # (steps, directions, rows, units)
        every = t.node("Squeeze", outputs[0], t.integers([1]))
        y = t.transposed(every, [1, 0, 2])
    else:
        y = last[0]
    return [y, *last] if asked["return_state"] else [y]


def _ordered(array: Array, cell: str, units: int) -> Array:
    """Return the gates, along the last axis, in ONNX's order."""
    gates = array.reshape(*array.shape[:-1], -1, units)
    return gates[..., _GATES[cell], :].reshape(array.shape)


def _weight(t: Translation, weight: Value, cell: str, units: int) -> str:
    def arrange(array: Array) -> Array:
        return _ordered(array, cell, units).T[None]

    return t.laid_out(weight, f"gates first {cell}", arrange, str)


def _bias(t: Translation, asked: Asked, units: int) -> str:
    """Return the bias of the inputs, followed by that of the state."""
    bias, cell = asked["bias"], asked["cell"]
    if bias is None:
        return ""

    def arrange(array: Array) -> Array:
        ordered = _ordered(array, cell, units).reshape(-1)
        both = ordered if bias.shape[0] == 2 and len(bias.shape) == 2 else [*ordered, *0 * ordered]
        return np.array(both, array.dtype)[None]

    return t.laid_out(bias, f"both biases {cell}", arrange, str)


def _activations(asked: Asked) -> dict[str, Any]:
    state = (asked["activation"], asked["alpha"])
    gates = (asked["recurrent_activation"], asked["recurrent_alpha"])
    cell = asked["cell"]
    used = [state] if cell == "simple_rnn" else [gates, state, state][: 3 if cell == "lstm" else 2]
    words, alphas, betas = [], [], []
    for kind, setting in used:
        word, alpha, beta = _ACTIVATIONS[kind]
        words.append(word)
        alphas += [float(setting if a is None else a) for a in alpha]
        betas += beta
    found: dict[str, Any] = {"activations": words}
    if alphas:
        found["activation_alpha"] = alphas
    if betas:
        found["activation_beta"] = betas
    return found

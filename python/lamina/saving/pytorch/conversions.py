"""Conversion of the weights of each layer to PyTorch, and back.

PyTorch's shapes and orders are those of the documentation of ``torch.nn``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina._check import Array
from lamina.saving.pytorch.attention import APART, JOINT
from lamina.saving.pytorch.conversion import LINEAR, Arrays, Conversion, Given
from lamina.saving.pytorch.units import COUNTED


def _renamed(*pairs: tuple[str, str], forms: tuple[str, ...], **more: Any) -> Conversion:
    """Return the conversion of a layer whose weights only differ in names, or in reversed axes."""
    there = dict(pairs)
    back = {name: own for own, name in pairs}

    def write(layer: Any, held: Given, names: Any) -> list[Arrays]:  # noqa: ARG001
        return [{there[own]: array for own, array in held.items()}]

    def read(layer: Any, given: Sequence[Given]) -> Arrays:  # noqa: ARG001
        return {back[name]: array for name, array in given[0].items() if name in back}

    return Conversion((forms,), write, read, **more)


def _kernel(
    forms: tuple[str, ...],
    there: Callable[[Any, Array], Array],
    back: Callable[[Any, Array], Array],
    same: tuple[tuple[str, str], ...] = (),
) -> Conversion:
    """Return the conversion of a layer with a kernel and possibly a bias."""

    def write(layer: Any, held: Given, names: Any) -> list[Arrays]:  # noqa: ARG001
        made = {"weight": there(layer, held["kernel"])}
        return [{**made, "bias": held["bias"].reshape(-1)} if "bias" in held else made]

    def read(layer: Any, given: Sequence[Given]) -> Arrays:
        made = {"kernel": back(layer, given[0]["weight"])}
        if "bias" in given[0]:
            made["bias"] = given[0]["bias"]
        return made

    return Conversion((forms,), write, read, same)


# --- dense layers


def _turned(layer: Any, array: Array) -> Array:  # noqa: ARG001
    turned: Array = array.T
    return turned


def _flat_kernel(layer: Any, kernel: Array) -> Array:
    """Return the kernel of an EinsumDense as a matrix with the summed axes last."""
    labels, summed = _labels(layer)
    if set(labels[: len(summed)]) != set(summed):
        raise ValueError(
            f"{layer.name}: the equation {layer.equation!r} must have the axes that are summed "
            f"first in its kernel, to be a linear layer of PyTorch's"
        )
    rows = int(np.prod(kernel.shape[: len(summed)]))
    flat: Array = kernel.reshape(rows, -1).T
    return flat


def _labels(layer: Any) -> tuple[str, str]:
    left, _, out = layer.equation.replace(" ", "").partition("->")
    labels = left.partition(",")[2]
    return labels, "".join(label for label in labels if label not in out)


DENSE = _kernel(LINEAR, _turned, _turned)
EINSUM = _kernel(LINEAR, _flat_kernel, _turned)
EMBEDDING = _renamed(("embeddings", "weight"), forms=("embedding", "matrix"))


# --- convolutions


def _channels_ahead(layer: Any, kernel: Array) -> Array:  # noqa: ARG001
    """Move the axes of output and input channels, in this order, before the spatial ones."""
    n = kernel.ndim - 2
    moved: Array = kernel.transpose(n + 1, n, *range(n))
    return moved


def _channels_behind(layer: Any, weight: Array) -> Array:  # noqa: ARG001
    moved: Array = weight.transpose(*range(2, weight.ndim), 1, 0)
    return moved


def _depthwise_there(layer: Any, kernel: Array) -> Array:  # noqa: ARG001
    """Return (channels * multiplier, 1, space) from (space, channels, multiplier)."""
    n = kernel.ndim - 2
    turned = kernel.transpose(n, n + 1, *range(n))
    flat: Array = turned.reshape(-1, 1, *kernel.shape[:n])
    return flat


def _depthwise_back(layer: Any, weight: Array) -> Array:
    space = weight.shape[2:]
    channels = weight.reshape(-1, layer.depth_multiplier, *space)
    moved: Array = channels.transpose(*range(2, 2 + len(space)), 0, 1)
    return moved


_MOVES = (("strides", "stride"), ("dilation_rate", "dilation"))


def _convolution(axes: int) -> Conversion:
    forms = (f"conv{axes}", f"kernel{axes}")
    same = (*_MOVES, ("groups", "groups"))
    return _kernel(forms, _channels_ahead, _channels_behind, same)


def _transposed(axes: int) -> Conversion:
    forms = (f"conv_transpose{axes}", f"kernel{axes}")
    return _kernel(forms, _channels_ahead, _channels_behind, _MOVES)


def _depthwise(axes: int) -> Conversion:
    return _kernel((f"conv{axes}", f"kernel{axes}"), _depthwise_there, _depthwise_back, _MOVES)


def _separable(axes: int) -> Conversion:
    forms = (f"conv{axes}", f"kernel{axes}")

    def write(layer: Any, held: Given, names: Any) -> list[Arrays]:  # noqa: ARG001
        depth = {"weight": _depthwise_there(layer, held["depthwise_kernel"])}
        point = {"weight": _channels_ahead(layer, held["pointwise_kernel"])}
        return [depth, {**point, **({"bias": held["bias"]} if "bias" in held else {})}]

    def read(layer: Any, given: Sequence[Given]) -> Arrays:
        depth, point = given
        made = {
            "depthwise_kernel": _depthwise_back(layer, depth["weight"]),
            "pointwise_kernel": _channels_behind(layer, point["weight"]),
        }
        return {**made, **({"bias": point["bias"]} if "bias" in point else {})}

    return Conversion((forms, forms), write, read, parts=("depthwise", "pointwise"))


# --- normalizations


_EPSILON = (("epsilon", "eps"),)
_SCALED = (("gamma", "weight"), ("beta", "bias"))
LAYER_NORM = _renamed(*_SCALED, forms=("norm", "scale"), same=_EPSILON)
GROUP_NORM = _renamed(*_SCALED, forms=("norm",), same=(*_EPSILON, ("groups", "num_groups")))
RMS_NORM = _renamed(("scale", "weight"), forms=("scale",), same=_EPSILON)


def _batch_norm() -> Conversion:
    plain = _renamed(
        *_SCALED,
        ("moving_mean", "running_mean"),
        ("moving_variance", "running_var"),
        forms=("batch_norm", "norm"),
        same=_EPSILON,
    )

    def write(layer: Any, held: Given, names: Sequence[set[str]] | None) -> list[Arrays]:
        (made,) = plain.write(layer, held, names)
        if names is None or COUNTED in names[0]:
            made[COUNTED] = np.zeros((), np.int64)
        return [made]

    return Conversion(plain.forms, write, plain.read, plain.same)


def _slopes() -> Conversion:
    def write(layer: Any, held: Given, names: Any) -> list[Arrays]:  # noqa: ARG001
        return [{"weight": held["alpha"].reshape(-1)}]

    def read(layer: Any, given: Sequence[Given]) -> Arrays:  # noqa: ARG001
        return {"alpha": given[0]["weight"]}

    return Conversion((("scale",),), write, read)


# --- recurrent layers


def _gates_there(array: Array) -> Array:
    return array


def _reset_first(array: Array) -> Array:
    """Exchange the first two of three gates: lamina has update, reset; PyTorch reset, update."""
    update, reset, new = np.split(array, 3, axis=-1)
    return np.concatenate([reset, update, new], axis=-1)


def _recurrent(form: str, order: Callable[[Array], Array] = _gates_there) -> Conversion:
    def write(layer: Any, held: Given, names: Any) -> list[Arrays]:  # noqa: ARG001
        if form == "gru" and not layer.reset_after:
            raise ValueError(
                f"{layer.name}: must have reset_after=True, the only form of a GRU in PyTorch"
            )
        made = {
            "weight_ih": order(held["kernel"]).T,
            "weight_hh": order(held["recurrent_kernel"]).T,
        }
        if "bias" not in held:
            return [made]
        bias = order(held["bias"])
        # One bias here is the sum of both there; a GRU has two.
        first, second = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
        return [{**made, "bias_ih": first, "bias_hh": second}]

    def read(layer: Any, given: Sequence[Given]) -> Arrays:  # noqa: ARG001
        tensors = given[0]
        made = {
            "kernel": order(tensors["weight_ih"].T),
            "recurrent_kernel": order(tensors["weight_hh"].T),
        }
        if "bias_ih" not in tensors:
            return made
        biases = [tensors["bias_ih"], tensors["bias_hh"]]
        if form == "gru":
            return {**made, "bias": order(np.stack(biases))}
        return {**made, "bias": np.add(*biases, dtype=np.float64)}

    return Conversion(((form,),), write, read)


# --- layers that PyTorch lacks: their weights are unchanged


def _as_they_are() -> Conversion:
    def write(layer: Any, held: Given, names: Any) -> list[Arrays]:  # noqa: ARG001
        return [dict(held)]

    def read(layer: Any, given: Sequence[Given]) -> Arrays:  # noqa: ARG001
        return dict(given[0])

    return Conversion((("own", "norm", "scale", "matrix"),), write, read)


AS_THEY_ARE = _as_they_are()

_LSTM, _GRU, _RNN = _recurrent("lstm"), _recurrent("gru", _reset_first), _recurrent("rnn")

# By the names of layer classes.
_SINGLE: dict[str, Conversion] = {
    "Dense": DENSE,
    "EinsumDense": EINSUM,
    "Embedding": EMBEDDING,
    **{f"Conv{n}D": _convolution(n) for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": _transposed(n) for n in (1, 2, 3)},
    **{f"DepthwiseConv{n}D": _depthwise(n) for n in (1, 2)},
    **{f"SeparableConv{n}D": _separable(n) for n in (1, 2)},
    "BatchNormalization": _batch_norm(),
    "LayerNormalization": LAYER_NORM,
    "GroupNormalization": GROUP_NORM,
    "RMSNormalization": RMS_NORM,
    "PReLU": _slopes(),
    "LSTM": _LSTM,
    "LSTMCell": _LSTM,
    "GRU": _GRU,
    "GRUCell": _GRU,
    "SimpleRNN": _RNN,
    "SimpleRNNCell": _RNN,
}
# The first one whose modules exist is used.
CONVERSIONS: dict[str, tuple[Conversion, ...]] = {
    **{name: (conversion,) for name, conversion in _SINGLE.items()},
    "MultiHeadAttention": (JOINT, APART),
    "GroupQueryAttention": (APART,),
}

"""A model as a sequence of dense layers, each a sum followed by a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import activations, layers

if TYPE_CHECKING:
    from lamina._check import Array

_AT_REST = (
    layers.ActivityRegularization, layers.AlphaDropout, layers.Dropout, layers.GaussianDropout,
    layers.GaussianNoise, layers.Identity, layers.InputLayer,
)  # fmt: skip
_FUNCTIONS = {
    layers.ELU: "elu", layers.LeakyReLU: "leaky_relu", layers.ReLU: "relu",
    layers.Softmax: "softmax",
}  # fmt: skip


@dataclass
class Affine:
    """A dense layer in float64: ``function(inputs @ kernel + bias)``."""

    name: str
    kernel: Array
    bias: Array | None
    function: Any  # of an array, or of tensors
    called: str

    def sums(self, inputs: Array) -> Array:
        """Return the arguments of the function."""
        s: Array = inputs @ self.kernel
        return s if self.bias is None else s + self.bias

    def outputs(self, sums: Array) -> Array:
        """Return the function of the sums."""
        y: Array = np.asarray(self.function(sums[None]), dtype=np.float64)[0]
        return y


def chain_of(model: Any) -> list[Affine]:
    """Return the dense layers of a model that is a sequence of layers.

    Raises
    ------
    ValueError
        If a layer is not supported by the formulas, or the layers form a graph.
    """
    chain: list[Affine] = []
    for layer in _in_a_row(model):
        if isinstance(layer, layers.Dense):
            function = layer.activation
            called = _name_of(function)
            bias = layer.bias
            chain.append(Affine(
                layer.name, _double(layer.kernel), None if bias is None else _double(bias),
                activations.get(function), called,
            ))  # fmt: skip
        elif _is_function(layer) and chain and chain[-1].called == "linear":
            chain[-1].function, chain[-1].called = _of_layer(layer)
        elif not isinstance(layer, _AT_REST) and not (
            isinstance(layer, layers.Flatten) and not chain
        ):
            raise ValueError(
                f"trace: shows a sequence of Dense layers, each with its activation; layer "
                f"{layer.name!r} is a {type(layer).__name__}"
            )
    if not chain:
        raise ValueError("trace: the model has no Dense layer to show")
    return chain


def _name_of(function: Any) -> str:
    return "linear" if function is None else function.name


def _is_function(layer: Any) -> bool:
    return isinstance(layer, (layers.Activation, *_FUNCTIONS))


def _of_layer(layer: Any) -> tuple[Any, str]:
    """Return the function of a layer that is a function, and its name in the formulas."""
    if isinstance(layer, layers.Activation):
        return layer.activation, _name_of(layer.activation)
    name = next(name for kind, name in _FUNCTIONS.items() if isinstance(layer, kind))
    return type(layer).from_config({**layer.get_config(), "dtype": "float64"}), name


def _double(weight: Any) -> Array:
    return np.asarray(weight.numpy(), dtype=np.float64)


def _in_a_row(model: Any) -> list[Any]:
    if not hasattr(model, "layers"):
        raise TypeError(f"trace: model must be a Sequential or Model; got {model!r:.80}")
    nodes = getattr(model, "inputs", None) or []
    behind = [layer for layer in model.layers if not isinstance(layer, layers.InputLayer)]
    if len(nodes) > 1 or len(model.outputs) > 1 or any(_joins(layer) for layer in behind):
        raise ValueError("trace: the layers must form a sequence, with one input and one output")
    return list(model.layers)


def _joins(layer: Any) -> bool:
    return isinstance(getattr(layer, "input", None), (list, tuple, dict))


def pulled_back(affine: Affine, sums: Array, upstream: Array) -> Array:
    """Return the gradient at a layer's sums, given that at its outputs, by the engine."""
    probe = _probe(affine, sums)
    probe.add(layers.Dense(1, use_bias=False))
    probe.compile(loss=_total)
    probe.set_weights([*probe.get_weights()[:2], upstream[:, None]])
    return np.asarray(probe.gradients(np.zeros((1, 1)), np.zeros((1, 1)))[1])


def _total(y: Any, total: Any) -> Any:  # noqa: ARG001
    return total


def output_delta(affine: Affine, sums: Array, y: Array, loss: Callable[..., Any]) -> Array:
    """Return the gradient of the loss at the sums of the last layer."""
    probe = _probe(affine, sums)
    probe.compile(loss=loss)
    return np.asarray(probe.gradients(np.zeros((1, 1)), y[None])[1])


def _probe(affine: Affine, sums: Array) -> Any:
    # The gradient of a bias is that of the sum to which it is added.
    import lamina

    probe = lamina.Sequential([lamina.Input((1,))], dtype="float64")
    if isinstance(affine.function, layers.Layer):
        probe.add(layers.Dense(len(sums)))
        probe.add(type(affine.function).from_config(affine.function.get_config()))
    else:
        probe.add(layers.Dense(len(sums), activation=affine.function))
    probe.set_weights([np.zeros((1, len(sums))), sums])
    return probe

"""Names of single weights, and the class with which others are compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.inference.networks import named_connections
from lamina.inference.units import Connections

Array = NDArray[Any]


def wiring(model: Any, inputs: Sequence[str] | None, outputs: Any) -> Connections | None:
    """Return the units of a network of dense layers; None for other models."""
    try:
        return named_connections(model, inputs, outputs, "inference", ("names", "output_names"))
    except ValueError:
        if (inputs is not None or outputs is not None) and _is_dense(model):
            raise
        return None


def _is_dense(model: Any) -> bool:
    try:
        named_connections(model, None, None, "inference", ("names", "output_names"))
    except ValueError:
        return False
    return True


def coefficient_names(function: Any, net: Connections | None) -> list[str]:
    """Return a name for each number in a loss function's vector of weights.

    The names are those of R's ``nnet``, "x1->h1" and "b->h1" ("(Intercept)->h1" if an input is
    called b); for a linear model with one output those of ``lm``, "x1" and "(Intercept)"; for other
    weights "layer/weight[i, j]".
    """
    by_path = {} if net is None else _of_units(net)
    names: list[str] = []
    for path in function.paths:
        shape = function.shapes[path]
        known = by_path.get(path)
        names += known if known is not None else _by_place(path, shape)
    return names


def _of_units(net: Connections) -> dict[str, list[str]]:
    bias = "b" if "b" not in net.units else "(Intercept)"  # an input may be called b
    linear = len(net.layers) == 1 and len(net.outputs) == 1
    found: dict[str, list[str]] = {}
    for layer in net.layers:
        sources = [net.units[i] for i in layer.sources]
        targets = [net.units[i] for i in layer.targets]
        if "kernel" in layer.paths:
            pairs = [s if linear else f"{s}->{t}" for s in sources for t in targets]
            found[layer.paths["kernel"]] = pairs
        if "bias" in layer.paths:
            biases = ["(Intercept)"] if linear else [f"{bias}->{t}" for t in targets]
            found[layer.paths["bias"]] = biases
    return found


def _by_place(path: str, shape: Sequence[int]) -> list[str]:
    if not shape:
        return [path]
    return [f"{path}[{', '.join(map(str, place))}]" for place in np.ndindex(*shape)]


class Reference:
    """The reference class that makes the weights of a softmax identifiable.

    Adding the same vector to the last layer's weights of all classes changes no probability.  The
    weights of one class are therefore subtracted from those of all classes: its own become 0, and
    the others are differences from it, as in multinomial logistic regression.

    Attributes
    ----------
    kept : ndarray of int
        The places of the remaining weights in the vector of weights.
    label : int or None
        The class; None if all weights are kept.
    """

    def __init__(self, size: int) -> None:
        self.kept: Array = np.arange(size)
        self.label: int | None = None
        self._shift: Array | None = None

    def estimates(self, theta: Array) -> Array:
        """Return the remaining weights, as differences from the reference class if there is one."""
        moved = theta if self._shift is None else theta - self._shift @ theta
        made: Array = moved[self.kept]
        return made


def reference(model: Any, function: Any, family: Any, asked: Any) -> Reference:
    """Return how the weights of a softmax's classes are compared.

    ``asked`` is "auto" for the first class if a reference is needed, a class, or None for none.
    """
    found = Reference(function.size)
    layer = _last_dense(model) if family is not None and family.name == "multinomial" else None
    paths = [] if layer is None else [w.path for w in layer.weights if w.path in function.slices]
    fits = layer is not None and len(paths) == len(layer.weights)
    if asked is None or (asked == "auto" and not fits):
        return found
    if not fits:
        raise ValueError(
            "inference: reference is for a categorical cross-entropy whose last layer is a "
            f"trainable Dense with softmax; got reference={asked!r}"
        )
    classes = function.shapes[paths[0]][-1]
    places = [np.arange(function.size)[function.slices[p]].reshape(-1, classes) for p in paths]
    together = np.concatenate(places)
    if np.any(function.penalty_gradient()[together.ravel()] != 0.0):
        if asked == "auto":
            return found  # the penalty chooses one of the equivalent fits
        raise ValueError(
            "inference: reference must be None if the last layer has a penalty, which identifies "
            f"the weights of all classes; got {asked!r}"
        )
    label = 0 if asked == "auto" else asked
    if not isinstance(label, (int, np.integer)) or not 0 <= label < classes:
        raise ValueError(
            f"inference: reference must be a class from 0 to {classes - 1}; got {asked!r}"
        )
    found.label = int(label)
    found.kept = np.setdiff1d(found.kept, together[:, label])
    found._shift = np.zeros((function.size,) * 2)
    for row in together:
        found._shift[row, row[label]] = 1.0
    return found


def _last_dense(model: Any) -> Any:
    """Return the dense layer whose units go through a softmax, or None."""
    layers = list(getattr(model, "layers", []))
    softmax_behind = getattr(model.loss, "from_logits", False)
    while layers and type(layers[-1]).__name__ in ("Activation", "Softmax", "Dropout"):
        last = layers.pop()
        softmax_behind = softmax_behind or type(last).__name__ == "Softmax" or _is_softmax(last)
    if not layers or type(layers[-1]).__name__ != "Dense":
        return None
    if len(model.output_names) > 1 or len(model.get_config().get("output_layers", [])) > 3:
        return None
    return layers[-1] if softmax_behind or _is_softmax(layers[-1]) else None


def _is_softmax(layer: Any) -> bool:
    return getattr(getattr(layer, "activation", None), "name", None) == "softmax"

"""How models, fits of ``lamina.nnet`` and estimators connect their units."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.inference.units import numbered
from lamina.inference.wiring import Bundle, Wiring

Array = NDArray[Any]

# Layers after which a unit is the one before them: activations and the like.
UNITWISE = (
    "Activation", "ActivityRegularization", "AlphaDropout", "Dropout", "ELU", "Flatten",
    "GaussianDropout", "GaussianNoise", "Identity", "InputLayer", "LeakyReLU", "PReLU", "ReLU",
    "Softmax",
)  # fmt: skip


def reader_of(model: Any, who: str) -> Callable[[Any, str], Wiring]:
    """Return the function that follows the layers of such a model."""
    if hasattr(model, "layers") and hasattr(model, "get_config"):
        return _of_model
    if all(hasattr(model, name) for name in ("wts", "conn", "nconn")):
        return _of_nnet
    if hasattr(model, "coefnames") and hasattr(model, "lab"):
        return _of_multinom
    networks = getattr(model, "model", None)
    if isinstance(networks, list) and hasattr(model, "bag"):
        raise TypeError(
            f"{who}: an average of {len(networks)} networks has no weights of its own; give one of "
            f"them, fit.model[0] to fit.model[{len(networks) - 1}]"
        )
    if hasattr(model, "coefs_") and hasattr(model, "intercepts_"):
        return _of_estimator
    if hasattr(model, "model_"):
        return lambda held, who: _of_model(held.model_, who)
    if hasattr(model, "steps"):
        raise TypeError(
            f"{who}: a pipeline has no weights of its own; give its last step, pipeline[-1], whose "
            f"inputs are the columns that the other steps return"
        )
    raise TypeError(
        f"{who}: model must be a lamina model, a fit of lamina.nnet, or a fitted estimator with "
        f"coefs_ and intercepts_; got {type(model).__name__}"
    )


# --- lamina models


def _of_model(model: Any, who: str) -> Wiring:
    if getattr(type(model), "calls", False):
        raise ValueError(f"{who}: how a class with call connects its layers is unknown")
    names, widths = list(model.input_names), []
    for shape in model.input_shape if len(names) > 1 else [model.input_shape]:
        if shape is None or len(shape) != 2 or shape[1] is None:
            raise ValueError(
                f"{who}: the model must take rows of numbers, (rows, inputs); got {shape}"
            )
        widths.append(int(shape[1]))
    wiring = Wiring(sum(widths))
    ends = np.cumsum([0, *widths])
    entries = [
        Bundle(wiring.entry.nodes[first:last], wiring.entry.totals[:, first:last])
        for first, last in itertools.pairwise(ends)
    ]
    if len(names) > 1:
        wiring.input_names = numbered(names, widths)
    outputs = _through(wiring, model, entries, who)
    if len(outputs) > 1:
        wiring.output_names = numbered(model.output_names, [len(each.nodes) for each in outputs])
    wiring.end = _beside(outputs)
    return wiring


def _beside(bundles: Sequence[Bundle]) -> Bundle:
    """Return several tensors as one, the units of the first one first."""
    if len(bundles) == 1:
        return bundles[0]
    nodes = [node for each in bundles for node in each.nodes]
    return Bundle(nodes, np.concatenate([each.totals for each in bundles], axis=1))


def _through(wiring: Wiring, model: Any, entries: Sequence[Bundle], who: str) -> list[Bundle]:
    """Return the outputs of a model, with all its layers."""
    config = model.get_config()
    if "output_layers" not in config:
        tensors = list(entries)
        for layer in model.layers:
            tensors = _behind(wiring, layer, tensors, who)
        return tensors
    nodes = {layer["name"]: layer["inbound_nodes"] for layer in config["layers"]}
    starts = [name for name, *_ in _ends_of(config["input_layers"])]
    known = {(name, 0): [each] for name, each in zip(starts, entries, strict=True)}

    def tensor(name: str, call: int, place: int) -> Bundle:
        if (name, call) not in known:
            before = [tensor(*source[:3]) for source in nodes[name][call]["inputs"]]
            known[name, call] = _behind(wiring, model.get_layer(name), before, who)
        return known[name, call][place]

    return [tensor(*end[:3]) for end in _ends_of(config["output_layers"])]


def _ends_of(config: Any) -> list[Any]:
    """Return [layer, call, place] for each input or output of a graph's configuration."""
    ends = list(config.values()) if isinstance(config, dict) else list(config)
    return ends if isinstance(ends[0], (list, tuple)) else [ends]


def _behind(wiring: Wiring, layer: Any, before: Sequence[Bundle], who: str) -> list[Bundle]:
    """Return the outputs of a layer; only a model may have several."""
    kind = type(layer).__name__
    if kind == "Dense":
        weights = {w.path.rpartition("/")[2]: w for w in layer.weights}
        kernel = np.asarray(weights["kernel"].numpy(), np.float64)
        bias = weights.get("bias")
        held = None if bias is None else np.asarray(bias.numpy(), np.float64)
        paths = {name: weight.path for name, weight in weights.items()}
        return [wiring.dense(before[0], layer.name, kernel, held, paths)]
    if kind in UNITWISE:
        return [before[0]]
    if kind in SCALES:
        return [Bundle(before[0].nodes, before[0].totals * SCALES[kind](layer))]
    if kind == "Concatenate":
        return [_beside(before)]
    factors = {"Add": 1.0, "Average": 1.0 / max(len(before), 1)}.get(kind)
    if factors is not None:
        return [wiring.joined(before, [factors] * len(before))]
    known = not getattr(type(layer), "calls", False) and hasattr(layer, "get_config")
    if known and hasattr(layer, "layers"):
        return _through(wiring, layer, before, who)
    raise ValueError(
        f"{who}: layer {layer.name!r} ({kind}) does not connect units by a matrix of weights; the "
        f"model must be made of Dense layers, Add and Concatenate.  permutation_importance takes "
        f"any model"
    )


# --- layers that multiply each unit by a factor


def _of_batch_normalization(layer: Any) -> Array:
    values = {w.path.rpartition("/")[2]: np.asarray(w.numpy(), float) for w in layer.weights}
    spread = np.sqrt(values["moving_variance"] + layer.epsilon)
    made: Array = values.get("gamma", np.ones_like(spread)) / spread
    return made


def _of_normalization(layer: Any) -> Array:
    if layer.variance is None:
        return np.ones(())  # the layer is the identity until it has seen data
    spread: Array = np.sqrt(np.where(layer.variance > 0, layer.variance, 1.0))
    return spread if layer.invert else 1.0 / spread


def _of_rescaling(layer: Any) -> Array:
    return np.asarray(layer.scale, np.float64)


SCALES: dict[str, Callable[[Any], Array]] = {
    "BatchNormalization": _of_batch_normalization,
    "Normalization": _of_normalization,
    "Rescaling": _of_rescaling,
}


# --- fits of lamina.nnet, estimators


def _of_nnet(fit: Any, who: str) -> Wiring:  # noqa: ARG001
    inputs, hidden, outputs = (int(n) for n in fit.n)
    starts, sources = np.asarray(fit.nconn, int), np.asarray(fit.conn, int)
    weights = np.asarray(fit.wts, np.float64)
    full = np.zeros((1 + inputs + hidden + outputs,) * 2)  # from, to; unit 0 is the bias
    for unit in range(len(full)):
        into = slice(starts[unit], starts[unit + 1])
        full[sources[into], unit] = weights[into]
    here, behind = slice(1, 1 + inputs), slice(1 + inputs, 1 + inputs + hidden)
    end = slice(1 + inputs + hidden, None)
    wiring = Wiring(inputs)
    wiring.input_names = getattr(fit, "coefnames", None)
    parts = []
    if hidden:
        h = wiring.dense(wiring.entry, "hidden", full[here, behind], full[0, behind], {})
        parts.append(wiring.dense(h, "output", full[behind, end], full[0, end], {}))
    if not hidden or full[here, end].any():
        bias = None if hidden else full[0, end]
        parts.append(wiring.dense(wiring.entry, "skip", full[here, end], bias, {}))
    wiring.end = wiring.joined(parts, [1.0] * len(parts))
    for known in (getattr(fit, "lev", None), getattr(fit, "output_names", None)):
        if known is not None and len(known) == outputs:
            wiring.output_names = [str(name) for name in known]
            break
    return wiring


def _of_multinom(fit: Any, who: str) -> Wiring:  # noqa: ARG001
    # As in R, there is an output for each class; with several, the first one's weights are 0.
    columns = np.atleast_2d(np.asarray(fit.coefficients, np.float64)).T
    classes = [str(label) for label in fit.lab]
    if len(classes) > 2:
        columns = np.column_stack([np.zeros(len(columns)), columns])
    inputs = [i for i, name in enumerate(fit.coefnames) if name != "(Intercept)"]
    constant = [i for i, name in enumerate(fit.coefnames) if name == "(Intercept)"]
    wiring = Wiring(len(inputs))
    wiring.input_names = [fit.coefnames[i] for i in inputs]
    wiring.output_names = classes[-columns.shape[1] :]
    bias = columns[constant[0]] if constant else None
    wiring.end = wiring.dense(wiring.entry, "output", columns[inputs], bias, {})
    return wiring


def _of_estimator(model: Any, who: str) -> Wiring:  # noqa: ARG001
    kernels = [np.asarray(kernel, np.float64) for kernel in model.coefs_]
    wiring = Wiring(len(kernels[0]))
    known = getattr(model, "feature_names_in_", None)
    wiring.input_names = None if known is None else [str(name) for name in known]
    tensor = wiring.entry
    for place, (kernel, bias) in enumerate(zip(kernels, model.intercepts_, strict=True)):
        tensor = wiring.dense(tensor, f"layer{place + 1}", kernel, np.asarray(bias), {})
    wiring.end = tensor
    classes = getattr(model, "classes_", None)
    if classes is not None and len(classes) == len(tensor.nodes):
        wiring.output_names = [str(c) for c in classes]
    return wiring

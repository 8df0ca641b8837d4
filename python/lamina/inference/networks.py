"""The units of a network of dense layers, and the weights between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._calls import answering_calls

Array = NDArray[Any]

# Layers that act on each unit separately: the unit after such a layer is the unit before it.
UNITWISE = (
    "Activation", "ActivityRegularization", "AlphaDropout", "Dropout", "ELU", "Flatten",
    "GaussianDropout", "GaussianNoise", "Identity", "InputLayer", "LeakyReLU", "Normalization",
    "PReLU", "ReLU", "Softmax",
)  # fmt: skip


@dataclass
class DenseLayer:
    """Weights between units.

    Attributes
    ----------
    name : str
    kernel : ndarray of shape (sources, targets)
    bias : ndarray of shape (targets,) or None
    sources, targets : list of int
        Indices of units in ``Connections.units``.
    paths : dict of str to str
        The paths of the weights "kernel" and "bias" in the model, if it has paths.
    """

    name: str
    kernel: Array
    bias: Array | None
    sources: list[int]
    targets: list[int]
    paths: dict[str, str] = field(default_factory=dict)


@dataclass
class Connections:
    """A network of dense layers as units and weights.

    Attributes
    ----------
    units : list of str
        Names of all units: inputs, hidden units (h1, h2, ..., with several hidden layers h1.1,
        h1.2, ..., h2.1, ...), outputs (o, or o1, o2, ...).
    depth : list of int
        The depth of each unit: 0 for inputs, k for the k-th hidden layer, and one more for outputs.
    inputs, outputs : list of int
        Indices of units.
    layers : list of DenseLayer
        In the order in which they are computed.  A layer that bypasses a hidden layer is a skip
        layer.
    totals : ndarray of shape (inputs, outputs)
        For each input and output the products of the weights along each path between them, summed
        over the paths, with the scales of batch normalization.
    """

    units: list[str]
    depth: list[int]
    inputs: list[int]
    outputs: list[int]
    layers: list[DenseLayer]
    totals: Array

    @property
    def hidden(self) -> list[list[int]]:
        """The hidden units, a list for each hidden layer."""
        inner = range(1, max((self.depth[i] for i in self.outputs), default=1))
        ends = set(self.outputs)
        return [[i for i, d in enumerate(self.depth) if d == k and i not in ends] for k in inner]

    @property
    def has_skip(self) -> bool:
        """Whether some weights bypass a hidden layer."""
        steps = ((self.depth[s], self.depth[t]) for la in self.layers for s in la.sources[:1]
                 for t in la.targets[:1])  # fmt: skip
        mixed = any(len({self.depth[s] for s in layer.sources}) > 1 for layer in self.layers)
        return mixed or any(behind - before > 1 for before, behind in steps)


@answering_calls
def connections(
    model: Any,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    who: str = "connections",
) -> Connections:
    """Return the units and weights of a network of dense layers.

    Parameters
    ----------
    model : Model, lamina.nnet fit, or estimator
        A ``Sequential`` or graph model of dense layers, with skip connections through ``Add`` and
        ``Concatenate``; a fit of ``nnet`` or ``multinom`` (for an average of networks, one element
        of its ``model``); an estimator with ``coefs_`` and ``intercepts_`` like those of
        scikit-learn, or with a lamina model as ``model_``.
    input_names, output_names : sequence of str, optional
        By default the model's own names if it has any, otherwise x1, x2, ... and o1, o2, ...

    Returns
    -------
    Connections

    Raises
    ------
    TypeError
        For objects that are not networks, and for averages of networks.
    ValueError
        For layers whose units are not connected by a matrix of weights, such as convolutions.

    Examples
    --------
    >>> import lamina
    >>> from lamina.inference import connections
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(3, "sigmoid"),
    ...                            lamina.layers.Dense(1)])
    >>> connections(model).units
    ['x1', 'x2', 'h1', 'h2', 'h3', 'o']
    """
    found = _reader(model, who)(model, who)
    found.name(input_names, output_names, who)
    return found.made()


def _reader(model: Any, who: str) -> Callable[[Any, str], _Wiring]:
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
    raise TypeError(
        f"{who}: model must be a lamina model, a fit of lamina.nnet, or a fitted estimator with "
        f"coefs_ and intercepts_; got {type(model).__name__}"
    )


@dataclass
class _Bundle:
    """A tensor: the index of each of its units, and the weight of each input in each unit."""

    nodes: list[int]
    totals: Array


class _Wiring:
    """Units under construction: several indices may turn out to mean the same unit."""

    def __init__(self, inputs: int) -> None:
        self._same = list(range(inputs))
        self._depth = [0] * inputs
        self.layers: list[DenseLayer] = []
        self.entry = _Bundle(list(range(inputs)), np.eye(inputs))
        self.end: _Bundle = self.entry
        self.input_names: Sequence[str] | None = None
        self.output_names: Sequence[str] | None = None

    def dense(
        self, before: _Bundle, name: str, kernel: Array, bias: Array | None, paths: dict[str, str]
    ) -> _Bundle:
        first = len(self._same)
        behind = 1 + max((self._depth[self.root(n)] for n in before.nodes), default=0)
        nodes = list(range(first, first + kernel.shape[1]))
        self._same += nodes
        self._depth += [behind] * len(nodes)
        self.layers.append(DenseLayer(name, kernel, bias, list(before.nodes), nodes, paths))
        return _Bundle(nodes, before.totals @ kernel)

    def joined(self, bundles: Sequence[_Bundle], factors: Sequence[float]) -> _Bundle:
        """Return the sum of tensors, each times a factor; units in the same place become one."""
        for others in zip(*(b.nodes for b in bundles), strict=True):
            roots = {self.root(n) for n in others}
            root, depth = min(roots), max(self._depth[r] for r in roots)
            for each in roots:
                self._same[each] = root
            self._depth[root] = depth
        totals = sum(f * b.totals for f, b in zip(factors, bundles, strict=True))
        return _Bundle(bundles[0].nodes, np.asarray(totals))

    def root(self, node: int) -> int:
        while self._same[node] != node:
            node = self._same[node]
        return node

    def name(self, inputs: Any, outputs: Any, who: str) -> None:
        for what, given, count in (
            ("input_names", inputs, len(self.entry.nodes)),
            ("output_names", outputs, len(self.end.nodes)),
        ):
            if given is not None:
                setattr(self, what, _check.names(who, what, given, count))

    def made(self) -> Connections:
        """Return the units, numbered by depth."""
        roots = sorted({self.root(n) for n in range(len(self._same))})
        ends = list(dict.fromkeys(self.root(n) for n in self.end.nodes))
        last = max((self._depth[r] for r in roots), default=0)
        depth = {r: max(last, 1) if r in ends else self._depth[r] for r in roots}
        order = sorted(
            roots, key=lambda r: (depth[r], r in ends, ends.index(r) if r in ends else r)
        )
        number = {r: i for i, r in enumerate(order)}
        counts = [number[self.root(n)] for n in self.entry.nodes]
        layers = [
            DenseLayer(
                la.name, la.kernel, la.bias, [number[self.root(n)] for n in la.sources],
                [number[self.root(n)] for n in la.targets], la.paths,
            )
            for la in self.layers
        ]  # fmt: skip
        outputs = [number[r] for r in ends]
        depths = [depth[r] for r in order]
        units = _named(depths, counts, outputs, self.input_names, self.output_names)
        return Connections(units, depths, counts, outputs, layers, self.end.totals)


def _named(
    depth: Sequence[int], inputs: Sequence[int], outputs: Sequence[int], input_names: Any,
    output_names: Any,
) -> list[str]:  # fmt: skip
    units: dict[int, str] = {}
    default = [f"x{i + 1}" for i in range(len(inputs))]
    for i, name in zip(inputs, input_names or default, strict=True):
        units[i] = name
    several = len(outputs) > 1
    default = [f"o{i + 1}" if several else "o" for i in range(len(outputs))]
    for i, name in zip(outputs, output_names or default, strict=True):
        units[i] = name
    inner = sorted({d for i, d in enumerate(depth) if i not in units})
    for d in inner:
        here = [i for i in range(len(depth)) if depth[i] == d and i not in units]
        before = f"h{d}." if len(inner) > 1 else "h"
        for count, i in enumerate(here):
            units[i] = f"{before}{count + 1}"
    return [units[i] for i in range(len(depth))]


# --- lamina models


def _of_model(model: Any, who: str) -> _Wiring:
    if getattr(type(model), "calls", False):
        raise ValueError(f"{who}: how a class with call connects its layers is unknown")
    if len(model.input_names) > 1 or len(model.output_names) > 1:
        raise ValueError(f"{who}: the model must have one input and one output")
    shape = model.input_shape
    if shape is None or len(shape) != 2 or shape[1] is None:
        raise ValueError(f"{who}: the model must take rows of numbers, (rows, inputs); got {shape}")
    wiring = _Wiring(int(shape[1]))
    wiring.end = _through(wiring, model, wiring.entry, who)
    return wiring


def _through(wiring: _Wiring, model: Any, entry: _Bundle, who: str) -> _Bundle:
    """Return a tensor after all layers of a model."""
    config = model.get_config()
    if "output_layers" not in config:
        for layer in model.layers:
            entry = _behind(wiring, layer, [entry], who)
        return entry
    nodes = {layer["name"]: layer["inbound_nodes"] for layer in config["layers"]}
    known: dict[tuple[str, int], _Bundle] = {}

    def tensor(name: str, call: int) -> _Bundle:
        if (name, call) not in known:
            given = nodes[name]
            if not given:
                known[name, call] = entry
            else:
                sources = given[call]["inputs"]
                before = [tensor(source[0], source[1]) for source in sources]
                known[name, call] = _behind(wiring, model.get_layer(name), before, who)
        return known[name, call]

    end = config["output_layers"]
    end = end[0] if isinstance(end[0], (list, tuple)) else end
    return tensor(end[0], end[1])


def _behind(wiring: _Wiring, layer: Any, before: Sequence[_Bundle], who: str) -> _Bundle:
    kind = type(layer).__name__
    if kind == "Dense":
        weights = {w.path.rpartition("/")[2]: w for w in layer.weights}
        kernel = np.asarray(weights["kernel"].numpy(), np.float64)
        bias = weights.get("bias")
        held = None if bias is None else np.asarray(bias.numpy(), np.float64)
        paths = {name: weight.path for name, weight in weights.items()}
        return wiring.dense(before[0], layer.name, kernel, held, paths)
    if kind in UNITWISE:
        return before[0]
    if kind == "BatchNormalization":
        return _Bundle(before[0].nodes, before[0].totals * _scale(layer))
    if kind == "Concatenate":
        nodes = [n for b in before for n in b.nodes]
        return _Bundle(nodes, np.concatenate([b.totals for b in before], axis=1))
    factors = {"Add": 1.0, "Average": 1.0 / max(len(before), 1)}.get(kind)
    if factors is not None:
        return wiring.joined(before, [factors] * len(before))
    known = not getattr(type(layer), "calls", False) and hasattr(layer, "get_config")
    if known and hasattr(layer, "layers") and len(before) == 1:
        return _through(wiring, layer, before[0], who)
    raise ValueError(
        f"{who}: layer {layer.name!r} ({kind}) does not connect units by a matrix of weights; the "
        f"model must be made of Dense layers, Add and Concatenate.  permutation_importance takes "
        f"any model"
    )


def _scale(layer: Any) -> Array:
    values = {w.path.rpartition("/")[2]: np.asarray(w.numpy(), float) for w in layer.weights}
    spread = np.sqrt(values["moving_variance"] + layer.epsilon)
    made: Array = values.get("gamma", np.ones_like(spread)) / spread
    return made


# --- fits of lamina.nnet, estimators


def _of_nnet(fit: Any, who: str) -> _Wiring:  # noqa: ARG001
    inputs, hidden, outputs = (int(n) for n in fit.n)
    starts, sources = np.asarray(fit.nconn, int), np.asarray(fit.conn, int)
    weights = np.asarray(fit.wts, np.float64)
    full = np.zeros((1 + inputs + hidden + outputs,) * 2)  # from, to; unit 0 is the bias
    for unit in range(len(full)):
        into = slice(starts[unit], starts[unit + 1])
        full[sources[into], unit] = weights[into]
    here, behind = slice(1, 1 + inputs), slice(1 + inputs, 1 + inputs + hidden)
    end = slice(1 + inputs + hidden, None)
    wiring = _Wiring(inputs)
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


def _of_multinom(fit: Any, who: str) -> _Wiring:  # noqa: ARG001
    # As in R, there is an output for each class; with several, the first one's weights are 0.
    columns = np.atleast_2d(np.asarray(fit.coefficients, np.float64)).T
    classes = [str(label) for label in fit.lab]
    if len(classes) > 2:
        columns = np.column_stack([np.zeros(len(columns)), columns])
    inputs = [i for i, name in enumerate(fit.coefnames) if name != "(Intercept)"]
    constant = [i for i, name in enumerate(fit.coefnames) if name == "(Intercept)"]
    wiring = _Wiring(len(inputs))
    wiring.input_names = [fit.coefnames[i] for i in inputs]
    wiring.output_names = classes[-columns.shape[1] :]
    bias = columns[constant[0]] if constant else None
    wiring.end = wiring.dense(wiring.entry, "output", columns[inputs], bias, {})
    return wiring


def _of_estimator(model: Any, who: str) -> _Wiring:  # noqa: ARG001
    kernels = [np.asarray(kernel, np.float64) for kernel in model.coefs_]
    wiring = _Wiring(len(kernels[0]))
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

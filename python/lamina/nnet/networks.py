"""Networks of R's nnet as lamina models, and the criterion over given rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import ops
from lamina._tensors.given import given, record
from lamina.layers import Concatenate, Dense, Input, Layer
from lamina.losses import BinaryCrossentropy, CategoricalCrossentropy, Loss, MeanSquaredError
from lamina.models import LossFunction, Model, Sequential
from lamina.nnet.criteria import (
    REACH,
    Censored,
    Criterion,
    Entropy,
    LogLinear,
    SquaredError,
    SquaredErrorOfShares,
    logistic,
)
from lamina.nnet.structure import Structure
from lamina.regularizers import L2, Regularizer

Array = NDArray[np.float64]
Decay = float | Array


class DecayByWeight(Regularizer):
    """``sum(decay * w ** 2)``, with a factor for each weight of an array."""

    def __init__(self, decay: Any) -> None:
        self.decay = np.asarray(decay, np.float64)

    def __call__(self, x: Any) -> Any:
        """Return the penalty."""
        return ops.sum(self.decay * ops.square(x))

    def get_config(self) -> dict[str, Any]:
        """Return the factors as lists."""
        return {"decay": self.decay.tolist()}


@dataclass(frozen=True)
class Network:
    """A structure, with the kind of its outputs and how they are fitted.

    Attributes
    ----------
    structure : Structure
    linout, entropy, softmax, censored : bool
        R's arguments; with ``softmax`` and ``censored`` the outputs are linear, and their softmax
        is taken.
    decay : float or ndarray
        One number for all weights, or one for each, in R's order.
    """

    structure: Structure
    linout: bool
    entropy: bool
    softmax: bool
    censored: bool
    decay: Decay

    @property
    def activation(self) -> str:
        """The activation that turns the outputs' sums into predictions."""
        if self.softmax:
            return "softmax"
        return "linear" if self.linout else "sigmoid"

    def criterion(self) -> type[Criterion]:
        """Return R's criterion."""
        if self.censored:
            return Censored
        if self.softmax:
            return LogLinear
        if self.entropy:
            return Entropy
        return SquaredError if self.linout else SquaredErrorOfShares

    def mean_loss(self) -> Loss:
        """Return Keras's loss with the same minimum, a mean over rows and outputs."""
        if self.censored:
            raise ValueError(
                "nnet: to_model: Keras has no loss for censored classes; fit without censored"
            )
        if self.softmax:
            return CategoricalCrossentropy()
        return BinaryCrossentropy() if self.entropy else MeanSquaredError()

    def model(self, activation: Any, hidden: Any = logistic, share: float = 1.0) -> Any:
        """Return a float64 lamina model, with decay divided by `share` as its penalties."""
        s = self.structure
        x = Input((s.inputs,), name="inputs")
        feeding = [x] if s.skip else []
        if s.hidden:
            layer = Dense(s.hidden, hidden, name="hidden", **self._penalties("hidden", share))
            feeding.insert(0, layer(x))
        fed = feeding[0] if len(feeding) == 1 else Concatenate(name="hidden_and_inputs")(feeding)
        output = Dense(s.outputs, activation, name="output", **self._penalties("output", share))
        return Model(x, output(fed), dtype="float64")

    def _penalties(self, layer: str, share: float) -> dict[str, Any]:
        decay = np.ravel(self.decay) / share
        if not decay.any():
            return {}
        places = self.structure.places
        each = {
            kind: decay if decay.size == 1 else decay[places[f"{layer}/{kind}"]]
            for kind in ("kernel", "bias")
        }
        return {
            f"{kind}_regularizer": _penalty(np.asarray(factors)) for kind, factors in each.items()
        }

    def predicting(self, wts: Array) -> Any:
        """Return a model that predicts as R does."""
        last = logistic if self.activation == "sigmoid" else self.activation
        return self._with_weights(self.model(last), wts)

    def mean_model(self, wts: Array, rows: int) -> Any:
        """Return a model with the same minimum and Keras's activations and loss."""
        share = rows * (1 if self.softmax else self.structure.outputs)
        made = self._with_weights(self.model(self.activation, "sigmoid", share), wts)
        made.compile(loss=self.mean_loss())
        return made

    def _with_weights(self, model: Any, wts: Array) -> Any:
        places = self.structure.places
        paths = [f"{layer}/{kind}" for layer in ("hidden", "output") for kind in ("kernel", "bias")]
        model.set_weights([wts[places[path]] for path in paths if places[path].size])
        return model

    def objective(self, x: Array, y: Array, weights: Array | None) -> Objective:
        """Return R's criterion over these rows."""
        columns = np.ascontiguousarray(x.T)[None]
        targets = y.T if weights is None else np.concatenate([y.T, weights[None]])
        decay = np.asarray(self.decay, np.float64).tobytes()
        program = _program(self.structure, self.criterion(), weights is not None, len(x), decay)
        return Objective(program.over(columns, np.ascontiguousarray(targets)[None]))


def _penalty(factors: Array) -> Regularizer | None:
    if not factors.any():
        return None
    return L2(float(factors.ravel()[0])) if factors.size == 1 else DecayByWeight(factors)


@lru_cache(maxsize=16)  # recordings contain no data, and any thread may use them
def _program(
    structure: Structure, criterion: type[Criterion], weighted: bool, cases: int, decay: bytes
) -> Any:
    """Return the recorded criterion over this number of cases, with decay as float64 numbers."""
    s = structure
    penalty = _penalty(np.frombuffer(decay))
    layer = LogisticNetwork(s.hidden, s.outputs, s.skip, penalty, name="network")
    model = Sequential([Input((s.inputs, cases)), layer], dtype="float64", seed=0)
    model.compile(loss=criterion(weighted))
    columns = np.zeros((1, s.inputs, cases))
    targets = np.zeros((1, s.outputs + weighted, cases))
    return LossFunction(model, columns, targets, copy=False).program


class LogisticNetwork(Layer):
    """A network with one hidden layer, whose only weight is R's vector of weights.

    Its input is a row of shape (inputs, cases): all data, with the cases in columns, so that a CPU
    vector holds several of them.
    """

    def __init__(
        self, hidden: int, outputs: int, skip: bool, penalty: Regularizer | None, name: str
    ) -> None:
        super().__init__(name=name)
        self.hidden, self.outputs, self.skip, self.penalty = hidden, outputs, skip, penalty

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        structure = Structure(input_shape[-2], self.hidden, self.outputs, self.skip)
        self.wts = self.add_weight("wts", (structure.weights,), "zeros", regularizer=self.penalty)

    def call(self, x: Any) -> Any:
        """Return the outputs before the last function, of shape (rows, outputs, cases)."""
        settings = (self.hidden, self.outputs, self.skip, REACH)
        return record("logistic_network", x, given(self.wts), *settings)


class Objective:
    """A criterion over given rows as a function of R's ``wts``."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def value(self, wts: Array) -> float:
        """Return the criterion."""
        return float(self.function.value(wts))

    def gradient(self, wts: Array) -> Array:
        """Return its derivatives with respect to the weights."""
        gradient: Array = self.function.gradient(wts)
        return gradient

    def hessian(self, wts: Array) -> Array:
        """Return its second derivatives with respect to the weights."""
        hessian: Array = self.function.hessian(wts)
        return hessian

    def search(
        self, starts: Array, settings: Any, report: Any = None, cases: Any = None
    ) -> list[Any]:
        """Return the minima at which the searches from each row of starts end.

        `cases` are the resampled cases of each search, of shape (starts, cases), if any.
        """
        if report is not None:
            return [self.function.minimize(starts[0], report=report, **settings)]
        found: list[Any] = self.function.minimize_many(starts, columns=cases, **settings)
        return found

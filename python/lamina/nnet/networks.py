"""Networks of R's nnet as models of lamina, and the criterion over given rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import ops
from lamina.layers import Concatenate, Dense, Input
from lamina.losses import BinaryCrossentropy, CategoricalCrossentropy, Loss, MeanSquaredError
from lamina.models import Model
from lamina.nnet.criteria import Censored, Entropy, LogLinear, SquaredError, logistic
from lamina.nnet.structure import Structure
from lamina.regularizers import L2, Regularizer

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
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
    """A structure with what its outputs are and how they are fitted.

    Attributes
    ----------
    structure : Structure
    linout, entropy, softmax, censored : bool
        R's arguments; ``softmax`` and ``censored`` have linear outputs, of which the softmax is
        taken.
    decay : float or ndarray
        One for all weights, or one each, in R's order.
    """

    structure: Structure
    linout: bool
    entropy: bool
    softmax: bool
    censored: bool
    decay: Decay

    @property
    def activation(self) -> str:
        """What makes predictions of the outputs' sums."""
        if self.softmax:
            return "softmax"
        return "linear" if self.linout else "sigmoid"

    def criterion(self) -> tuple[Loss, Any]:
        """Return R's criterion, a sum, and the activation of the outputs that it takes."""
        if self.censored:
            return Censored(), "linear"
        if self.softmax:
            return LogLinear(), "linear"
        if self.entropy:
            return Entropy(), "linear"
        return SquaredError(), "linear" if self.linout else logistic

    def mean_loss(self) -> Loss:
        """Return the loss of the same minimum that Keras has, a mean over rows and outputs."""
        if self.censored:
            raise ValueError(
                "nnet: to_model: Keras has no loss for censored classes; fit without censored"
            )
        if self.softmax:
            return CategoricalCrossentropy()
        return BinaryCrossentropy() if self.entropy else MeanSquaredError()

    def model(self, activation: Any, hidden: Any = logistic, share: float = 1.0) -> Any:
        """Return a float64 model of lamina, with decay divided by `share` as its penalties."""
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
        if decay.size == 1:
            penalty = L2(float(decay[0]))
            return {"kernel_regularizer": penalty, "bias_regularizer": penalty}
        places = self.structure.places
        return {
            f"{kind}_regularizer": DecayByWeight(decay[places[f"{layer}/{kind}"]])
            for kind in ("kernel", "bias")
        }

    def predicting(self, wts: Array) -> Any:
        """Return a model that predicts as R does."""
        last = logistic if self.activation == "sigmoid" else self.activation
        return self._with_weights(self.model(last), wts)

    def mean_model(self, wts: Array, rows: int) -> Any:
        """Return a model of the same minimum with Keras's activations and loss."""
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
        loss, activation = self.criterion()
        model = self.model(activation)
        model.compile(loss=loss)
        return Objective(self.structure, model.loss_function(x, y, weights))


class Objective:
    """A criterion over given rows as a function of R's ``wts``."""

    def __init__(self, structure: Structure, function: Any) -> None:
        self._structure, self.function = structure, function

    @cached_property
    def order(self) -> Integers:
        """Of each element of the function's vector, where it lies in R's."""
        order = np.empty(self.function.size, np.int64)
        for path, part in self.function.slices.items():
            order[part] = self._structure.places[path].ravel()
        return order

    def back(self, theta: Array) -> Array:
        """Return R's vector for the function's."""
        wts = np.empty_like(theta)
        wts[..., self.order] = theta
        return wts

    def value(self, wts: Array) -> float:
        """Return the criterion."""
        return float(self.function.value(wts[self.order]))

    def gradient(self, wts: Array) -> Array:
        """Return its derivatives by the weights."""
        gradient: Array = self.function.gradient(wts[self.order])
        return self.back(gradient)

    def hessian(self, wts: Array) -> Array:
        """Return its second derivatives by the weights."""
        found = self.function.hessian(wts[self.order])
        hessian: Array = np.empty_like(found)
        hessian[np.ix_(self.order, self.order)] = found
        return hessian

    def search(self, starts: Array, settings: Any, report: Any = None) -> list[Any]:
        """Return the minima that searches from each row of starts end at."""
        settings = dict(settings)
        if settings.get("mask") is not None:
            settings["mask"] = settings["mask"][self.order]
        own = np.ascontiguousarray(starts[:, self.order])
        if report is not None:
            return [self.function.minimize(own[0], report=report, **settings)]
        found: list[Any] = self.function.minimize_many(own, **settings)
        return found

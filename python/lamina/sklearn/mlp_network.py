"""The network of a multilayer perceptron, and the loss with which scikit-learn trains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina import activations, losses, ops
from lamina._check import Array
from lamina._coding import kind_of
from lamina.layers import Activation, BatchNormalization, Dense, Dropout, Input
from lamina.models import Sequential
from lamina.regularizers import L1

# Activations by scikit-learn's names.
ACTIVATIONS = {
    "identity": "linear",
    "logistic": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
    "softmax": "softmax",
    "exp": "exponential",
}


SKLEARN_LOSSES = ("log_loss", "squared_error", "poisson")

# Losses that compare all classes of a row: over the single unit of two classes they are constant.
OVER_CLASSES = (
    losses.CategoricalCrossentropy,
    losses.CategoricalFocalCrossentropy,
    losses.CategoricalGeneralizedCrossEntropy,
    losses.CategoricalHinge,
    losses.CosineSimilarity,
    losses.KLDivergence,
    losses.SparseCategoricalCrossentropy,
)

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed."
)


@dataclass
class Plan:
    """The layers of a network.

    Attributes
    ----------
    units : list of int
        The columns of the input, the hidden units of each layer, the outputs.
    activations : list
        The activation of each hidden layer: scikit-learn's or lamina's name, or a function.
    dropout : list of float
        The rate after each hidden layer.
    output : str
        The last activation, by scikit-learn's name.
    dtype : str
        The dtype of the weights.
    policy : str
        The name of the layers' policy, for that dtype.
    """

    units: list[int]
    activations: list[Any]
    dropout: list[float]
    batch_norm: bool
    output: str
    dtype: str
    policy: str
    penalized: bool = False  # with L1, whose factor is set in each fit
    seed: int | None = None


class Perceptron(Sequential):
    """All layers before the last activation, trained with scikit-learn's loss.

    For the rows of a batch with weights ``w`` and losses ``l`` the step lowers
    ``(sum(w l) + alpha / 2 * sum of the squared kernels) / sum(w)``.  Targets are a dict of ``y``
    and, if any, ``weight`` and ``constant``, which is added to the loss of each row.

    Attributes
    ----------
    alpha : float
    row_loss : str or Loss
        The loss of a row, a sum over the outputs: one of scikit-learn's names, or one of lamina's.
    output : str
        The activation after the last layer.
    asked : tuple
        The parameters for which the network was compiled.
    """

    asked: Any = None
    alpha: float = 0.0
    row_loss: Any = "squared_error"
    output: str = "identity"

    def train_step(self, data: Any) -> Any:
        """Return the loss of a batch in training, and ``data_loss``, the loss without penalties."""
        return self._step(data, True)

    def test_step(self, data: Any) -> Any:
        """Return the same with all layers as in inference."""
        return self._step(data, False)

    def save(self, *arguments: Any, **options: Any) -> None:
        """Write the predicting model, which can be saved to files; for callbacks that save."""
        predicting(self).save(*arguments, **options)

    def _step(self, data: Any, training: bool) -> Any:
        x, given = data
        logits = self(x, training=training)
        rows = self._of_rows(given["y"], logits)
        if "constant" in given:
            rows = rows + given["constant"]
        weight = given.get("weight")
        if weight is None and not self.alpha:  # the objective is their mean
            return {"loss": sum(self.losses, rows), "data_loss": rows}
        count = ops.sum(ops.ones_like(rows) if weight is None else weight)
        mean = ops.sum(rows if weight is None else rows * weight) / count
        if not self.alpha:
            return {"loss": sum(self.losses, mean), "data_loss": mean}
        squares = sum(ops.sum(ops.square(layer.kernel)) for layer in dense_layers(self))
        whole = mean + self.alpha / 2 * squares / count
        return {"loss": sum(self.losses, whole), "data_loss": mean}

    def _of_rows(self, y: Any, logits: Any) -> Any:
        name = self.row_loss
        if name == "squared_error":
            return ops.sum(ops.square(logits - y) / 2, axis=-1)
        if name == "poisson":
            return ops.sum(ops.exp(logits) - y * logits, axis=-1)
        if name == "log_loss" and self.output == "softmax":
            return ops.sparse_categorical_crossentropy(y, logits, from_logits=True)
        if name == "log_loss":
            return ops.sum(ops.binary_crossentropy(y, logits, from_logits=True), axis=-1)
        if self.output != "identity" and not name.from_logits:
            logits = activations.get(ACTIVATIONS[self.output])(logits)
        rows = name.call(y, logits)
        return ops.mean(rows, axis=tuple(range(1, rows.ndim))) if rows.ndim > 1 else rows


def dense_layers(model: Any) -> list[Any]:
    """Return the layers to which ``coefs_`` and ``intercepts_`` belong."""
    return [layer for layer in model.layers if isinstance(layer, Dense)]


def lamina_name(activation: Any) -> Any:
    """Return an activation in the form that layers take."""
    return ACTIVATIONS.get(activation, activation) if isinstance(activation, str) else activation


def names() -> set[str]:
    """Return the names of activations of hidden layers, in scikit-learn and in lamina."""
    own = {name for name in activations.__all__ if name.islower()} - {"get", "serialize"}
    return {"identity", "logistic", *own}


def check(given: Sequence[Any], loss: Any) -> None:
    """Refuse activations, or a loss, that are unknown."""
    for activation in given:
        activations.get(lamina_name(activation))
    loss_of(loss)


def build(plan: Plan) -> tuple[Perceptron, Sequential]:
    """Return the training model and the predicting model, which have the same layers."""
    layers: list[Any] = []
    *hidden, outputs = plan.units[1:]

    def dense(units: int, **options: Any) -> Dense:
        penalty = L1(0.0, proximal=True) if plan.penalized else None
        return Dense(units, kernel_regularizer=penalty, **options)

    for units, activation, rate in zip(hidden, plan.activations, plan.dropout, strict=True):
        given = lamina_name(activation)
        if plan.batch_norm:
            layers += [dense(units), BatchNormalization(), Activation(given)]
        else:
            layers.append(dense(units, activation=given))
        if rate:
            layers.append(Dropout(rate))
    layers.append(dense(outputs))
    options: dict[str, Any] = {"dtype": plan.policy, "seed": plan.seed}
    trainer = Perceptron([Input((plan.units[0],)), *layers], **options)
    trainer.output = plan.output
    return trainer, predicting(trainer)


def predicting(trainer: Perceptron) -> Sequential:
    """Return a model of the same layers, followed by the last activation."""
    law = trainer.output
    last = [] if law == "identity" else [Activation(ACTIVATIONS[law])]
    first = Input(trainer.input_shape[1:])
    return Sequential(
        [first, *trainer.layers, *last], dtype=trainer.dtype_policy, seed=trainer.seed
    )


def draw_weights(plan: Plan, random_state: Any) -> list[tuple[Array, Array]]:
    """Draw kernels and biases layer by layer, as scikit-learn does.

    Both are uniform within ``sqrt(6 / (fan_in + fan_out))``, or ``sqrt(2 / ...)`` for logistic
    units (Glorot and Bengio 2010); the last layer's are drawn like those of the previous layer.
    """
    drawn = []
    laws = [*plan.activations, plan.activations[-1] if plan.activations else "identity"]
    for law, fan_in, fan_out in zip(laws, plan.units[:-1], plan.units[1:], strict=True):
        logistic = isinstance(law, str) and lamina_name(law) == "sigmoid"
        bound = np.sqrt((2.0 if logistic else 6.0) / (fan_in + fan_out))
        kernel = random_state.uniform(-bound, bound, (fan_in, fan_out))
        bias = random_state.uniform(-bound, bound, fan_out)
        drawn.append((kernel.astype(plan.dtype), bias.astype(plan.dtype)))
    return drawn


def put_weights(model: Any, weights: Sequence[tuple[Any, Any]]) -> None:
    """Set the kernels and biases of the dense layers."""
    for layer, pair in zip(dense_layers(model), weights, strict=True):
        layer.set_weights(list(pair))


def penalize(model: Any, l1: float) -> None:
    """Add ``l1 * sum(|w|)`` of all kernels to the loss, with true zeros."""
    for layer in dense_layers(model):
        if layer.kernel_regularizer is not None:
            layer.kernel_regularizer.l1 = l1


def usual_loss(given: Any, output: str) -> Any:
    """Return the loss with which `lamina.Sequential` is compiled, for the parameter ``loss``."""
    by_output = {
        "identity": "mse",
        "exp": "poisson",
        "logistic": "binary_crossentropy",
        "softmax": "sparse_categorical_crossentropy",
    }
    named = isinstance(given, str) and given in SKLEARN_LOSSES
    return by_output[output] if named else given


def over_classes(given: Any) -> bool:
    """Return whether a loss needs a unit for each class, of two classes too."""
    return isinstance(loss_of(given), OVER_CLASSES)


def is_for_classes(given: Any) -> bool:
    """Return whether a loss is a crossentropy; others may be of numbers."""
    if isinstance(given, str) and given in SKLEARN_LOSSES:
        return given == "log_loss"
    return kind_of(loss_of(given)) == "classes"


def loss_of(given: Any) -> Any:
    """Return the loss named by the parameter ``loss`` in the form that `Perceptron` takes."""
    if isinstance(given, str) and given in SKLEARN_LOSSES:
        return given
    loss = losses.get(given)
    config = loss.get_config()
    if config.get("from_logits") is False:  # exact if probabilities are 0 or 1
        return type(loss).from_config({**config, "from_logits": True})
    return loss

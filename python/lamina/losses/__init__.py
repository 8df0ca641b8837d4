"""Loss functions, with Keras's names and arguments.

A loss gives one value per row (per position, if the prediction has several axes), from which its
``reduction`` computes a single number:

- "sum_over_batch_size", the default, or "mean": ``sum(weight * value) / number of positions``,
- "mean_with_sample_weight": ``sum(weight * value) / sum(weight)``,
- "sum": ``sum(weight * value)``.

Positions hidden by a mask and ignored labels are left out of all of these sums.  A weight may be
negative: the loss of its row is then increased instead of decreased.

A training step follows the gradient of this number for its batch, as in Keras.  The value reported
by ``fit`` and ``evaluate`` is the same number for all rows of the epoch, as if they were one batch,
regardless of the batch size.  Keras reports the mean of the numbers of the batches, weighted by
their rows; the two differ if batches have different numbers of unmasked positions, or different
weights with "mean_with_sample_weight", and with "sum" Keras's value depends on the batch size.  A
loss that is a single number for a batch, and cannot be split into rows, is averaged over batches
here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._settings import custom, reading_with, resolve, serialize
from lamina.losses.base import Loss
from lamina.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from lamina.losses.distributions import GaussianNLL, Pinball
from lamina.losses.functional import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCosh,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    Poisson,
    SquaredHinge,
)
from lamina.losses.labelled import CTC, Circle
from lamina.losses.overlaps import Dice, Tversky
from lamina.losses.python import PythonLoss
from lamina.losses.regression import Huber, MeanAbsoluteError, MeanSquaredError
from lamina.losses.wrapper import LossFunctionWrapper

if TYPE_CHECKING:
    from lamina.losses.distributional import gaussian_nll, pinball
    from lamina.losses.functions import (
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_crossentropy,
        categorical_focal_crossentropy,
        categorical_generalized_cross_entropy,
        categorical_hinge,
        circle,
        cosine_similarity,
        ctc,
        dice,
        hinge,
        huber,
        kl_divergence,
        log_cosh,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_error,
        mean_squared_logarithmic_error,
        poisson,
        sparse_categorical_crossentropy,
        squared_hinge,
        tversky,
    )

__all__ = [
    "CTC", "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy", "CategoricalGeneralizedCrossEntropy", "CategoricalHinge",
    "Circle", "CosineSimilarity", "Dice", "GaussianNLL", "Hinge", "Huber", "KLDivergence",
    "LogCosh", "Loss", "LossFunctionWrapper", "MeanAbsoluteError", "MeanAbsolutePercentageError",
    "MeanSquaredError", "MeanSquaredLogarithmicError", "Pinball", "Poisson", "PythonLoss",
    "SparseCategoricalCrossentropy", "SquaredHinge", "Tversky", "binary_crossentropy",
    "binary_focal_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy", "categorical_hinge", "circle", "cosine_similarity",
    "ctc", "deserialize", "dice", "gaussian_nll", "get", "hinge", "huber", "kl_divergence",
    "log_cosh", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "pinball", "poisson", "serialize",
    "sparse_categorical_crossentropy", "squared_hinge", "tversky",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


NAMED: dict[str, type[Loss]] = {
    "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "huber": Huber,
    "log_cosh": LogCosh,
    "poisson": Poisson,
    "cosine_similarity": CosineSimilarity,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "categorical_hinge": CategoricalHinge,
    "kl_divergence": KLDivergence,
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "binary_focal_crossentropy": BinaryFocalCrossentropy,
    "categorical_focal_crossentropy": CategoricalFocalCrossentropy,
    "categorical_generalized_cross_entropy": CategoricalGeneralizedCrossEntropy,
    "dice": Dice,
    "tversky": Tversky,
    "ctc": CTC,
    "circle": Circle,
    "gaussian_nll": GaussianNLL,
    "pinball": Pinball,
}
_FUNCTIONS = tuple(NAMED)
_ROOMS = {"gaussian_nll": "distributional", "pinball": "distributional"}  # else "functions"
_SHORT = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
}
NAMED |= {short: NAMED[name] for short, name in _SHORT.items()}

if not TYPE_CHECKING:  # the functions need lamina.ops, which many programs do not
    _LAZY = {name: f"lamina.losses.{_ROOMS.get(name, 'functions')}:{name}" for name in _FUNCTIONS}
    _LAZY |= {short: _LAZY[name] for short, name in _SHORT.items()}
    _LAZY |= {short.upper(): _LAZY[short] for short in ("mse", "mae", "mape", "msle", "bce", "kld")}
    __getattr__ = answering(__name__, _LAZY)


@answering_calls
def get(identifier: object) -> Loss:
    """Return the loss for a name, class, configuration, instance or function.

    Parameters
    ----------
    identifier : str, dict, type, Loss or callable
        A function of tensors, ``f(y_true, y_pred)``, written with ``lamina.ops``, is wrapped in
        `LossFunctionWrapper`; functions of this module become the class of the same name.

    Raises
    ------
    ValueError
        If the name is unknown; the nearest is suggested.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.get("mse").name
    'mean_squared_error'
    """
    if isinstance(identifier, str):
        identifier = custom(identifier) or identifier
    if callable(identifier) and not isinstance(identifier, (Loss, type)):
        name = getattr(identifier, "__name__", "")
        room = str(getattr(identifier, "__module__", ""))
        if room.startswith("lamina.losses.") and name in NAMED:
            return NAMED[name]()
        return LossFunctionWrapper(identifier)
    if isinstance(identifier, Mapping):  # a configuration may name classes that strings cannot
        return resolve("loss", identifier, {**NAMED, _WRAPPER: LossFunctionWrapper}, Loss)
    return resolve("loss", identifier, NAMED, Loss)


_WRAPPER = LossFunctionWrapper.__name__


@answering_calls
def deserialize(name: object, custom_objects: Mapping[str, Any] | None = None) -> Loss:
    """Return the same as `get`, where user-defined classes may be given by name.

    Parameters
    ----------
    name : str or dict
        A name, or the result of `serialize`.
    custom_objects : dict, optional
        Classes and functions by name.
    """
    with reading_with(custom_objects):
        return get(name)

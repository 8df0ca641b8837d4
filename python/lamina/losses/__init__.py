"""Loss functions, with Keras's names and arguments.

A loss gives one value a row (a position, if the prediction has several axes); training minimises
their weighted mean, ``sum(weight * value) / number of positions``: Keras's reduction
``"sum_over_batch_size"``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._settings import resolve, serialize
from lamina.losses.base import Loss
from lamina.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from lamina.losses.python import PythonLoss
from lamina.losses.regression import Huber, MeanAbsoluteError, MeanSquaredError

__all__ = [
    "BinaryCrossentropy", "CategoricalCrossentropy", "Huber", "Loss", "MeanAbsoluteError",
    "MeanSquaredError", "PythonLoss", "SparseCategoricalCrossentropy", "get", "serialize",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


_TABLE: dict[str, type[Loss]] = {
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "mae": MeanAbsoluteError,
    "huber": Huber,
    "binary_crossentropy": BinaryCrossentropy,
    "bce": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}


@answering_calls
def get(identifier: object) -> Loss:
    """Return the loss for a name, class, configuration or instance.

    Raises
    ------
    ValueError
        If the name is unknown; the nearest is suggested.
    TypeError
        If `identifier` is of another type.  A function of your own needs its derivative too:
        see `PythonLoss`.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.get("mse").name
    'mean_squared_error'
    """
    if callable(identifier) and not isinstance(identifier, (Loss, type)):
        raise TypeError(
            f"losses: a function of your own needs its derivative; wrap both in "
            f"losses.PythonLoss(forward, backward); got {identifier!r}"
        )
    return resolve("loss", identifier, _TABLE, Loss)


deserialize = get  # by Keras's name

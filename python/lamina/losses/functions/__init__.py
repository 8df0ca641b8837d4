"""Losses as functions of tensors, under Keras's names, with one value per row or position.

They compute the same as the classes of the same names, on recorded tensors (in user-defined losses,
regularizers and layers), on symbolic tensors, and on arrays.
"""

from lamina.losses.functions.labelled import circle, ctc
from lamina.losses.functions.margins import categorical_hinge, hinge, squared_hinge
from lamina.losses.functions.overlaps import dice, tversky
from lamina.losses.functions.probabilities import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from lamina.losses.functions.regression import (
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
)

__all__ = [
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "ctc",
    "dice",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

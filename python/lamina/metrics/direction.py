"""Whether a quantity of a fit is better when it is larger or when it is smaller."""

from __future__ import annotations

from typing import Any

UP, DOWN = "up", "down"
DIRECTIONS = (UP, DOWN)

# Whole names only: "accident" contains "acc", and is none.
_KNOWN = {
    UP: (
        "acc", "accuracy", "auc", "average_precision", "balanced_accuracy", "binary_accuracy",
        "categorical_accuracy", "cosine_similarity", "explained_variance", "f1", "f1_score",
        "fbeta_score", "iou", "mean_iou", "pr_auc", "precision", "r2", "r2_score", "recall",
        "roc_auc", "sensitivity", "sparse_categorical_accuracy",
        "sparse_top_k_categorical_accuracy", "specificity", "top_k_categorical_accuracy",
    ),
    DOWN: (
        "bce", "binary_crossentropy", "categorical_crossentropy", "crossentropy", "error", "huber",
        "kl_divergence", "log_cosh", "loss", "mae", "mape", "mean_absolute_error",
        "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error",
        "mse", "msle", "rmse", "root_mean_squared_error", "sparse_categorical_crossentropy",
    ),
}  # fmt: skip
_BY_NAME = {name: direction for direction, names in _KNOWN.items() for name in names}


def direction_of_name(name: str) -> str | None:
    """Return "up", "down", or None where the name does not tell.

    Examples
    --------
    >>> direction_of_name("f1_score"), direction_of_name("accident_loss")
    ('up', 'down')
    >>> direction_of_name("accidents") is None
    True
    """
    folded = name.lower()
    if folded in _BY_NAME:
        return _BY_NAME[folded]
    words = folded.split("_")
    return DOWN if words[-1] == "loss" and not words[0].startswith("neg") else None


def direction_of(metric: Any) -> str | None:
    """Return what the metric says of itself, or else what its name tells; None if neither does.

    Metrics written for Keras say it in ``_direction``.
    """
    for attribute in ("direction", "_direction"):
        stated = getattr(metric, attribute, None)
        if isinstance(stated, str) and stated in DIRECTIONS:
            return stated
    return direction_of_name(metric.name)

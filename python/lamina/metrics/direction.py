"""Whether larger or smaller values of a quantity are better."""

from __future__ import annotations

from typing import Any

UP, DOWN = "up", "down"
DIRECTIONS = (UP, DOWN)

# Only whole names: "accident" contains "acc", but is not an accuracy.
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
    """Return "up", "down", or None if the name is not known.

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
    """Return the direction of a metric, or else that of its name; None if both are unknown.

    Metrics written for Keras have it in ``_direction``.
    """
    for attribute in ("direction", "_direction"):
        stated = getattr(metric, attribute, None)
        if isinstance(stated, str) and stated in DIRECTIONS:
            return stated
    return direction_of_name(metric.name)

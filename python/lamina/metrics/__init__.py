"""Metrics, with Keras's names: reported beside the loss, or used alone.

A metric is a weighted mean over all rows seen, ``sum(weight * value) / sum(weight)``, not a mean
of the batches' means.

Examples
--------
>>> from lamina import metrics
>>> m = metrics.MeanAbsoluteError()
>>> m.update_state([[0.0], [1.0]], [[1.0], [3.0]])
>>> m.result()
1.5
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from lamina import losses
from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._settings import custom, find, serialize
from lamina._settings import resolve as _resolve
from lamina.metrics.accuracy import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
)
from lamina.metrics.base import KernelMetric, Metric
from lamina.metrics.direction import DOWN
from lamina.metrics.mean import Mean, Sum
from lamina.metrics.regression import (
    MeanAbsoluteError,
    MeanSquaredError,
    R2Score,
    RootMeanSquaredError,
)
from lamina.metrics.top_k import SparseTopKCategoricalAccuracy, TopKCategoricalAccuracy
from lamina.metrics.wrapper import MeanMetricWrapper

__all__ = [
    "BinaryAccuracy", "CategoricalAccuracy", "KernelMetric", "Mean", "MeanAbsoluteError",
    "MeanMetricWrapper", "MeanSquaredError", "Metric", "R2Score", "RootMeanSquaredError",
    "SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "Sum", "TopKCategoricalAccuracy",
    "get", "resolve", "serialize",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


# Functions of two arrays or tensors, which compile takes too; Keras has them in both rooms.
_FUNCTIONS = (
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy",
    "categorical_focal_crossentropy", "categorical_hinge", "hinge", "huber", "kl_divergence",
    "log_cosh", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "poisson", "sparse_categorical_crossentropy",
    "squared_hinge", "mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "kld", "KLD",
    "bce", "BCE",
)  # fmt: skip

if not TYPE_CHECKING:
    __getattr__ = answering(__name__, {name: f"lamina.losses:{name}" for name in _FUNCTIONS})


_TABLE: dict[str, type[Metric]] = {
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "mean_absolute_error": MeanAbsoluteError,
    "mae": MeanAbsoluteError,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "root_mean_squared_error": RootMeanSquaredError,
    "rmse": RootMeanSquaredError,
    "r2_score": R2Score,
    "r2": R2Score,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "mean": Mean,
    "sum": Sum,
}
_ACCURACY = ("accuracy", "acc")


@answering_calls
def get(identifier: object) -> Metric:
    """Return the metric for a name, class, configuration, instance or function.

    Parameters
    ----------
    identifier : str, dict, type, Metric or callable
        A name becomes the metric's own name, as in Keras: ``get("mae").name`` is ``"mae"``.  A
        function ``f(y_true, y_pred)`` of one value a row is wrapped in `MeanMetricWrapper`.

    Raises
    ------
    ValueError
        If the name is unknown; the nearest is suggested.  ``"accuracy"`` is no metric of its
        own: `resolve` chooses its form.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.get("rmse")
    RootMeanSquaredError(name='rmse')
    """
    if isinstance(identifier, str) and custom(identifier) is not None:
        identifier = custom(identifier)
    if isinstance(identifier, str):
        if identifier.lower() in _ACCURACY:
            raise ValueError(
                f"metric {identifier!r} takes its form from the loss; here, name one of "
                f"binary_accuracy, categorical_accuracy, sparse_categorical_accuracy"
            )
        if identifier not in _TABLE and identifier in _FUNCTIONS:
            function = getattr(losses, identifier)
            return MeanMetricWrapper(function, name=identifier, direction=DOWN)
        metric = find("metric", identifier, _TABLE | dict.fromkeys(_ACCURACY, Metric))()
        metric.name = identifier
        return metric
    if callable(identifier) and not isinstance(identifier, (Metric, type, Mapping)):
        return MeanMetricWrapper(identifier)
    return _resolve("metric", identifier, _TABLE, Metric)


@answering_calls
def resolve(
    identifier: object, loss: Any, prediction_shape: tuple[int, ...], form: Any = None
) -> Metric:
    """Return the metric for a model's output; ``"accuracy"`` takes its form from the loss.

    Parameters
    ----------
    identifier : str, dict, type, Metric or callable
        As for `get`, and ``"accuracy"`` or ``"acc"``.
    loss : Loss
        The loss of the output.
    prediction_shape : tuple of int
        Shape of one row's prediction.
    form : tuple, optional
        Shape and type of one row's target, where the loss takes any.

    Raises
    ------
    ValueError
        If the metric needs other targets than the loss has.
    """
    if isinstance(identifier, str) and identifier.lower() in _ACCURACY:
        metric = _accuracy(loss, prediction_shape, form)
        metric.name = identifier
    else:
        metric = get(identifier)
    if isinstance(metric, KernelMetric) and not loss.free_target:
        _check_targets(metric, loss, prediction_shape)
    return metric


def _accuracy(loss: Any, prediction_shape: tuple[int, ...], form: Any) -> Metric:
    few = form is not None and prod(form[0]) == prod(prediction_shape[:-1]) < prod(prediction_shape)
    if loss.target_dtype == "int32" or few:  # one number stands for a column of several
        return SparseCategoricalAccuracy()
    if loss.name == "binary_crossentropy" or prediction_shape[-1:] in ((), (1,)):
        # A log-odds above 0 is a probability above 1/2.
        return BinaryAccuracy(threshold=0.0 if loss.from_logits else 0.5)
    return CategoricalAccuracy()


def _check_targets(metric: KernelMetric, loss: Any, shape: tuple[int, ...]) -> None:
    same_shape = metric.target_shape(shape) == loss.target_shape(shape)
    if metric.target_dtype == loss.target_dtype and same_shape:
        return
    kind = "integer labels" if loss.target_dtype == "int32" else "targets as wide as the prediction"
    raise ValueError(
        f"metric {metric.name} does not fit the loss {loss.name}, which has {kind}; "
        f"'accuracy' takes the form that fits"
    )


deserialize = get  # by Keras's name

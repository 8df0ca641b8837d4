"""Metrics, with Keras's names: reported besides the loss, or used on their own.

A metric is a function of weighted sums over all rows seen so far: a mean is ``sum(weight * value) /
sum(weight)``, not a mean of batch means, and an accuracy or an area under a curve is that of all
rows together, regardless of how they were batched.  In a fit the model's own graph accumulates the
sums, in float64, without running Python; user-defined metrics, functions and `Scorer` are given the
arrays of each batch.

Examples
--------
>>> from lamina import metrics
>>> m = metrics.MeanAbsoluteError()
>>> m.update_state([[0.0], [1.0]], [[1.0], [3.0]])
>>> m.result()
1.5
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from lamina._answers import answering, folded
from lamina._calls import answering_calls
from lamina._names import snake_case, unknown, unknown_class
from lamina._settings import custom, reading_with, serialize
from lamina._settings import resolve as _resolve
from lamina.metrics.accuracy import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
)
from lamina.metrics.base import KernelMetric, Metric
from lamina.metrics.mean import Mean, Sum
from lamina.metrics.regression import (
    MeanAbsoluteError,
    MeanSquaredError,
    R2Score,
    RootMeanSquaredError,
)
from lamina.metrics.wrapper import MeanMetricWrapper

if TYPE_CHECKING:
    from lamina.losses.functions import (
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_crossentropy,
        categorical_focal_crossentropy,
        categorical_hinge,
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
    )
    from lamina.metrics.auc import AUC
    from lamina.metrics.brier import BrierScore
    from lamina.metrics.confusion_matrix import ConfusionMatrix
    from lamina.metrics.f_scores import F1Score, FBetaScore
    from lamina.metrics.functions import (
        binary_accuracy,
        categorical_accuracy,
        concordance_correlation,
        pearson_correlation,
        sparse_categorical_accuracy,
        sparse_top_k_categorical_accuracy,
        top_k_categorical_accuracy,
    )
    from lamina.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
    from lamina.metrics.means import (
        Accuracy,
        BinaryCrossentropy,
        CategoricalCrossentropy,
        CategoricalHinge,
        ConcordanceCorrelation,
        CosineSimilarity,
        Hinge,
        KLDivergence,
        LogCoshError,
        MeanAbsolutePercentageError,
        MeanSquaredLogarithmicError,
        PearsonCorrelation,
        Poisson,
        SparseCategoricalCrossentropy,
        SquaredHinge,
    )
    from lamina.metrics.operating_points import (
        PrecisionAtRecall,
        RecallAtPrecision,
        SensitivityAtSpecificity,
        SpecificityAtSensitivity,
    )
    from lamina.metrics.recorded import RecordedMetric
    from lamina.metrics.scorer import Scorer
    from lamina.metrics.thresholds import (
        FalseNegatives,
        FalsePositives,
        Precision,
        Recall,
        TrueNegatives,
        TruePositives,
    )
    from lamina.metrics.top_k import SparseTopKCategoricalAccuracy, TopKCategoricalAccuracy

__all__ = [
    "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU", "BrierScore",
    "CategoricalAccuracy", "CategoricalCrossentropy", "CategoricalHinge", "ConcordanceCorrelation",
    "ConfusionMatrix", "CosineSimilarity", "F1Score", "FBetaScore", "FalseNegatives",
    "FalsePositives", "Hinge", "IoU", "KLDivergence", "KernelMetric", "LogCoshError", "Mean",
    "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanIoU", "MeanMetricWrapper",
    "MeanSquaredError", "MeanSquaredLogarithmicError", "Metric", "OneHotIoU", "OneHotMeanIoU",
    "PearsonCorrelation", "Poisson", "Precision", "PrecisionAtRecall", "R2Score", "Recall",
    "RecallAtPrecision", "RecordedMetric", "RootMeanSquaredError", "Scorer",
    "SensitivityAtSpecificity", "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy", "SpecificityAtSensitivity", "SquaredHinge", "Sum",
    "TopKCategoricalAccuracy", "TrueNegatives", "TruePositives", "binary_accuracy",
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_accuracy",
    "categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge",
    "concordance_correlation", "deserialize", "get", "hinge", "huber", "kl_divergence", "log_cosh",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "pearson_correlation", "poisson", "resolve", "serialize",
    "sparse_categorical_accuracy", "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy", "squared_hinge", "top_k_categorical_accuracy",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


# By module; imported on first use, which keeps `import lamina` fast.
_MODULES = {
    "auc": "AUC",
    "brier": "BrierScore",
    "confusion_matrix": "ConfusionMatrix",
    "f_scores": "F1Score FBetaScore",
    "functions": (
        "binary_accuracy categorical_accuracy concordance_correlation pearson_correlation "
        "sparse_categorical_accuracy sparse_top_k_categorical_accuracy top_k_categorical_accuracy"
    ),
    "iou": "BinaryIoU IoU MeanIoU OneHotIoU OneHotMeanIoU",
    "means": (
        "Accuracy BinaryCrossentropy CategoricalCrossentropy CategoricalHinge "
        "ConcordanceCorrelation CosineSimilarity Hinge KLDivergence LogCoshError "
        "MeanAbsolutePercentageError MeanSquaredLogarithmicError PearsonCorrelation Poisson "
        "SparseCategoricalCrossentropy SquaredHinge"
    ),
    "operating_points": (
        "PrecisionAtRecall RecallAtPrecision SensitivityAtSpecificity SpecificityAtSensitivity"
    ),
    "recorded": "RecordedMetric",
    "scorer": "Scorer",
    "thresholds": ("FalseNegatives FalsePositives Precision Recall TrueNegatives TruePositives"),
    "top_k": "SparseTopKCategoricalAccuracy TopKCategoricalAccuracy",
}
_LAZY = {
    name: f"lamina.metrics.{module}:{name}"
    for module, names in _MODULES.items()
    for name in names.split()
}
# Functions of two arrays or tensors, which compile also accepts; Keras has them in both modules.
_LOSSES = (
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy",
    "categorical_focal_crossentropy", "categorical_hinge", "hinge", "huber", "kl_divergence",
    "log_cosh", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "poisson", "sparse_categorical_crossentropy",
    "squared_hinge", "mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "kld", "KLD",
    "bce", "BCE", "logcosh",
)  # fmt: skip

if not TYPE_CHECKING:
    __getattr__ = answering(__name__, _LAZY | {name: f"lamina.losses:{name}" for name in _LOSSES})

# Names that strings may have, in addition to those of the classes in any spelling.
_SHORT = {
    "mae": "MeanAbsoluteError", "mse": "MeanSquaredError", "rmse": "RootMeanSquaredError",
    "r2": "R2Score", "mape": "MeanAbsolutePercentageError", "msle": "MeanSquaredLogarithmicError",
    "bce": "BinaryCrossentropy", "kld": "KLDivergence", "logcosh": "LogCoshError",
    "log_cosh": "LogCoshError", "iou": "IoU", "mean_iou": "MeanIoU", "binary_iou": "BinaryIoU",
}  # fmt: skip
_BASES = ("KernelMetric", "MeanMetricWrapper", "Metric", "RecordedMetric")
_NAMES = _SHORT | {
    snake_case(name): name for name in __all__ if name[0].isupper() and name not in _BASES
}
_ACCURACY = ("accuracy", "acc")


def _class_of(name: str, said: Callable[..., str] = unknown) -> type[Metric]:
    by_fold = {folded(known): cls for known, cls in _NAMES.items()}
    by_fold |= {folded(cls): cls for cls in (*_NAMES.values(), *_BASES)}
    if folded(name) not in by_fold:
        known = {*_NAMES, *_ACCURACY, *_LOSSES}
        raise ValueError(said("metric", name, known))
    found: type[Metric] = getattr(sys.modules[__name__], by_fold[folded(name)])
    return found


@answering_calls
def get(identifier: object) -> Metric:
    """Return the metric for a name, class, configuration, instance or function.

    Parameters
    ----------
    identifier : str, dict, type, Metric or callable
        A string becomes the metric's own name, as in Keras: ``get("mae").name`` is ``"mae"``.  A
        function ``f(y_true, y_pred)`` with one value per row is wrapped in `MeanMetricWrapper`, a
        scorer or metric function of scikit-learn in `Scorer`.

    Raises
    ------
    ValueError
        If the name is unknown; the nearest is suggested.  ``"accuracy"`` is not a metric by itself:
        its form is chosen by `resolve`.
    TypeError
        If `identifier` is of another type.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.get("rmse")
    RootMeanSquaredError(name='rmse', dtype='float64')
    """
    if isinstance(identifier, str) and custom(identifier) is not None:
        identifier = custom(identifier)
    if isinstance(identifier, str):
        return _named(identifier)
    if callable(identifier) and not isinstance(identifier, (Metric, type, Mapping)):
        return _of_function(identifier)
    if isinstance(identifier, Mapping) and "class_name" in identifier:
        name = str(identifier["class_name"])
        if custom(name) is None:
            return _class_of(name, unknown_class).from_config(identifier.get("config", {}))
    return _resolve("metric", identifier, {}, Metric)


def _named(name: str) -> Metric:
    if name.lower() in _ACCURACY:
        raise ValueError(
            f"the form of metric {name!r} depends on the loss; here, name one of "
            f"binary_accuracy, categorical_accuracy, sparse_categorical_accuracy"
        )
    functions = [f for f in _LOSSES if f == name and folded(f) not in map(folded, _NAMES)]
    if functions:
        from lamina.metrics.means import LibraryFunction

        return LibraryFunction(f"losses:{name}", name)
    metric = _class_of(name)()
    metric.name = name
    return metric  # not numbered: the user named it


def _of_function(function: Any) -> Metric:
    package, room, module, *_ = [*str(getattr(function, "__module__", "")).split("."), "", ""]
    if package == "lamina" and room in ("losses", "metrics") and module == "functions":
        from lamina.metrics.means import LibraryFunction

        room = "losses" if room == "losses" else "metrics.functions"
        return LibraryFunction(f"{room}:{function.__name__}")
    from lamina.metrics.scorer import Scorer, of_sklearn

    return Scorer(function) if of_sklearn(function) else MeanMetricWrapper(function)


@answering_calls
def resolve(
    identifier: object, loss: Any, prediction_shape: tuple[int, ...], form: Any = None
) -> Metric:
    """Return the metric for a model's output; the form of ``"accuracy"`` depends on the loss.

    Parameters
    ----------
    identifier : str, dict, type, Metric or callable
        As in `get`, in addition ``"accuracy"`` or ``"acc"``.
    loss : Loss
        The loss of the output.
    prediction_shape : tuple of int
        Shape of one row's prediction.
    form : tuple, optional
        Shape and type of one row's target, if the loss takes any.

    Raises
    ------
    ValueError
        If the metric needs targets of another kind than the loss has.
    """
    if isinstance(identifier, str) and identifier.lower() in _ACCURACY:
        metric = _accuracy(loss, prediction_shape, form)
        metric.name = identifier
    else:
        metric = get(identifier)
    if hasattr(metric, "take_loss"):  # a scorer
        metric.take_loss(loss)
    if isinstance(metric, KernelMetric) and not loss.free_target:
        # An axis of any length has the same length in targets and predictions.
        _check_targets(metric, loss, tuple(2 if n is None else n for n in prediction_shape))
    return metric


def _accuracy(loss: Any, prediction_shape: tuple[int, ...], form: Any) -> Metric:
    few = form is not None and prod(form[0]) == prod(prediction_shape[:-1]) < prod(prediction_shape)
    if loss.target_dtype == "int32" or few:  # one number in place of several columns
        return SparseCategoricalAccuracy()
    # As in Keras, only the shapes matter, not the loss.
    if prediction_shape[-1:] in ((), (1,)):
        return BinaryAccuracy()
    return CategoricalAccuracy()


def _check_targets(metric: KernelMetric, loss: Any, shape: tuple[int, ...]) -> None:
    if metric.takes(loss.target_shape(shape), loss.target_dtype, shape):
        return
    kind = "integer labels" if loss.target_dtype == "int32" else "targets as wide as the prediction"
    raise ValueError(
        f"metric {metric.name} does not fit the loss {loss.name}, which has {kind}; "
        f"'accuracy' chooses a form that fits"
    )


@answering_calls
def deserialize(name: object, custom_objects: Mapping[str, Any] | None = None) -> Metric:
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

"""Losses and other functions with one value per row, as metrics: their mean over all rows.

Each has a class with Keras's name and arguments.
"""

from __future__ import annotations

from typing import Any, ClassVar

from lamina._check import number
from lamina.metrics.direction import DOWN, UP
from lamina.metrics.recorded import MeanOfFunction


class Accuracy(MeanOfFunction):
    """Share of columns where prediction and target are equal: for predicted labels.

    ``compile(metrics=["accuracy"])`` is different: its form depends on the model.

    Parameters
    ----------
    name : str, default "accuracy"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.Accuracy()([1, 2, 3, 4], [0, 2, 3, 4])
    0.75
    """

    function, direction = "metrics.functions:accuracy", UP


class BinaryCrossentropy(MeanOfFunction):
    """``mean -y log p - (1 - y) log(1 - p)``.

    Parameters
    ----------
    name : str, default "binary_crossentropy"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    from_logits : bool, default False
        Whether predictions are log-odds rather than probabilities.
    label_smoothing : float, default 0.0
        In [0, 1]; targets become ``y * (1 - s) + s / 2``.
    """

    function, direction = "losses:binary_crossentropy", DOWN
    settings: ClassVar[tuple[str, ...]] = ("from_logits", "label_smoothing")

    def __init__(
        self,
        name: str | None = None,
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = bool(from_logits)
        self.label_smoothing = _smoothing(self, label_smoothing)


def _smoothing(metric: Any, value: float) -> float:
    return number(type(metric).__name__, "label_smoothing", value, low=0.0, high=1.0)


class CategoricalCrossentropy(MeanOfFunction):
    """``mean -sum_c y_c log p_c``, y one-hot or class probabilities.

    Parameters
    ----------
    name : str, default "categorical_crossentropy"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    from_logits : bool, default False
        Whether predictions are those before the softmax.
    label_smoothing : float, default 0.0
        In [0, 1]; targets become ``y * (1 - s) + s / classes``.
    axis : int, default -1
        The axis of the classes.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.CategoricalCrossentropy()([[0, 1, 0]], [[0.2, 0.7, 0.1]]).__round__(6)
    0.356675
    """

    function, direction = "losses:categorical_crossentropy", DOWN
    settings: ClassVar[tuple[str, ...]] = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        name: str | None = None,
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = bool(from_logits)
        self.label_smoothing = _smoothing(self, label_smoothing)
        self.axis = axis


class SparseCategoricalCrossentropy(MeanOfFunction):
    """``mean -log p_y``, y an integer label.

    Parameters
    ----------
    name : str, default "sparse_categorical_crossentropy"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    from_logits : bool, default False
        Whether predictions are those before the softmax.
    ignore_class : int, optional
        Rows, or positions, with this label are ignored.
    axis : int, default -1
        The axis of the classes.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.SparseCategoricalCrossentropy()([1], [[0.2, 0.7, 0.1]]).__round__(6)
    0.356675
    """

    function, direction = "losses:sparse_categorical_crossentropy", DOWN
    settings: ClassVar[tuple[str, ...]] = ("from_logits", "ignore_class", "axis")
    target_dtype = "int32"

    def __init__(
        self,
        name: str | None = None,
        dtype: str | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = bool(from_logits)
        self.ignore_class = ignore_class
        self.axis = axis


class CategoricalHinge(MeanOfFunction):
    """``mean max(max_c (1 - y_c) p_c - sum_c y_c p_c + 1, 0)``, y one-hot.

    Parameters
    ----------
    name : str, default "categorical_hinge"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    """

    function, direction = "losses:categorical_hinge", DOWN


class Hinge(MeanOfFunction):
    """``mean max(1 - y p, 0)``, y -1 or 1 (or 0 or 1 in the entire batch).

    Parameters
    ----------
    name : str, default "hinge"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> round(metrics.Hinge()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]), 6)
    1.3
    """

    function, direction = "losses:hinge", DOWN


class SquaredHinge(MeanOfFunction):
    """``mean max(1 - y p, 0)^2``, y -1 or 1 (or 0 or 1 in the entire batch).

    Parameters
    ----------
    name : str, default "squared_hinge"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    """

    function, direction = "losses:squared_hinge", DOWN


class KLDivergence(MeanOfFunction):
    """``mean sum_c y_c log(y_c / p_c)``, of probabilities.

    Parameters
    ----------
    name : str, default "kl_divergence"
        Key in the history.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.KLDivergence()([[0, 1, 0]], [[0.2, 0.7, 0.1]]).__round__(6)
    0.356672
    """

    function, direction = "losses:kl_divergence", DOWN


class Poisson(MeanOfFunction):
    """``mean p - y log p``.

    Parameters
    ----------
    name : str, default "poisson"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    """

    function, direction = "losses:poisson", DOWN


class LogCoshError(MeanOfFunction):
    """``mean log(cosh(p - y))``.

    Parameters
    ----------
    name : str, default "logcosh"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    """

    function, direction = "losses:log_cosh", DOWN

    @classmethod
    def default_name(cls) -> str:
        """Return the default name."""
        return "logcosh"


class MeanAbsolutePercentageError(MeanOfFunction):
    """``100 mean |y - p| / |y|``; |y| counts as at least 1e-7.

    Parameters
    ----------
    name : str, default "mean_absolute_percentage_error"
        Key in the history.
    dtype : str, optional
        For Keras's callers: results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.MeanAbsolutePercentageError()([1.0, 2.0], [1.5, 1.0]).__round__(6)
    50.0
    """

    function, direction = "losses:mean_absolute_percentage_error", DOWN


class MeanSquaredLogarithmicError(MeanOfFunction):
    """``mean (log(y + 1) - log(p + 1))^2``.

    Parameters
    ----------
    name : str, default "mean_squared_logarithmic_error"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    """

    function, direction = "losses:mean_squared_logarithmic_error", DOWN


class _AlongAxis(MeanOfFunction):
    """Base of metrics with an argument for the axis of the vectors."""

    settings: ClassVar[tuple[str, ...]] = ("axis",)

    def __init__(self, name: str | None = None, dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        if axis == 0:
            raise ValueError(f"{type(self).__name__}: axis must not be 0, that of the rows; got 0")
        self.axis = axis


class CosineSimilarity(_AlongAxis):
    """Mean cosine of the angle between target and prediction: 1 if they agree.

    Parameters
    ----------
    name : str, default "cosine_similarity"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    axis : int, default -1
        The axis of the vectors.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.CosineSimilarity()([[1.0, 0.0]], [[3.0, 4.0]]).__round__(6)
    0.6
    """

    function, direction = "losses:cosine_similarity", UP

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        return -super()._values(y_true, y_pred)  # the loss is minimised, the metric maximised


class PearsonCorrelation(_AlongAxis):
    """Mean over the rows of each row's correlation of target and prediction.

    Parameters
    ----------
    name : str, default "pearson_correlation"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    axis : int, default -1
        The axis that the correlation is along; a row needs several columns there.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.PearsonCorrelation()([[1.0, 2.0, 3.0]], [[1.0, 2.0, 4.0]]).__round__(4)
    0.982
    """

    function, direction = "metrics.functions:pearson_correlation", UP


class ConcordanceCorrelation(_AlongAxis):
    """Mean over the rows of each row's concordance of target and prediction.

    Lin 1989, "A concordance correlation coefficient to evaluate reproducibility".

    Parameters
    ----------
    name : str, default "concordance_correlation"
        Key in the history.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    axis : int, default -1
        The axis along which to compare; a row needs several columns there.
    """

    function, direction = "metrics.functions:concordance_correlation", UP


class LibraryFunction(MeanOfFunction):
    """The mean of a function of `lamina.losses` or `lamina.metrics`, by its name.

    Parameters
    ----------
    function : str
        ``"losses:huber"``.
    name : str, optional
        Key in the history; by default the function's name.
    """

    def __init__(self, function: str, name: str | None = None) -> None:
        super().__init__(name or function.partition(":")[2])
        self.function = function  # type: ignore[misc]
        rising = "accuracy" in function or "correlation" in function
        self.direction = UP if rising else DOWN
        self.target_dtype = "int32" if "sparse" in function else "float"  # type: ignore[misc]

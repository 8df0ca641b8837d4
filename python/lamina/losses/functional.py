"""Losses defined by functions of ``lamina.losses``, with the functions' settings as arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lamina._check import number
from lamina.losses.base import REDUCTION, Loss


class FunctionalLoss(Loss):
    """Base of these losses: each names its function and the arguments that it passes on."""

    _plumbing: ClassVar[str] = "function settings"
    function: ClassVar[str]
    settings: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        """Give the class a ``call`` that calls the function."""
        super().__init_subclass__(**options)
        if "function" in vars(cls):
            cls.name = cls.function

    def __init__(
        self,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self._init(reduction, name, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the values of the function."""
        from lamina import losses

        chosen = {name: getattr(self, name) for name in self.settings}
        return getattr(losses, self.function)(y_true, y_pred, **chosen)


class MeanAbsolutePercentageError(FunctionalLoss):
    """``100 mean_c |y_c - p_c| / |y_c|`` over the last axis; |y| counts as at least 1e-7.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "mean_absolute_percentage_error"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [4.0]])
    25.0
    """

    function = "mean_absolute_percentage_error"


class MeanSquaredLogarithmicError(FunctionalLoss):
    """``mean_c (log(y_c + 1) - log(p_c + 1))^2`` over the last axis.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "mean_squared_logarithmic_error"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.MeanSquaredLogarithmicError()([[1.0, 2.0]], [[1.5, 1.0]]).__round__(6)
    0.107097
    """

    function = "mean_squared_logarithmic_error"


class LogCosh(FunctionalLoss):
    """``mean_c log(cosh(p_c - y_c))`` over the last axis: quadratic near 0, linear far away.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "log_cosh"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.LogCosh()([[1.0, 2.0]], [[1.5, 1.0]]).__round__(6)
    0.276948
    """

    function = "log_cosh"


class Poisson(FunctionalLoss):
    """``mean_c p_c - y_c log(p_c)`` over the last axis: for counts, with an exponential output.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "poisson"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.Poisson()([[1.0, 2.0]], [[1.5, 1.0]]).__round__(6)
    1.047267
    """

    function = "poisson"


class KLDivergence(FunctionalLoss):
    """``sum_c y_c log(y_c / p_c)`` over the last axis, of probabilities.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "kl_divergence"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.KLDivergence()([[0, 1, 0]], [[0.2, 0.7, 0.1]]).__round__(6)
    0.356672
    """

    function = "kl_divergence"


class CosineSimilarity(FunctionalLoss):
    """Minus the cosine of the angle between target and prediction, along an axis.

    Parameters
    ----------
    axis : int, default -1
        The axis of the vectors.
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "cosine_similarity"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]])
    -1.0
    """

    function = "cosine_similarity"
    settings = ("axis",)

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self.axis = axis
        self._init(reduction, name, dtype)


class Hinge(FunctionalLoss):
    """``mean_c max(1 - y_c p_c, 0)`` over the last axis, y -1 or 1 (or all of them 0 or 1).

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "hinge"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.Hinge()([[1, -1]], [[0.5, 0.25]]).__round__(6)
    0.875
    """

    function = "hinge"


class SquaredHinge(FunctionalLoss):
    """``mean_c max(1 - y_c p_c, 0)^2`` over the last axis, y -1 or 1 (or all of them 0 or 1).

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "squared_hinge"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.SquaredHinge()([[1, -1]], [[0.5, 0.25]]).__round__(6)
    0.90625
    """

    function = "squared_hinge"


class CategoricalHinge(FunctionalLoss):
    """``max(max_c (1 - y_c) p_c - sum_c y_c p_c + 1, 0)`` over the last axis, y one-hot.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "categorical_hinge"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.CategoricalHinge()([[0, 1, 0]], [[0.2, 0.7, 0.1]]).__round__(6)
    0.5
    """

    function = "categorical_hinge"


class BinaryFocalCrossentropy(FunctionalLoss):
    """Binary cross-entropy times ``(1 - p)^gamma``, where p is the probability of the right class.

    Lin et al. 2018, https://arxiv.org/abs/1708.02002.

    Parameters
    ----------
    apply_class_balancing : bool, default False
        Whether ones are weighted by `alpha` and zeros by ``1 - alpha``.
    alpha : float, default 0.25
        The weight of ones.
    gamma : float, default 2.0
        At least 0; with 0 the loss is the binary cross-entropy.
    from_logits : bool, default False
        Whether predictions are log-odds rather than probabilities.
    label_smoothing : float, default 0.0
        In [0, 1]; targets become ``y * (1 - s) + s / 2``.
    axis : int, default -1
        The axis of the outputs.
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "binary_focal_crossentropy"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.BinaryFocalCrossentropy()([[0, 1, 1]], [[0.2, 0.7, 0.4]]).__round__(6)
    0.12363
    """

    function = "binary_focal_crossentropy"
    settings = (
        "apply_class_balancing", "alpha", "gamma", "from_logits", "label_smoothing", "axis",
    )  # fmt: skip

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self.apply_class_balancing = bool(apply_class_balancing)
        self.alpha = number(type(self).__name__, "alpha", alpha)
        _init_focal(self, gamma, from_logits, label_smoothing, axis)
        self._init(reduction, name, dtype)


class CategoricalFocalCrossentropy(FunctionalLoss):
    """``-sum_c alpha_c y_c (1 - p_c)^gamma log p_c`` over an axis, y one-hot.

    Lin et al. 2018, https://arxiv.org/abs/1708.02002.

    Parameters
    ----------
    alpha : float or array_like of shape (classes,), default 0.25
        The factor of all classes, or of each of them, such as the inverse of its frequency.
    gamma : float, default 2.0
        At least 0.
    from_logits : bool, default False
        Whether predictions are those before the softmax.
    label_smoothing : float, default 0.0
        In [0, 1]; targets become ``y * (1 - s) + s / classes``.
    axis : int, default -1
        The axis of the classes.
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "categorical_focal_crossentropy"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.CategoricalFocalCrossentropy()([[0, 1, 0]], [[0.2, 0.7, 0.1]]).__round__(6)
    0.008025
    >>> balanced = losses.CategoricalFocalCrossentropy(alpha=[0.5, 1.0, 0.5])
    >>> balanced([[0, 1, 0]], [[0.2, 0.7, 0.1]]).__round__(6)
    0.032101
    """

    function = "categorical_focal_crossentropy"
    settings = ("alpha", "gamma", "from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        alpha: float | Sequence[float] | NDArray[Any] = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        who = type(self).__name__
        self.alpha = (
            [number(who, f"alpha[{i}]", each) for i, each in enumerate(alpha)]
            if isinstance(alpha, (list, tuple, np.ndarray))
            else number(who, "alpha", alpha)
        )
        _init_focal(self, gamma, from_logits, label_smoothing, axis)
        self._init(reduction, name, dtype)


def _init_focal(
    loss: Any, gamma: float, from_logits: bool, label_smoothing: float, axis: int
) -> None:
    who = type(loss).__name__
    loss.gamma = number(who, "gamma", gamma, low=0.0)
    loss.from_logits = bool(from_logits)
    loss.label_smoothing = number(who, "label_smoothing", label_smoothing, low=0.0, high=1.0)
    loss.axis = axis


class CategoricalGeneralizedCrossEntropy(FunctionalLoss):
    """``(1 - p^q) / q``, where p is the probability of the class given by an integer label.

    Zhang and Sabuncu 2018, https://arxiv.org/abs/1805.07836.

    Parameters
    ----------
    q : float, default 0.5
        In (0, 1]: near 0 the loss is the cross-entropy, at 1 the absolute error.
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "categorical_generalized_cross_entropy"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        For Keras's callers: a loss is computed in the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> losses.CategoricalGeneralizedCrossEntropy()([[0, 1, 0]], [[0.2, 0.7, 0.1]]).__round__(6)
    0.845942
    """

    function = "categorical_generalized_cross_entropy"
    settings = ("q",)
    free_target = True  # labels, one for each row or position

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self.q = number("CategoricalGeneralizedCrossEntropy", "q", q, low=0.0, high=1.0,
                        low_open=True)  # fmt: skip
        self._init(reduction, name, dtype)

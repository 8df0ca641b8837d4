"""Prediction intervals and sets of any fitted model: the class behind ``model.calibrate``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._calls import answering_calls, on_behalf
from lamina._check import Array
from lamina.inference.intervals import ranks
from lamina.inference.intervals.calibrating import (
    METHODS,
    NEEDS,
    calibration_of,
    check_kind,
    fitted_of,
    planned,
)
from lamina.inference.intervals.fitted import Fitted
from lamina.inference.intervals.kept import (
    Calibration,
    Interval,
    NotCalibratedError,
    PredictionSets,
)
from lamina.inference.intervals.methods import Method
from lamina.inference.intervals.quantiles import ends
from lamina.inference.intervals.sets import SetMethod
from lamina.models import Model

if TYPE_CHECKING:
    from lamina._typing import Self


class PredictionIntervals:
    """Prediction intervals of a fitted regression, or prediction sets of a classifier.

    ``model.calibrate`` does the same for lamina's own models, and keeps the calibration with the
    model.  This class works for these and for any object with ``fit`` and ``predict``.

    Parameters
    ----------
    estimator : Model or object with ``predict``
        A fitted model, an estimator like those of scikit-learn (a classifier has ``predict_proba``
        and ``classes_``), or a fit of ``lamina.nnet``.
    method : str, optional
        See `calibrate`; by default "split", for classifiers "aps".
    cv : int, splitter or iterable of (trained, held out), default 10
        The folds of "cv+" and "cv-minmax".
    n_resamples : int, default 50
        The number of resamples of "bootstrap" and "jackknife+ab".
    level : float, default 0.9
        The level of the quantiles that "cqr" trains.
    calibration_size : float, default 0.5
        The share of the rows that "cqr" holds out of training.
    randomized : bool, default False
        Whether "aps" draws a number for each row, which makes the sets smaller and some empty.
    seed : int, default 0
        The seed of folds, resamples and randomised sets.
    refit : callable, optional
        A function ``refit(x, y)`` that returns a model fitted to other rows, for objects without
        ``fit``; by default a clone of the estimator is fitted, or a copy of the model with
        ``lamina.fit_many``.

    Attributes
    ----------
    calibration : Calibration or None
        The result of `calibrate`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.inference.intervals import PredictionIntervals
    >>> class Line:
    ...     def fit(self, x, y):
    ...         self.slope = (x[:, 0] @ y) / (x[:, 0] @ x[:, 0])
    ...         return self
    ...     def predict(self, x):
    ...         return self.slope * x[:, 0]
    >>> x = np.linspace(1.0, 2.0, 60)[:, None]
    >>> y = 3.0 * x[:, 0] + np.tile([-0.5, -0.25, 0.25, 0.5], 15)
    >>> intervals = PredictionIntervals(Line().fit(x[::2], y[::2])).calibrate(x[1::2], y[1::2])
    >>> found = intervals.predict(np.array([[1.0]]), interval=0.9)
    >>> bool(found.lower[0] < 3.0 < found.upper[0])
    True
    """

    def __init__(
        self,
        estimator: Any,
        method: str | None = None,
        *,
        cv: Any = None,
        n_resamples: int | None = None,
        level: float = 0.9,
        calibration_size: float = 0.5,
        randomized: bool = False,
        seed: int = 0,
        refit: Callable[..., Any] | None = None,
    ) -> None:
        who = "PredictionIntervals"
        if refit is not None and (not callable(refit) or isinstance(estimator, Model)):
            raise TypeError(
                f"{who}: refit must be a function of (x, y), for an estimator that is not a lamina "
                f"model; got {refit!r:.80}"
            )
        settings = {
            "cv": cv, "n_resamples": n_resamples, "level": level,
            "calibration_size": calibration_size, "randomized": randomized, "seed": seed,
        }  # fmt: skip
        self.estimator, self.refit = estimator, refit
        self.calibration: Calibration | None = None
        self._plan = planned(who, fitted_of(estimator, who), method, settings)

    @property
    def method(self) -> str:
        """The method's name."""
        return self._plan.method

    @answering_calls
    def calibrate(self, x: Any, y: Any, **fit: Any) -> Self:
        """Prepare intervals or sets.

        Parameters
        ----------
        x, y : array_like
            For "split", "aps", "lac", and "cqr" with a model of quantiles: rows on which the model
            has not been trained.  For the other methods: the training rows.
        **fit
            Arguments of the copies' fits.

        Warns
        -----
        UserWarning
            If a model is known to have been trained on rows that it must not have seen, or not to
            have been trained at all: see ``Model.calibrate``.  For a fit of ``lamina.nnet``, its
            own rows are recognised in their order; for other estimators there is no check.
        """
        fitted = fitted_of(self.estimator, "calibrate", self.refit)
        self.calibration = calibration_of(fitted, x, y, self._plan, fit)
        return self

    @answering_calls
    def predict(self, x: Any, interval: float = 0.9, **options: Any) -> Any:
        """Return predictions with their intervals, or probabilities with their sets.

        Parameters
        ----------
        x : array_like
        interval : float, default 0.9
            The share of rows that the intervals or sets should cover.
        **options
            Arguments of the model's ``predict``.

        Returns
        -------
        Interval (prediction, lower, upper) or PredictionSets (probabilities, sets)
        """
        level = ranks.checked_level("predict", "interval", interval)
        return self.predicted(x, "predict", **options).at(level)

    @answering_calls
    def predict_set(self, x: Any, level: float = 0.9, **options: Any) -> PredictionSets:
        """Return the probabilities of the classes, and a set of classes for each row.

        Parameters
        ----------
        x : array_like of shape (rows, ...)
        level : float, default 0.9
            The share of rows whose set should contain the true class.
        **options
            What the model's ``predict`` takes.

        Returns
        -------
        PredictionSets (probabilities, sets)
            Both have shape (rows, classes); ``sets`` contains bools.

        Raises
        ------
        ValueError
            If the model is a regression.
        NotCalibratedError
            If ``calibrate`` has not been called, or the model has changed since.
        """
        level = ranks.checked_level("predict_set", "level", level)
        kind = fitted_of(self.estimator, "predict_set").kind
        if kind != "classes":
            raise ValueError(
                f"predict_set: sets are for classifiers; the model given is {NEEDS[kind]}, for "
                f"predict(x, interval={level:g})"
            )
        return self.predicted(x, "predict_set", **options).at(level)  # type: ignore[no-any-return]

    def predicted(self, x: Any, who: str = "predict", **options: Any) -> Predicted:
        """Return the predictions for some rows, from which intervals of any level are made."""
        kept, fitted = self.calibration, fitted_of(self.estimator, who)
        if kept is None:
            raise NotCalibratedError(_uncalibrated(who, fitted.kind))
        if fitted.changed_since(kept.mark):
            raise NotCalibratedError(
                f"{who}: the model has changed since it was calibrated, by a fit or by other "
                f"weights; call calibrate again"
            )
        check_kind(who, kept.method, fitted.kind)
        if hasattr(x, "__next__"):
            raise TypeError(
                f"{who}: intervals need rows that can be read again; got {type(x).__name__}: give "
                f"arrays, or a batch at a time"
            )
        return Predicted(who, kept, fitted, x, options)

    def __repr__(self) -> str:
        """Return the method and the calibration as text."""
        state = "not calibrated" if self.calibration is None else repr(self.calibration)
        return f"<PredictionIntervals by {self.method!r} of {self.estimator!r}: {state}>"


class Predicted:
    """The predictions for some rows; ``at(level)`` makes intervals or sets of them.

    Attributes
    ----------
    raw : ndarray of shape (rows, ...), or a list, tuple or dict of them
        The model's predictions; probabilities for classes.
    """

    def __init__(
        self,
        who: str,
        kept: Calibration,
        fitted: Fitted,
        x: Any,
        options: dict[str, Any],
    ) -> None:
        self._who, self._kept, self._fitted = who, kept, fitted
        self._x = x
        self._made: Array | None = None
        self._options = {n: v for n, v in options.items() if n == "batch_size"}
        self.raw = fitted.raw(x, **options)
        self._form = fitted.form_of(self.raw)
        if self._form.shape != kept.shape:
            raise ValueError(
                f"{who}: calibrated for predictions with rows of shape {kept.shape}; got "
                f"{self._form.shape}"
            )

    @property
    def of_classes(self) -> bool:
        """Whether these rows have sets rather than intervals."""
        return self._fitted.kind == "classes"

    def targets(self, y: Any) -> Array:
        """Return the true values of these rows, (rows, outputs), or their class numbers."""
        return self._fitted.targets(y, self.raw)

    def at(self, level: float) -> Any:
        """Return the intervals, or sets, of a level."""
        if self.of_classes:
            return PredictionSets(self.raw, self.sets(level))
        low, high = self.bounds(level)
        prediction = self._middle() if self._fitted.kind == "quantiles" else self.raw
        return Interval(prediction, self._form.whole(low), self._form.whole(high))

    def bounds(self, level: float) -> tuple[Array, Array]:
        """Return lower and upper bounds of shape (rows, outputs)."""
        method = METHODS[self._kept.method]
        assert isinstance(method, Method)
        if method.conformal:
            ranks.warn_of_few(self._who, self._kept.rows, level)
        centre = self._fitted.flat(self.raw)
        return method.bounds(self._kept, centre, self._of_copies, level)

    def sets(self, level: float) -> Array:
        """Return which classes are in each row's set."""
        method = METHODS[self._kept.method]
        assert isinstance(method, SetMethod)
        ranks.warn_of_few(self._who, self._kept.rows, level)
        return method.sets(self._kept, np.asarray(self.raw, np.float64), level)

    def _of_copies(self) -> Array:
        if self._made is None:
            self._made = self._fitted.predictions_of(self._kept.copies, self._x, **self._options)
        return self._made

    def _middle(self) -> Array:
        # For a model of quantiles: the median if it predicts it, otherwise the middle of the ends.
        where = np.flatnonzero(np.asarray(self._fitted.quantiles) == 0.5)
        if where.size:
            return np.asarray(self.raw[..., where[0]])
        low, high = ends(self.raw)
        return low + (high - low) / 2


def of(estimator: Any) -> PredictionIntervals:
    """Return the prediction intervals that belong to a fitted model.

    Parameters
    ----------
    estimator : Model, object with ``predict``, or PredictionIntervals
        A lamina model has the calibration of ``model.calibrate``.  Other objects have to be
        calibrated first.

    Returns
    -------
    PredictionIntervals
        The object itself, if it already is one.

    Raises
    ------
    TypeError
        If the object has no ``predict``.
    """
    if isinstance(estimator, PredictionIntervals):
        return estimator
    kept = getattr(estimator, "_calibration", None) if isinstance(estimator, Model) else None
    with on_behalf("of", "PredictionIntervals"):
        made = PredictionIntervals(estimator, None if kept is None else kept.method)
    made.calibration = kept
    return made


def _uncalibrated(who: str, kind: str) -> str:
    if kind == "classes":
        return (
            f"{who}: prediction sets need a calibrated model; call calibrate(x, y) with rows that "
            f"it has not been trained on"
        )
    return (
        f"{who}: intervals need a calibrated model; call calibrate(x, y) with rows that it has not "
        f"been trained on, or calibrate(x, y, method='cv+') with those that it has"
    )

"""Methods of models for prediction intervals and prediction sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._calls import answering_calls

if TYPE_CHECKING:
    from lamina._typing import Data
    from lamina.inference.intervals import Calibration, PredictionSets


class Calibrated:
    """Methods of ``Model`` for predictions with intervals, or with sets of classes."""

    _calibration: Calibration | None = None

    @answering_calls
    def calibrate(
        self,
        x: Data = _check.NEEDED,
        y: Data = _check.NEEDED,
        method: str | None = None,
        *,
        cv: Any = None,
        n_resamples: int | None = None,
        level: float = 0.9,
        calibration_size: float = 0.5,
        randomized: bool = False,
        seed: int = 0,
        **fit: Any,
    ) -> Calibration:
        """Prepare ``predict(x, interval=0.9)``, or ``predict_set(x)`` of a classifier.

        The levels hold on average over rows drawn in the same way as the calibration rows, in any
        order (exchangeable), for any model; for time series see ``docs/intervals.md``.

        Parameters
        ----------
        x, y : array_like
            For "split", "aps" and "lac", rows on which the model was not trained; for the other
            methods, its training rows.  Residuals of training rows are too small, so that intervals
            would be too narrow; ``coverage_report`` on the same rows would not show it.
        method : str, optional
            "split" by default, for classifiers "aps".

            - "split": the quantile of absolute residuals; nothing is trained.
            - "cv+", "jackknife+": each row is held out of one of ``cv`` copies, or of one copy
              per row, which are trained here.  A level of at least ``2 level - 1`` is guaranteed,
              and about ``level`` is observed.
            - "cv-minmax", "jackknife-minmax": wider, and guaranteed.
            - "jackknife+ab": the jackknife+ with the copies of a bootstrap.
            - "cqr": widths that depend on x, from two copies trained for quantiles on a part of
              the rows.  If the model is compiled with ``losses.Pinball`` for several quantiles,
              nothing is trained, and the rows must be as for "split".
            - "bootstrap": resampled pairs of x and y, with out-of-bag residuals; approximate.
            - "aps", "lac": sets of classes.
        cv : int, splitter or iterable of (trained, held out), default 10
            Folds of "cv+" and "cv-minmax": a number of folds, drawn with ``seed``; an object with
            ``split(X, y)``; or pairs of arrays of row numbers.
        n_resamples : int, default 50
            The number for "bootstrap" and "jackknife+ab".
        level : float, default 0.9
            The level of the quantiles trained by "cqr"; any ``interval`` may be requested later.
        calibration_size : float, default 0.5
            Share of the rows that "cqr" keeps out of training.
        randomized : bool, default False
            Whether "aps" draws a random number for each row: the sets are smaller, and some are
            empty.
        seed : int, default 0
            Seed of the folds, resamples and random numbers.
        **fit
            Arguments for fitting the copies with ``lamina.fit_many``, such as ``epochs``,
            ``batch_size``, ``callbacks`` or ``n_jobs``.  By default epochs and batch size of the
            model's last fit; its callbacks are not known and must be given again.

        Returns
        -------
        Calibration
            Stored with the model, its copies and its files: scores, and the weights of the copies.
            If the model's weights change, it becomes stale, which is reported.

        Raises
        ------
        ValueError
            If the method is for another kind of model, there are too few rows or folds, or a copy
            diverges.
        TypeError
            If arguments are given for another method, or ``sample_weight``, which no method
            supports.

        Warns
        -----
        UserWarning
            If a method needs rows on which the model was not trained, and a fifth or more of them
            are recognised from the last ``fit`` (by digests of 64 of its rows; rows from sources of
            batches, and of models loaded from a file, are not recognised).  If the model was not
            trained at all.

        Examples
        --------
        >>> import numpy as np, lamina
        >>> x = np.linspace(-1, 1, 200)[:, None]
        >>> y = x + np.tile([-0.1, -0.05, 0.05, 0.1], 50)[:, None]
        >>> model = lamina.Sequential([lamina.Input((1,)), lamina.layers.Dense(1)], seed=0)
        >>> model.compile(lamina.optimizers.Adam(0.05), "mse")
        >>> history = model.fit(x[::2], y[::2], epochs=20, verbose=0)
        >>> model.calibrate(x[1::2], y[1::2])
        <Calibration by 'split', 100 rows>
        >>> found = model.predict(x[:3], interval=0.9)
        >>> found.lower.shape, bool((found.lower < found.upper).all())
        ((3, 1), True)
        """
        from lamina.inference.intervals.calibrating import calibration_of, fitted_of, planned

        settings = {
            "cv": cv, "n_resamples": n_resamples, "level": level,
            "calibration_size": calibration_size, "randomized": randomized, "seed": seed,
        }  # fmt: skip
        fitted = fitted_of(self, "calibrate")
        plan = planned("calibrate", fitted, method, settings)
        self._calibration = calibration_of(fitted, x, y, plan, fit)
        return self._calibration

    @answering_calls
    def predict_set(
        self, x: Data = _check.NEEDED, level: float = 0.9, batch_size: int | None = None
    ) -> PredictionSets:
        """Return probabilities, and sets of classes that contain the true one with rate ``level``.

        Parameters
        ----------
        x : array_like of shape (rows, ...)
        level : float, default 0.9
        batch_size : int, optional
            As in ``predict``.

        Returns
        -------
        PredictionSets (probabilities, sets)
            Both of shape (rows, classes), ``sets`` boolean.  A model with a single probability has
            the classes 0 and 1.

        Raises
        ------
        ValueError
            If the model is not a classifier, `calibrate` has not been called, or the weights have
            changed since.

        Examples
        --------
        >>> import numpy as np, lamina
        >>> x = np.linspace(-1, 1, 100)[:, None]
        >>> model = lamina.Sequential([lamina.Input((1,)),
        ...                            lamina.layers.Dense(1, activation="sigmoid")], seed=0)
        >>> model.compile("adam", "binary_crossentropy")
        >>> history = model.fit(x[::2], x[::2] > 0, epochs=5, verbose=0)
        >>> kept = model.calibrate(x[1::2], x[1::2] > 0, method="aps")
        >>> model.predict_set(x[:4]).sets.shape
        (4, 2)
        """
        from lamina.inference.intervals import of

        return of(self).predict_set(x, level, batch_size=batch_size)

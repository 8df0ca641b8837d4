"""The results of ``model.inference``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._calls import answering_calls
from lamina._columns import Columns
from lamina.inference._distributions import quantile, two_sided_p
from lamina.inference.likelihoods import Gaussian

if TYPE_CHECKING:
    from lamina.inference.coefficients import Reference
    from lamina.inference.covariances import Pieces
    from lamina.inference.curvature import Curvature
    from lamina.inference.likelihoods import Family, Rows

Array = NDArray[Any]

WHO = "inference"


@dataclass
class Fit:
    """A model and data with the facts found about them, from which an ``Inference`` is made.

    It holds no function of the engine, so that results can be copied and pickled.

    Attributes
    ----------
    count : int
        The number of rows of the data.
    weights, gradient : ndarray
        All weights on which the loss depends, and its derivatives there.
    """

    model: Any
    x: Any
    y: Any
    count: int
    weights: Array
    gradient: Array
    family: Family | None
    rows: Rows
    pieces: Pieces
    curvature: Curvature
    reference: Reference
    names: list[str]
    input_names: list[str] | None
    output_names: Sequence[str] | None
    kind: str
    singular: str


class Inference:
    """Estimates of a model's weights, their covariance, and the quantities derived from them.

    Returned by ``model.inference``; not made directly.  It prints in the layout of R's
    ``summary(lm)``.

    Attributes
    ----------
    names : list of str
        The names of the weights, as in R's ``nnet``: "x1->h1" from an input to a hidden unit,
        "b->h1" for a bias ("(Intercept)->h1" if an input is called b); "x1" and "(Intercept)" in a
        linear model.
    estimates, standard_errors : ndarray of shape (weights,)
        Standard errors are NaN if the Hessian is singular or has negative eigenvalues.
    covariance : ndarray of shape (weights, weights)
    hessian : ndarray of shape (weights, weights)
        Second derivatives of the penalised negative log likelihood (or of the sum of the rows'
        losses if the loss is not a likelihood).
    rank : int
        The rank of the Hessian.
    null_directions : ndarray of shape (weights - rank, weights)
        Directions in which the loss is flat.
    notes : list of str
        Problems: a singular Hessian, weights that are not at a minimum, perfect separation.
    reference_class : int or None
        For a softmax: the class whose weights are subtracted from those of the others.
    observations : int
        The number of rows with weights above 0, times the number of values predicted for each.
    df : float
        The degrees of freedom used by the weights: tr(H^-1 (H - P)), with the penalised Hessian H
        and the penalty's Hessian P; without penalties, the number of weights.
    """

    def __init__(self, fit: Fit, covariance: Array, student: bool, notes: list[str]) -> None:
        self._fit, self._student = fit, student
        self.names, self.covariance, self.notes = fit.names, covariance, notes
        self.estimates: Array = fit.reference.estimates(fit.weights)
        self.rank, self.null_directions = fit.curvature.rank, fit.curvature.null_directions
        self.reference_class = fit.reference.label
        self.hessian: Array = fit.pieces.factor * fit.pieces.hessian
        self.df = fit.pieces.df
        family = fit.family
        self.observations = fit.rows.count if family is None else family.observations(fit.rows)

    # --- estimates

    @property
    def standard_errors(self) -> Array:
        """Square roots of the covariance's diagonal; NaN if it is negative."""
        variances = np.diag(self.covariance)
        return np.sqrt(np.where(variances >= 0, variances, np.nan))

    @property
    def statistics(self) -> Array:
        """Estimates divided by standard errors: z values, or t values for mean squared error."""
        with np.errstate(divide="ignore", invalid="ignore"):
            made: Array = self.estimates / self.standard_errors
        return made

    @property
    def p_values(self) -> Array:
        """Two-sided p values of the hypotheses that single weights are 0."""
        return two_sided_p(self.statistics, self._t_df)

    @property
    def df_residual(self) -> float:
        """The number of observations minus ``df``."""
        return self.observations - self.df

    @property
    def _t_df(self) -> float | None:
        return self.df_residual if self._student and self.df_residual > 0 else None

    def confint(self, level: float = 0.95) -> Columns:
        """Return Wald intervals of the weights.

        Parameters
        ----------
        level : float, default 0.95

        Returns
        -------
        Columns
            With the columns ``name``, ``lower`` and ``upper``.
        """
        low, high = self._interval(level, self.estimates, self.standard_errors)
        return Columns({"name": self.names, "lower": low, "upper": high})

    def vcov(self) -> Array:
        """Return ``covariance``, under its name in R."""
        return self.covariance

    def _interval(self, level: float, values: Array, errors: Array) -> tuple[Array, Array]:
        level = _check.number("confint", "level", level, 0.0, 1.0, low_open=True, high_open=True)
        width = quantile(0.5 + level / 2.0, self._t_df) * errors
        return values - width, values + width

    @property
    def table(self) -> Columns:
        """The estimates with standard errors, statistics, p values and 95 % intervals."""
        low, high = self._interval(0.95, self.estimates, self.standard_errors)
        return Columns(
            {
                "name": self.names,
                "estimate": self.estimates,
                "std_error": self.standard_errors,
                "t" if self._t_df is not None else "z": self.statistics,
                "p": self.p_values,
                "lower": low,
                "upper": high,
            }
        )

    def to_pandas(self) -> Any:
        """Return ``table`` as a ``pandas.DataFrame``; pandas must be installed."""
        return self.table.to_pandas()

    # --- the fit as a whole

    @property
    def log_likelihood(self) -> float:
        """The log likelihood at the weights, with all constants; NaN for other losses."""
        fit = self._fit
        return math.nan if fit.family is None else fit.family.log_likelihood(fit.rows)

    @property
    def deviance(self) -> float:
        """Twice the distance to a perfect fit; for mse, the residual sum of squares."""
        fit = self._fit
        found = None if fit.family is None else fit.family.deviance(fit.rows)
        return math.nan if found is None else found

    @property
    def effective_df(self) -> float:
        """tr(H^-1 G), with H the penalised Hessian and G the crossed scores of the rows.

        The effective number of parameters of Takeuchi (1976) and of Murata, Yoshizawa and Amari
        (1994); if the model is correct and there is no penalty, about the number of weights.  NaN
        if the loss is not a likelihood or the Hessian is singular.
        """
        pieces = self._fit.pieces
        if pieces.family is None:
            return math.nan
        crossed = pieces.scores.T @ pieces.scores
        return float(pieces.factor * np.trace(pieces.inverse @ crossed))

    @property
    def aic(self) -> float:
        """-2 log L + 2 ``df``; as in statsmodels, the variance of an mse is not counted."""
        return -2.0 * self.log_likelihood + 2.0 * self.df

    @property
    def bic(self) -> float:
        """-2 log L + log(observations) ``df``."""
        return -2.0 * self.log_likelihood + math.log(self.observations) * self.df

    @property
    def tic(self) -> float:
        """-2 log L + 2 ``effective_df``: Takeuchi's criterion, for misspecified models."""
        return -2.0 * self.log_likelihood + 2.0 * self.effective_df

    @property
    def gcv(self) -> float:
        """Generalised cross-validation, n D / (n - ``df``)^2 with deviance D.

        Golub, Heath and Wahba 1979; for mse, an estimate of the mean squared error of prediction.
        """
        left = self.df_residual
        return self.observations * self.deviance / left**2 if left > 0 else math.nan

    @property
    def sigma(self) -> float:
        """The residual standard error, with ``df_residual`` as divisor; NaN except for mse."""
        fit = self._fit
        if not isinstance(fit.family, Gaussian):
            return math.nan
        return math.sqrt(fit.family.variance(fit.rows, self.df))

    @property
    def newton_step(self) -> float:
        """The largest change of a weight in a Newton step, in standard errors: 0 at a minimum."""
        fit, pieces = self._fit, self._fit.pieces
        gradient = pieces.scale * fit.gradient[fit.reference.kept]
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.sqrt(np.abs(np.diag(pieces.inverse)) / pieces.factor)
            steps = np.abs(pieces.inverse @ gradient) / spread
        return float(np.max(steps, initial=0.0))

    # --- effects, text

    @answering_calls
    def marginal_effects(
        self,
        at: str = "overall",
        *,
        inputs: Sequence[int | str] | None = None,
        outputs: Sequence[int | str] | None = None,
        discrete: str | Sequence[int | str] = "auto",
        level: float = 0.95,
    ) -> Columns:
        """Return average effects of the inputs on the outputs, with standard errors.

        For an input of numbers, the effect is the mean over the rows of the derivative of the
        output with respect to the input; for an input with two values, the mean change of the
        output from the lower to the higher value.  Standard errors are by the delta method, from
        the derivatives of the effect with respect to the weights and their covariance.

        Parameters
        ----------
        at : {"overall", "mean", "median"}, default "overall"
            The mean over all rows, or the effect for a single row of the columns' means or medians.
        inputs : sequence of int or str, optional
            The columns, by default all but constant ones.
        outputs : sequence of int or str, optional
            The values of the output, by default all.
        discrete : "auto", "none" or sequence of int or str, default "auto"
            The columns for which the change is reported: those with two values, none, or the given
            ones, which must have two values.
        level : float, default 0.95
            The level of the Wald intervals.

        Returns
        -------
        Columns
            A row for each input and output: ``input``, ``output``, ``change`` (such as "dy/dx" or
            "0 -> 1"), ``effect``, ``std_error``, ``z``, ``p``, ``lower``, ``upper``.
        """
        from lamina.inference.effects import marginal_effects

        return marginal_effects(self._fit, self, at, inputs, outputs, discrete, level)

    def summary(self) -> str:
        """Return the fit as text, in the layout of R's ``summary(lm)``."""
        from lamina.inference.summary import summary

        return summary(self, self._fit)

    def __repr__(self) -> str:
        """Return ``summary()``."""
        return self.summary()

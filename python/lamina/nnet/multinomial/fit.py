"""Fits of ``multinom``: coefficients, their covariance, predictions, and R's output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls, on_behalf
from lamina._columns import Columns
from lamina._names import unknown
from lamina.nnet.formulas import ModelFrame
from lamina.nnet.formulas.expressions import number_text
from lamina.nnet.formulas.rows import NaAction
from lamina.nnet.formulas.variables import Array
from lamina.nnet.multinomial.anova import likelihood_ratios
from lamina.nnet.multinomial.dropping import dropped_terms
from lamina.nnet.multinomial.network import Found, probabilities
from lamina.nnet.multinomial.rows import Rows, offset_of_classes
from lamina.nnet.multinomial.summary import Summary, printed

WHO = "Multinom"


class LogLik(float):
    """A log-likelihood: a number with its degrees of freedom, ``df``, and ``nobs``."""

    def __new__(cls, value: float, df: int, nobs: float) -> LogLik:
        """Make one."""
        made = super().__new__(cls, value)
        made.df, made.nobs = df, nobs
        return made

    df: int
    nobs: float

    def __repr__(self) -> str:
        """Return what R prints."""
        return f"'log Lik.' {self:.7g} (df={self.df})"

    __str__ = __repr__


class Multinom:
    """A fitted multinomial log-linear model.

    Returned by ``multinom``; not made directly.  Its names are those of R: ``fit.coef()``
    returns the result of R's ``coef(fit)``.

    Attributes
    ----------
    coefficients : ndarray (classes - 1, columns), for two classes (columns,)
        The coefficients of each class except the first, whose coefficients are 0.
    coefnames : list of str
        The names of the columns.
    lev : tuple or None
        The classes as in the data; None for a matrix of counts.
    lab : list of str
        The names of the classes.
    value : float
        The smallest value of the loss that was found.
    deviance, AIC : float
        Twice the value; the same plus twice ``edf``.
    edf : int
        The number of coefficients, without linearly dependent ones.
    rank : int
        The rank of the model matrix.
    fitted_values : ndarray (rows, classes), for two classes (rows, 1)
        Probabilities of the rows of the fit, of two classes of the second one.  Under
        ``na.exclude`` rows that were left out are NaN.
    residuals : ndarray of the shape of ``fitted_values``
        The response minus the fitted values.
    weights : ndarray (rows,)
    convergence : int
        0, or 1 if ``maxit`` iterations were not enough.
    Hessian : ndarray or None
        See ``multinom``.
    formula, call : str
    settings : dict
        The arguments that ``drop1`` passes to the refits: ``decay``, ``maxit``, ...
    frame : ModelFrame
    model : dict of str to ndarray or None
    """

    def __init__(
        self, frame: ModelFrame, rows: Rows, found: Found, call: str, settings: dict[str, Any],
        keep_hessian: bool = False, keep_model: bool = False,
    ) -> None:  # fmt: skip
        self._rows, self._found, self.call, self.settings = rows, found, call, settings
        self.frame, self.formula = frame, frame.formula
        self.coefnames, self.lev, self.lab = rows.coefnames, rows.levels, rows.labels
        beside = found.coefficients[1:]
        self.coefficients = beside[0] if rows.two_classes else beside
        self.weights = rows.weights
        self.value, self.convergence = found.value, found.convergence
        self.rank = rows.rank
        self.edf = (len(rows.labels) - 1) * self.rank
        self.deviance = 2.0 * found.value
        self.AIC = self.deviance + 2.0 * self.edf
        self.Hessian = self._information if keep_hessian else None
        self.model = frame.variables if keep_model else None

    # --- coefficients

    def coef(self) -> Array:
        """Return ``coefficients``."""
        return self.coefficients

    @property
    def names(self) -> list[str]:
        """The names of all coefficients, class by class, as R's ``vcov`` has them."""
        if self._rows.two_classes:
            return list(self.coefnames)
        return [f"{label}:{name}" for label in self.lab[1:] for name in self.coefnames]

    @cached_property
    def _information(self) -> Array:
        """The Hessian of half the deviance with respect to all coefficients, class by class."""
        rows = self._rows
        p = self._probabilities[:, 1:]
        classes, columns = p.shape[1], rows.x.shape[1]
        made = np.empty((classes, columns, classes, columns))
        for j in range(classes):
            for k in range(j, classes):
                by_row = rows.weights * p[:, j] * ((j == k) - p[:, k])
                made[j, :, k] = made[k, :, j] = (rows.x * by_row[:, None]).T @ rows.x
        return made.reshape(classes * columns, -1)

    @property
    def _probabilities(self) -> Array:
        fitted = self._found.fitted_values
        return np.column_stack([1.0 - fitted, fitted]) if self._rows.two_classes else fitted

    def vcov(self) -> Array:
        """Return the covariance of all coefficients, class by class: (coefficients, coefficients).

        It is the generalized inverse of the Hessian, in which singular values below 1.5e-8 of the
        largest count as 0.
        """
        left, values, right = np.linalg.svd(self._information)
        kept = values > max(np.sqrt(np.finfo(float).eps) * values[0], 0.0)
        return np.asarray(right[kept].T @ (left[:, kept] / values[kept]).T)

    @cached_property
    def standard_errors(self) -> Array:
        """The standard errors of ``coefficients``, of their shape."""
        errors = np.sqrt(np.diag(self.vcov()))
        return np.asarray(errors.reshape(np.shape(self.coefficients)))

    @answering_calls
    def confint(self, parm: Any = None, level: float = 0.95) -> Columns:
        """Return Wald confidence limits.

        Parameters
        ----------
        parm : str, int, or sequence of them, optional
            Columns of the model matrix, by name or index; by default all.
        level : float, default 0.95

        Returns
        -------
        Columns
            A row for each class except the first and each column of the model matrix: "class" (if
            there are more than two), "coefficient", and the limits, for instance "2.5 %" and "97.5
            %".
        """
        _check.number("confint", "level", level, 0.0, 1.0, low_open=True, high_open=True)
        places = self._places(parm)
        shape = (len(self.lab) - 1, len(self.coefnames))
        middle = self.coefficients.reshape(shape)[:, places].ravel()
        width = self.standard_errors.reshape(shape)[:, places].ravel()
        rest = (1.0 - level) / 2.0
        names = [self.coefnames[i] for i in places] * shape[0]
        classes = [label for label in self.lab[1:] for _ in places]
        table: dict[str, Any] = {} if self._rows.two_classes else {"class": classes}
        table["coefficient"] = names
        for tail in (rest, 1.0 - rest):
            limit = middle + width * NormalDist().inv_cdf(tail)
            table[f"{number_text(round(100.0 * tail, 1))} %"] = limit
        return Columns(table)

    def _places(self, parm: Any) -> list[int]:
        if parm is None:
            return list(range(len(self.coefnames)))
        if not isinstance(parm, (str, int, Iterable)) or isinstance(parm, (bool, Mapping)):
            raise TypeError(
                f"confint: parm must be columns, by name or index; got {parm!r:.80}; known: "
                f"{', '.join(self.coefnames)}"
            )
        asked: Sequence[Any] = [parm] if isinstance(parm, (str, int)) else list(parm)
        for each in asked:
            known = self.coefnames if isinstance(each, str) else range(len(self.coefnames))
            if each not in known:
                raise ValueError(f"confint: {unknown('column', str(each), self.coefnames)}")
        return [self.coefnames.index(e) if isinstance(e, str) else int(e) for e in asked]

    # --- the fit as a whole

    def logLik(self) -> LogLik:  # noqa: N802
        """Return the log-likelihood, minus half the deviance, with ``df`` and ``nobs``."""
        return LogLik(-0.5 * self.deviance, self.edf, float(self.weights.sum()))

    @answering_calls
    def anova(self, *others: Multinom, test: str = "Chisq") -> Columns:
        """Return likelihood ratio tests of this model and others, the smallest first.

        Parameters
        ----------
        *others : Multinom
            Fits to the same rows.
        test : {"Chisq", "none"}, default "Chisq"
            Whether the p-values of the ratios are reported.

        Returns
        -------
        Columns
            "Model", "Resid. df", "Resid. Dev", "Test", "Df", "LR stat." and "Pr(Chi)".
        """
        return likelihood_ratios([self, *others], test)

    @answering_calls
    def drop1(self, scope: Any = None, sorted: bool = False, trace: bool = False) -> Columns:  # noqa: A002
        """Return the AIC of this model without one of its terms each, as R's ``drop1`` does.

        All refits use the rows of this fit.  R stops instead if rows were left out for missing
        values of the dropped variable, since its refits would have more rows.

        Parameters
        ----------
        scope : str or sequence of str, optional
            The labels of the terms to leave out, such as ``"Type"`` or ``"Infl:Cont"``; by default
            all that are in no larger term.
        sorted : bool, default False
            Whether the rows are in the order of the AIC.
        trace : bool, default False
            Whether the searches report their progress.

        Returns
        -------
        Columns
            "Term", with "<none>" for this model, "Df", the number of coefficients, and "AIC", NaN
            for a term whose columns depend on others.

        Raises
        ------
        ValueError
            If ``scope`` has a label that is no term, or no column would be left.
        TypeError
            If ``scope`` is neither labels nor None.

        Examples
        --------
        >>> import numpy as np
        >>> from lamina.nnet import multinom
        >>> data = {"eats": list("abcacbcba"), "size": np.arange(9.0), "wet": [0, 1, 2] * 3}
        >>> multinom("eats ~ size + wet", data, trace=False).drop1()
        trying - size
        trying - wet
        Single term deletions
        Term    Df    AIC
        <none>   6  30.74
        size     4  26.74
        wet      4  27.67
        """
        for name, value in (("sorted", sorted), ("trace", trace)):
            _check.boolean("drop1", name, value)
        return dropped_terms(self, scope, sorted, trace)

    @cached_property
    def fitted_values(self) -> Array:
        """Probabilities of the rows of the fit."""
        return self._spread(self._found.fitted_values)

    def fitted(self) -> Array:
        """Return ``fitted_values``."""
        return self.fitted_values

    @cached_property
    def residuals(self) -> Array:
        """The response, less the fitted values."""
        y = self._rows.y[:, 1:] if self._rows.two_classes else self._rows.y
        return self._spread(y - self._found.fitted_values)

    def _spread(self, values: Array) -> Array:
        """Return values of rows with those between them that ``na.exclude`` left out, as NaN."""
        merged = len(values) < len(self.frame.rows)
        return values if merged else self.frame.spread(values)

    @answering_calls
    def predict(
        self,
        newdata: Any = None,
        type: str = "class",  # noqa: A002
        na_action: NaAction = "na.omit",
    ) -> Array:
        """Return classes or probabilities.

        Parameters
        ----------
        newdata : table of pandas, polars or Arrow, or dict of array_like, optional
            By default the rows of the fit.
        type : {"class", "probs"}, default "class"
        na_action : {"na.omit", "na.fail"}, default "na.omit"
            With ``"na.omit"``, rows with missing values get the class None and probabilities NaN.

        Returns
        -------
        ndarray (rows,) or (rows, classes)
            Classes as in the data, the first one if several are equally probable; or probabilities,
            for two classes only those of the second, of shape (rows,).

        Raises
        ------
        ValueError
            If a column is missing, or a factor has levels that the fit has not seen.
        """
        _check.choice("predict", "type", type, ("class", "probs"))
        found = self.fitted_values if newdata is None else self._of_new(newdata, na_action)
        if type == "probs":
            return found[:, 0] if found.shape[1] == 1 else found
        return self._classes(found)

    def _of_new(self, newdata: Any, na_action: NaAction) -> Array:
        with on_behalf("predict", "multinom"):
            new = self.frame.again(newdata, na_action)
        x = np.column_stack([np.ones(len(new.x)), new.x]) if self.frame.intercept else new.x
        offset = None if new.offset is None else offset_of_classes(new.offset, len(self.lab))
        scores = x @ self._found.coefficients.T
        return new.spread(probabilities(scores, offset, self._rows.two_classes))

    def _classes(self, probabilities: Array) -> Array:
        known = np.asarray(~np.isnan(probabilities).any(axis=1))
        if self._rows.two_classes:
            places = (probabilities[known, 0] > 0.5).astype(int)
        else:
            places = probabilities[known].argmax(axis=1)
        classes = np.array(self.lab if self.lev is None else self.lev)
        if known.all():
            return np.asarray(classes[places])
        made = np.empty(len(known), object)
        made[known] = classes[places]
        return made

    @answering_calls
    def summary(
        self, correlation: bool = False, digits: int = 7, Wald_ratios: bool = False
    ) -> Summary:
        """Return the output of R's ``summary``: coefficients and their standard errors.

        Parameters
        ----------
        correlation : bool, default False
            Whether the correlation of the coefficients is shown.
        digits : int, default 7
        Wald_ratios : bool, default False
            Whether coefficients over their standard errors are shown.
        """
        for name, value in (("correlation", correlation), ("Wald_ratios", Wald_ratios)):
            _check.boolean("summary", name, value)
        return Summary(self, correlation, _check.integer("summary", "digits", digits), Wald_ratios)

    def __repr__(self) -> str:
        """Return what R prints."""
        return printed(self)

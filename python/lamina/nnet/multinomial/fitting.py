"""``multinom``: log-linear models of several classes, as in R."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls, on_behalf
from lamina.nnet.calls import call_text
from lamina.nnet.formulas import model_frame
from lamina.nnet.formulas.variables import Array
from lamina.nnet.multinomial.fit import Multinom
from lamina.nnet.multinomial.network import search
from lamina.nnet.multinomial.rows import merged, rows_of
from lamina.nnet.multinomial.separation import warn_of_separation

WHO = "multinom"


@answering_calls
def multinom(
    formula: str = _check.NEEDED,
    data: Any = _check.NEEDED,
    weights: Any = None,
    subset: Any = None,
    na_action: str | Callable[[Mapping[str, Array]], Any] = "na.omit",
    contrasts: Mapping[str, Any] | None = None,
    Hess: bool = False,
    summ: int = 0,
    censored: bool = False,
    model: bool = False,
    *,
    decay: float = 0.0,
    maxit: int = 100,
    abstol: float = 1e-4,
    reltol: float = 1e-8,
    MaxNWts: int = 1000,
    trace: bool = True,
) -> Multinom:
    r"""Fit a multinomial log-linear model, as R's ``multinom``.

    The probability of class :math:`k` is :math:`p_k = e^{\eta_k} / \sum_j e^{\eta_j}` with
    :math:`\eta_k = x \cdot \beta_k` and :math:`\beta_1 = 0` for the first class, the baseline.  The
    coefficients are those of a network without hidden units that ``nnet`` trains from weights of 0.

    Parameters
    ----------
    formula : str
        The response on the left: a factor, strings or truth values, numbers that are taken as
        classes, or a matrix of counts, ``cbind(a, b, c)``, with a column for each class.  See
        ``lamina.nnet.formulas.model_frame`` for the right side.  An ``offset`` must be a matrix
        with a column for each class, or a vector if there are two.
    data : table of pandas, polars or Arrow, or dict of array_like
    weights, subset, na_action, contrasts : optional
        See ``lamina.nnet.formulas.model_frame``.
    Hess : bool, default False
        Whether to keep the Hessian, as ``Hessian``.
    summ : {0, 1, 2, 3}, default 0
        Whether equal rows are merged: with 1 or 2, rows with the same columns and response; with 3,
        also rows that only have the same columns, which lowers the deviance of two classes by a
        constant.
    censored : bool, default False
        Whether the values above 0 in a row of a matrix of counts mark the classes that are
        possible.
    model : bool, default False
        Whether to keep the variables, as ``model``.
    decay : float, default 0.0
        The factor with which the squares of all coefficients are added to the loss.
    maxit : int, default 100
        The largest number of iterations.
    abstol, reltol : float, default 1e-4, 1e-8
        The search ends when the value is below ``abstol``, or when it cannot fall by more than
        about ``reltol`` of itself.
    MaxNWts : int, default 1000
        The largest number of weights.
    trace : bool, default True
        Whether the progress of the search is printed.

    Returns
    -------
    Multinom

    Raises
    ------
    ValueError
        For fewer than two classes, more weights than ``MaxNWts``, a row of counts that are all 0,
        or data that ``model_frame`` refuses.
    ImportError
        Without the package formulaic: ``pip install "lamina[formula]"``.

    Warns
    -----
    UserWarning
        If a class has no row; or if the columns separate the rows of a class from all others
        without error, and there is no ``decay``: the likelihood then has no maximum, and the
        coefficients depend on where the search ended.

    Notes
    -----
    As in R [1]_, the default stopping rule ends the search early, and coefficients are then
    accurate to about five digits; with ``reltol=1e-15, maxit=1000`` they are accurate to about ten.

    References
    ----------
    .. [1] W. N. Venables and B. D. Ripley (2002). Modern Applied Statistics with S, 4th edition,
       section 7.3.

    Examples
    --------
    >>> data = {"size": [1.0, 2, 3, 4, 5, 6, 7, 8], "eats": list("abcacbcb")}
    >>> fit = multinom("eats ~ size", data, trace=False)
    >>> fit.coef().round(2)
    array([[-2.34,  0.72],
           [-1.94,  0.65]])
    >>> fit.confint("size")["2.5 %"].round(2)
    array([-0.45, -0.5 ])
    >>> fit.predict({"size": [0.0, 9.0]}).tolist()
    ['a', 'b']
    """
    flags = {"Hess": Hess, "censored": censored, "model": model, "trace": trace}
    for name, value in flags.items():
        _check.boolean(WHO, name, value)
    if not isinstance(summ, (int, np.integer)) or summ not in (0, 1, 2, 3):
        raise ValueError(f"{WHO}: summ must be 0, 1, 2 or 3; got {summ!r}")
    if _check.number(WHO, "decay", decay) < 0:
        raise ValueError(f"{WHO}: decay must be >= 0; got {decay}")
    _check.integer(WHO, "MaxNWts", MaxNWts)
    _check.number(WHO, "abstol", abstol)
    frame = model_frame(
        formula, data, weights=weights, subset=subset, na_action=na_action, contrasts=contrasts,
        who=WHO,
    )  # fmt: skip
    rows = rows_of(frame, censored)
    if summ:
        rows = merged(rows, summ, tell=trace)
    settings = {"decay": decay, "maxit": maxit, "abstol": abstol, "reltol": reltol,
                "MaxNWts": MaxNWts, "trace": trace}  # fmt: skip
    with on_behalf(WHO, "nnet"):
        found = search(rows, censored, settings)
    if not decay and not censored:
        warn_of_separation(rows, found.fitted_values)
    told = {
        "weights": weights, "subset": subset, "na_action": na_action, "contrasts": contrasts,
        "Hess": Hess, "summ": summ, "censored": censored, "model": model, **settings,
    }  # fmt: skip
    asked = {name: value for name, value in told.items() if not _is_default(name, value)}
    call = call_text(WHO, formula, data=data, **asked)
    again = {**settings, "summ": summ, "censored": censored}
    return Multinom(frame, rows, found, call, again, keep_hessian=Hess, keep_model=model)


@cache
def _defaults() -> dict[str, Any]:
    return {name: p.default for name, p in inspect.signature(multinom).parameters.items()}


def _is_default(name: str, value: Any) -> bool:
    default = _defaults()[name]
    return value is default or (isinstance(value, (bool, int, float)) and value == default)

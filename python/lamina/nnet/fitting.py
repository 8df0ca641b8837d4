"""Networks with one hidden layer, fitted as R's nnet fits them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lamina._calls import answering_calls
from lamina._check import boolean, integer, number
from lamina.nnet.arguments import given_of, masked, network_of
from lamina.nnet.data import WHO
from lamina.nnet.fitted import NNet
from lamina.nnet.searching import Searches
from lamina.nnet.starts import starting_weights


@answering_calls
def nnet(
    x: Any = None,
    y: Any = None,
    *,
    size: int | None = None,
    formula: str | None = None,
    data: Any = None,
    weights: Any = None,
    Wts: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    linout: bool = False,
    entropy: bool = False,
    softmax: bool = False,
    censored: bool = False,
    skip: bool = False,
    rang: float = 0.7,
    decay: float | ArrayLike = 0.0,
    maxit: int = 100,
    Hess: bool = False,
    trace: bool = True,
    MaxNWts: int = 1000,
    abstol: float = 1e-4,
    reltol: float = 1e-8,
    subset: Any = None,
    na_action: str | Callable[..., Any] = "na.omit",
    contrasts: dict[str, Any] | None = None,
    n_starts: int = 1,
    random_state: Any = None,
    executor: Executor | None = None,
) -> NNet:
    """Fit a network with one hidden layer of logistic units, as R's ``nnet`` does.

    ``nnet(x, y, size=5)`` takes matrices, ``nnet("medv ~ .", data, size=5)`` a formula and a
    table.  If the response is a factor, strings or categories, it has one output fitted by entropy
    for two levels, and one output for each level fitted by softmax for more.

    Parameters
    ----------
    x : array_like of shape (rows, inputs), or str
        The inputs, or the formula.
    y : array_like of shape (rows,) or (rows, outputs), or a table
        The response: numbers, or one class per row as strings or categories; or the table for the
        formula.
    size : int
        Hidden units; 0 for none, with ``skip=True``.
    formula, data : str, table
        The same as keywords: see ``lamina.nnet.formulas.model_frame``.
    weights : array_like of shape (rows,), optional
        Case weights >= 0; with a formula also an expression of columns.
    Wts : array_like of shape (weights,) or dict, optional
        Starting weights, in the order of the fit's ``wts``, or by their names as in ``coef()``;
        several rows are several starts.
    mask : array_like of shape (weights,), optional
        Which weights are fitted; the others keep their starting values.
    linout : bool, default False
        Linear outputs rather than logistic ones.
    entropy : bool, default False
        Maximum likelihood for responses of 0 and 1, or probabilities, rather than least squares.
    softmax : bool, default False
        Log-linear model: maximum likelihood for counts of classes, with a column for each class.
    censored : bool, default False
        As ``softmax``, but ones mark the classes that a row may belong to.
    skip : bool, default False
        Connections from the inputs to the outputs as well.
    rang : float, default 0.7
        Starting weights are uniform in ``[-rang, rang]``.  Use about 0.5 or, for large inputs, a
        value such that ``rang`` times the largest input is about 1.
    decay : float or array_like of shape (weights,), default 0
        Adds ``sum(decay * wts ** 2)`` to the criterion, biases included.
    maxit : int, default 100
        The largest number of iterations.
    Hess : bool, default False
        Whether to calculate the ``Hessian``.
    trace : bool, default True
        Whether the search reports its progress, as in R.
    MaxNWts : int, default 1000
        Networks with more weights are refused.
    abstol, reltol : float
        The search ends when the criterion is at most ``abstol``, or when it cannot be lowered by a
        factor of ``1 - reltol``.
    subset, na_action, contrasts
        With a formula: the rows to use, the treatment of missing values, the codings of factors;
        see ``lamina.nnet.formulas.model_frame``.
    n_starts : int, default 1
        The number of random starts, whose searches run in parallel on all threads; the one with the
        smallest criterion is kept, and all are reported in ``starts``.
    random_state : int, Generator, RandomState or RSeed, optional
        The seed or generator of the starting weights; by default lamina's seed.  ``RSeed(1)`` draws
        the numbers that R draws after ``set.seed(1)``.
    executor : concurrent.futures.Executor, optional
        Runs the searches instead of threads.  The results are the same.

    Returns
    -------
    NNet

    Raises
    ------
    ValueError
        For missing values in matrices, more weights than ``MaxNWts``, vectors of the wrong length,
        ``entropy`` with ``linout``, and ``softmax`` or ``censored`` with a single output, as in R;
        and for a ``decay`` below 0.

    Notes
    -----
    Classes given with ``x`` are fitted as a formula fits a factor; R's ``nnet.default`` takes only
    numbers.

    The criterion is the sum over rows, each times its case weight, and outputs of ``(y - p)^2``;
    with ``entropy`` of ``y log(y/p) + (1-y) log((1-y)/(1-p))``; with ``softmax`` of ``-y log p``;
    plus decay [1]_.  The search is R's: see ``LossFunction.minimize``.  It agrees with R's up to
    rounding, which long searches amplify: from the same start, lamina may end in another minimum
    than R, as R itself may on another machine.

    References
    ----------
    .. [1] W. N. Venables and B. D. Ripley, "Modern applied statistics with S", 4th edition, 2002,
       section 8.10.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> x = np.linspace(-2, 2, 40)
    >>> fit = lamina.nnet(x, np.sin(x), size=2, linout=True, random_state=1, maxit=200)
    ... # doctest: +ELLIPSIS
    # weights:  7
    initial  value ...
    >>> fit
    a 1-2-1 network with 7 weights
    options were - linear output units
    >>> bool(abs(fit.residuals).max() < 0.05)
    True
    """
    return planned(locals()).run(executor)


def planned(arguments: dict[str, Any]) -> Searches:
    """Return the searches of a call of nnet; arguments that it leaves out have their defaults."""
    a = {**_defaults(), "x": None, "y": None, **arguments}
    given = given_of(
        a["x"], a["y"], a["formula"], a["data"], a["weights"], a["subset"], a["na_action"],
        a["contrasts"],
    )  # fmt: skip
    network = network_of(
        given, a["size"], boolean(WHO, "linout", a["linout"]),
        boolean(WHO, "entropy", a["entropy"]), boolean(WHO, "softmax", a["softmax"]),
        boolean(WHO, "censored", a["censored"]), boolean(WHO, "skip", a["skip"]), a["decay"],
        a["MaxNWts"],
    )  # fmt: skip
    count = network.structure.weights
    settings = {
        "mask": masked(a["mask"], count),
        "maxit": integer(WHO, "maxit", a["maxit"], low=0),
        "abstol": number(WHO, "abstol", a["abstol"]),
        "reltol": number(WHO, "reltol", a["reltol"], low=0.0),
    }
    starts = starting_weights(
        network.structure, a["Wts"], integer(WHO, "n_starts", a["n_starts"]),
        number(WHO, "rang", a["rang"], low=0.0), a["random_state"],
    )  # fmt: skip
    told, hess = boolean(WHO, "trace", a["trace"]), boolean(WHO, "Hess", a["Hess"])
    return Searches(network, given, settings, starts, told, hess, _call(a))


def _defaults() -> dict[str, Any]:
    return inspect.unwrap(nnet).__kwdefaults__ or {}


def _call(arguments: dict[str, Any]) -> str:
    """Return the call as text, with short values."""
    shown = []
    for name in ("x", "y"):
        if isinstance(arguments[name], str):
            shown.append(repr(arguments[name]))
        elif arguments[name] is not None:
            shown.append(name if name != "y" or not isinstance(arguments["x"], str) else "data")
    for name, default in _defaults().items():
        value = arguments[name]
        if value is default or (np.isscalar(value) and value == default):
            continue
        shown.append(f"{name}={value!r}" if np.isscalar(value) else f"{name}={name}")
    return f"{WHO}({', '.join(shown)})"

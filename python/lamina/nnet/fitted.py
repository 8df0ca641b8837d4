"""A fitted network: predictions, weights, and the components of R's nnet objects."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._calls import answering_calls, on_behalf
from lamina.nnet.data import case_weights, inputs_again, matrix_of, response_again
from lamina.nnet.printed import Coefficients, Summary, fit_lines

if TYPE_CHECKING:
    from lamina._columns import Columns
    from lamina.nnet.data import Given
    from lamina.nnet.networks import Network

Array = NDArray[Any]
WHO = "nnet"
OF_MODELS = ("calibrate", "compare_baselines", "evaluate", "export", "inference", "save")


class NNet:
    """A fitted network, which prints as in R.

    Returned by ``lamina.nnet.nnet``; not made directly.

    Attributes
    ----------
    n : tuple of int
        The numbers of inputs, hidden units and outputs.
    wts : ndarray
        The weights at the end of the best search, unit by unit, hidden units first; for each unit
        the weight of the bias, then those of its inputs.  ``coef`` returns them with names.
    value : float
        The criterion there, decay included.
    convergence : int
        0 if the search converged, 1 if ``maxit`` iterations were not enough.
    fitted_values, residuals : ndarray (rows, outputs)
        Predictions for the rows of the fit, and the response minus these.
    lev : list or None
        The classes.
    coefnames : list of str or None
        The names of the inputs; None for arrays.
    response : str or None
        The left side of the formula, or the name of y.
    output_names : list of str or None
        The names of the outputs: the response, or its classes or columns.
    Hessian : ndarray or None
        Second derivatives of the criterion with respect to the weights, if ``Hess`` was True.
    conn, nconn : ndarray of int
        The unit from which each weight leads, and the place where the weights of each unit begin.
    decay : float or ndarray
    linout, entropy, softmax, censored, skip : bool
        The arguments of the fit, as in R's ``nnet.default``.
    formula : str or None
    frame : ModelFrame or None
        The variables that the formula made from the table.
    starts : Columns
        All searches: starting and final value of the criterion, convergence, counts.
    call : str
    """

    def __init__(
        self, network: Network, given: Given, wts: Array, value: float, convergence: int,
        starts: Columns, call: str,
    ) -> None:  # fmt: skip
        s = network.structure
        self._network, self._given = network, given
        self.n, self.conn, self.nconn = s.n, s.connections, s.ends
        self.wts, self.value, self.convergence = wts, value, convergence
        self.decay = network.decay
        self.linout, self.entropy = network.linout, network.entropy
        self.softmax, self.censored, self.skip = network.softmax, network.censored, s.skip
        self.lev, self.coefnames, self.formula = given.levels, given.names, given.formula
        self.frame = given.frame
        self.response, self.output_names = given.response, given.outputs
        self.starts, self.call = starts, call
        self.Hessian: Array | None = None

    def __getattr__(self, name: str) -> Any:
        """Point to ``to_model`` for the methods of models."""
        said = f"{type(self).__name__!r} object has no attribute {name!r}"
        if name in OF_MODELS:
            said += f"; the fit as a model has it: fit.to_model().{name}(...)"
        raise AttributeError(said)

    def __repr__(self) -> str:
        """Return what R prints for a fit."""
        return "\n".join(fit_lines(self))

    def summary(self) -> Summary:
        """Return an object that prints the weights, unit by unit, as R's ``summary`` does."""
        return Summary(self)

    def coef(self) -> Coefficients:
        """Return the weights under R's names, as a dict that prints as in R.

        ``b->h1`` is the weight of the first hidden unit's bias.
        """
        names = self._network.structure.names
        return Coefficients(zip(names, map(float, self.wts), strict=True))

    @cached_property
    def fitted_values(self) -> Array:
        """The predictions for the rows of the fit: shape (rows, outputs)."""
        return self._given.spread(self._raw(self._given.x))

    def fitted(self) -> Array:
        """Return ``fitted_values``."""
        return self.fitted_values

    @cached_property
    def residuals(self) -> Array:
        """The response minus ``fitted_values``: shape (rows, outputs)."""
        return self._given.spread(self._given.y - self._raw(self._given.x))

    @answering_calls
    def predict(self, newdata: Any = None, type: str = "raw") -> Array:  # noqa: A002  (R's name)
        """Return predictions for new rows, or for the rows of the fit.

        Parameters
        ----------
        newdata : table or array_like of shape (rows, inputs), optional
            A table with the columns of the formula, or the inputs.  A vector is one row; in a
            fit with one input it holds that input for each row.  The inputs are found by name if
            both the fit and the new rows are tables with names.
        type : {"raw", "class"}, default "raw"
            The outputs, or the class with the largest output; with one output, the second class if
            it is above 1/2.

        Returns
        -------
        ndarray
            Outputs of shape (rows, outputs), or classes of shape (rows,).  For rows of a table with
            missing values, they are NaN, or None among classes.

        Raises
        ------
        ValueError
            If classes are requested from a fit without classes, if inputs have missing values or
            their number differs from that of the fit, or if a factor has levels that the fit has
            not seen.
        """
        _check.choice("predict", "type", type, ("raw", "class"))
        if type == "class" and self.lev is None:
            raise ValueError(
                "predict: inappropriate fit for class: type='class' needs a fit to a factor, or "
                "one with entropy, or with softmax to a table with names; use type='raw'"
            )
        if type == "class" and self.n[2] > max(2, len(self.lev or ())):
            raise ValueError(
                f"predict: type='class' needs a class for each output; an entropy fit has the "
                f"classes 0 and 1, and this one has {self.n[2]} outputs: use type='raw', or fit "
                f"with softmax=True to a table with names"
            )
        raw = self.fitted_values if newdata is None else self._of_new(newdata)
        return raw if type == "raw" else self._classes(raw)

    def _of_new(self, newdata: Any) -> Array:
        if self._given.frame is not None:
            with on_behalf("predict", WHO):
                new = self._given.frame.again(newdata)
            return np.asarray(new.spread(self._raw(new.x)))
        x = inputs_again(self._given.names, newdata)
        if self.n[0] == 1 and np.ndim(newdata) == 1:  # in R this is one row with many inputs
            x = x.reshape(-1, 1)
        if x.shape[1] != self.n[0]:
            raise ValueError(
                f"predict: newdata must have the fit's {self.n[0]} inputs; got {x.shape[1]}"
            )
        return self._raw(x)

    def _raw(self, x: Array) -> Array:
        if not len(x):
            return np.empty((0, self.n[2]))
        predicted: Array = self._network.predicting(self.wts).predict(x, verbose=0)
        return predicted

    def _classes(self, raw: Array) -> Array:
        levels: Array = np.asarray(self.lev)
        missing = np.isnan(raw).any(axis=1)
        places = raw.argmax(axis=1) if raw.shape[1] > 1 else (raw[:, 0] > 0.5).astype(int)
        classes: Array = (levels.astype(object) if missing.any() else levels)[places]
        if missing.any():
            classes[missing] = None
        return classes

    def to_model(self) -> Any:
        """Return the network as a compiled lamina model in float64.

        Its layers are called "hidden" and "output".  The loss is Keras's mean of the same error
        over rows and outputs, with decay as L2 penalties in proportion: multiplied by that number
        of values (for a softmax, by the number of rows) it is the criterion.  Its logistic function
        never reaches 0 or 1, while R's is 0 or 1 beyond 15: predictions may differ by 3e-7 of the
        weights that lead from such units.

        Returns
        -------
        Model
        """
        return self._network.mean_model(self.wts, len(self._given.x))


@answering_calls
def nnet_hess(fit: NNet, x: Any = None, y: Any = None, weights: Any = None) -> Array:
    """Return the second derivatives of a fit's criterion by its weights, as R's ``nnetHess``.

    Parameters
    ----------
    fit : NNet
    x, y : array_like, optional
        Inputs (rows, inputs) and response (rows, outputs); by default those of the fit.  The
        response of a fit to classes may be classes.
    weights : array_like of shape (rows,), optional
        Case weights; by default 1, or for the rows of the fit, those of the fit.

    Returns
    -------
    ndarray of shape (weights, weights)
        In the order of ``fit.wts``, including the ``2 decay`` that decay adds to the diagonal;
        calculated from differences of exact gradients, to about nine digits.
    """
    if not isinstance(fit, NNet):
        raise TypeError(f"nnet_hess: fit must be one of nnet; got {fit!r:.80}")
    given = fit._given
    if x is None and y is None:
        at, response, case = given.x, given.y, given.weights if weights is None else weights
    else:
        at, response = matrix_of("nnet_hess", "x", x), response_again("nnet_hess", y, fit._given)
        case = weights
    if len(at) != len(response) or (at.shape[1], response.shape[1]) != (fit.n[0], fit.n[2]):
        raise ValueError(
            f"nnet_hess: dims of x and y must match each other and the fit, (rows, {fit.n[0]}) and "
            f"(rows, {fit.n[2]}); got {at.shape} and {response.shape}"
        )
    case = case_weights(case, len(at), "nnet_hess")
    return fit._network.objective(at, response, case).hessian(fit.wts)

"""Attributions: saliency and integrated gradients, for images, series and tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check, _screen
from lamina._arrays import as_numbers
from lamina._calls import answering_calls, on_behalf
from lamina._predicting import is_network

Array = NDArray[Any]

FAR = 0.05  # of the change of the output: a warning is given if a sum differs by more
BLOCK = 1 << 22  # numbers in the rows whose gradients are computed at once


class Attribution:
    """The contribution of each input value to an output.

    Attributes
    ----------
    values : ndarray of the shape of x
    method : str
        "saliency", "integrated_gradients" or "occlusion".
    output : ndarray of int of shape (rows,)
        The index of the output value that is explained, for each row.
    predicted : ndarray of shape (rows,)
        The explained output value of each row.
    gap : ndarray of shape (rows,) or None
        For integrated gradients: the change of the output from the baseline minus the sum of the
        values.
    """

    def __init__(
        self, values: Array, method: str, output: Array, predicted: Array, gap: Array | None = None
    ) -> None:
        self.values, self.method, self.output = values, method, output
        self.predicted, self.gap = predicted, gap

    @property
    def maps(self) -> Array:
        """Absolute values without the last axis: the largest over colours or features.

        An array of shape (rows, height, width) for images, (rows, steps) for series; for tables,
        the absolute values themselves.
        """
        sizes: Array = np.abs(self.values)
        return sizes.max(axis=-1) if sizes.ndim > 2 else sizes

    def __repr__(self) -> str:
        """Return the method and the shape."""
        return f"<Attribution {self.method}, values of shape {self.values.shape}>"


@answering_calls
def saliency(
    model: Any,
    x: Any,
    output: Any = None,
    *,
    times_input: bool = False,
    n_samples: int = 0,
    noise: float = 0.1,
    random_state: int = 0,
) -> Attribution:
    """Return the gradients of an output with respect to the inputs.

    Parameters
    ----------
    model : Model
        With one input of floats.
    x : array_like of shape (rows, ...)
        Images, series or rows of a table.
    output : int, array_like of int of shape (rows,) or tuple, optional
        See ``Model.input_gradients``.  By default the largest value of each row's output: for a
        classifier, the predicted class.
    times_input : bool, default False
        Whether the gradients are multiplied by the inputs.
    n_samples : int, default 0
        If above 0, gradients are averaged over this number of copies with added noise (SmoothGrad).
    noise : float, default 0.1
        The standard deviation of the noise, as a share of the range of ``x``.
    random_state : int, default 0
        The seed of the noise.

    Returns
    -------
    Attribution
        ``maps`` are saliency maps: the largest absolute value over the colours.

    Notes
    -----
    K. Simonyan, A. Vedaldi and A. Zisserman, arXiv:1312.6034; D. Smilkov et al.,
    arXiv:1706.03825.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> from lamina.inference import saliency
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1, "exponential")])
    >>> model.set_weights([[[1.0], [-2.0]], [0.0]])
    >>> saliency(model, [[0.0, 0.0]]).values
    array([[ 1., -2.]], dtype=float32)
    """
    who = "saliency"
    rows = _rows(who, model, x)
    chosen, predicted = explained(who, model, rows, output)
    samples = _check.integer(who, "n_samples", n_samples, 0)
    times_input = _check.boolean(who, "times_input", times_input)
    share = _check.number(who, "noise", noise, 0.0, _check.LARGEST)
    seed = _check.integer(who, "random_state", random_state, 0)
    if samples == 0:
        found = model.input_gradients(rows, chosen)
    else:
        spread = share * float(rows.max() - rows.min())
        random = np.random.default_rng(seed)
        found = 0.0
        for _ in range(samples):
            moved = rows + spread * random.standard_normal(rows.shape)
            found = found + model.input_gradients(moved.astype(rows.dtype), chosen) / samples
    values = np.asarray(found * rows if times_input else found, rows.dtype)
    return Attribution(values, who, _places(chosen, len(rows)), predicted)


@answering_calls
def integrated_gradients(
    model: Any,
    x: Any,
    output: Any = None,
    *,
    baseline: Any = 0.0,
    steps: int = 64,
) -> Attribution:
    """Return the inputs' shares in the change of an output from a baseline to the rows.

    The share of a value is its distance from the baseline times the mean gradient along the
    straight line between both.  The shares add up to the change of the output; the difference is in
    ``gap``, and a warning is given if it is more than 5 % of the change.

    Parameters
    ----------
    model : Model
        With one input of floats.
    x : array_like of shape (rows, ...)
    output : int, array_like of int of shape (rows,) or tuple, optional
        See ``saliency``.
    baseline : float or array_like, default 0.0
        A neutral input with the shape of a row or of ``x``, such as a black image or the means of a
        table's columns.
    steps : int, default 64
        The number of points on the line, those of Gauss-Legendre quadrature.

    Returns
    -------
    Attribution

    Warns
    -----
    UserWarning
        If the sums differ from the changes of the output: more steps are needed.

    Notes
    -----
    M. Sundararajan, A. Taly and Q. Yan, ICML 2017, arXiv:1703.01365.

    Examples
    --------
    >>> import numpy as np, lamina
    >>> from lamina.inference import integrated_gradients
    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1, "exponential")],
    ...                           dtype="float64")
    >>> model.set_weights([[[1.0], [1.0]], [0.0]])
    >>> found = integrated_gradients(model, [[0.5, 0.5]])
    >>> found.values.round(6), bool(np.isclose(found.values.sum(), np.e - 1))
    (array([[0.859141, 0.859141]]), True)
    """
    who = "integrated_gradients"
    rows = _rows(who, model, x)
    count = _check.integer(who, "steps", steps)
    start = _baseline(who, baseline, rows)
    chosen, predicted = explained(who, model, rows, output)
    along, weights = np.polynomial.legendre.leggauss(count)
    places, each = _places(chosen, len(rows)), max(1, BLOCK // max(1, count * rows[0].size))
    totals = np.zeros(rows.shape, np.float64)
    name = chosen[0] if isinstance(chosen, tuple) else None
    for first in range(0, len(rows), each):
        here = slice(first, first + each)
        line = [start[here] + (t + 1.0) / 2.0 * (rows[here] - start[here]) for t in along]
        points = np.concatenate(line).astype(rows.dtype)
        units = np.tile(places[here], count)
        found = model.input_gradients(points, units if name is None else (name, units))
        parts = np.asarray(found, np.float64).reshape(count, -1, *rows.shape[1:])
        totals[here] = np.tensordot(weights / 2.0, parts, axes=1)
    values = totals * (rows.astype(np.float64) - start)
    change = predicted - explained(who, model, start.astype(rows.dtype), chosen)[1]
    gap = change - values.reshape(len(rows), -1).sum(axis=1)
    _check_sums(who, gap, change, predicted)
    return Attribution(values.astype(rows.dtype), who, places, predicted, gap)


def _check_sums(who: str, gap: Array, change: Array, predicted: Array) -> None:
    least = 1e-3 * float(np.abs(predicted).max(initial=0.0))  # changes of about 0 have no shares
    share = np.abs(gap) / np.maximum(np.abs(change), least or 1.0)
    if np.any(share > FAR):
        row = int(np.argmax(share))
        _screen.warn(
            f"{who}: the values of row {row} add up to {change[row] - gap[row]:.4g}, but the "
            f"output changes by {change[row]:.4g}; use more steps"
        )


# --- rows and outputs


def _rows(who: str, model: Any, x: Any) -> Array:
    """Return the rows in the model's type."""
    if not is_network(model) or not hasattr(model, "input_gradients"):
        raise TypeError(f"{who}: needs the gradients of a lamina model; got {type(model).__name__}")
    if len(model.input_names) > 1:
        raise ValueError(f"{who}: the model must have one input; got {len(model.input_names)}")
    return as_rows(who, model, x)


def as_rows(who: str, model: Any, x: Any) -> Array:
    """Return an array of rows in the model's type, with the axes that it takes."""
    rows = as_numbers(who, "x", x)
    shape = getattr(model, "input_shape", None)
    if shape is not None and rows.ndim == len(shape) - 1 and shape[-1] == 1:
        rows = rows[..., None]
    made: Array = rows.astype(getattr(model, "dtype", None) or np.float64)
    if made.ndim < 2 or not made.size:
        raise ValueError(f"{who}: x must have rows of numbers; got shape {made.shape}")
    return made


def explained(who: str, model: Any, rows: Array, output: Any) -> tuple[Any, Array]:
    """Return the index of the output value to explain in each row, and that value."""
    made = _predicted(who, model, rows)
    chosen = output
    if isinstance(output, tuple) and len(output) == 2 and isinstance(output[0], str):
        names = list(model.output_names)
        if output[0] not in names:
            raise ValueError(
                f"{who}: output must be of {', '.join(map(repr, names))}; got {output[0]!r}"
            )
        place = names.index(output[0])
        held = list(made.values()) if isinstance(made, dict) else made
        made, output = (held[place] if len(names) > 1 else made), output[1]
    elif isinstance(made, (list, tuple, dict)):
        raise ValueError(f"{who}: the model has several outputs; output must be (name, index)")
    flat = np.asarray(made, np.float64).reshape(len(rows), -1)
    if output is None:
        units = flat.argmax(axis=1)
        chosen = (chosen[0], units) if isinstance(chosen, tuple) else units
    else:
        units = _units(who, output, flat.shape)
    return chosen, flat[np.arange(len(rows)), units]


def _predicted(who: str, model: Any, rows: Array) -> Any:
    if is_network(model):
        with on_behalf(who, "predict"):
            return model.predict(rows, verbose=0)
    ask = getattr(model, "predict", model)
    if not callable(ask):
        raise TypeError(
            f"{who}: model must be a lamina model, a fitted estimator or a function of rows; got "
            f"{type(model).__name__}"
        )
    return ask(rows)


def _units(who: str, output: Any, shape: tuple[int, ...]) -> Array:
    units = np.asarray(output)
    if units.dtype.kind not in "iu" or units.shape not in ((), shape[:1]):
        raise TypeError(
            f"{who}: output must be an integer, or one for each of {shape[0]} rows; got {output!r}"
        )
    if np.any((units < 0) | (units >= shape[1])):
        raise ValueError(f"{who}: output must be from 0 to {shape[1] - 1}; got {output!r}")
    return np.broadcast_to(units, shape[:1])


def _places(chosen: Any, rows: int) -> Array:
    units = chosen[1] if isinstance(chosen, tuple) else chosen
    made: Array = np.broadcast_to(np.asarray(units), (rows,)).copy()
    return made


def _baseline(who: str, given: Any, rows: Array) -> Array:
    base = as_numbers(who, "baseline", given).astype(np.float64)
    if not np.isfinite(base).all():
        raise ValueError(f"{who}: baseline must be finite; got {given!r:.80}")
    if base.shape not in ((), rows.shape[1:], rows.shape):
        raise ValueError(
            f"{who}: baseline must be a number, or of shape {rows.shape[1:]} or {rows.shape}; got "
            f"shape {base.shape}"
        )
    made: Array = np.broadcast_to(base, rows.shape).copy()
    return made

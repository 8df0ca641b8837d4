"""Average marginal effects with standard errors by the delta method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._arrays import as_numbers
from lamina._columns import Columns
from lamina.inference._distributions import two_sided_p
from lamina.inference.units import numbered

if TYPE_CHECKING:
    from lamina.inference.results import Fit, Inference

Array = NDArray[Any]

WHO = "marginal_effects"
PLACES = ("overall", "mean", "median")
STEP = 1e-5  # of a column's spread: its square and the rounding over it are both about 1e-11
COARSE_STEP = 1e-2  # for models that are computed in single precision
MOST_NUMBERS = 1 << 24  # in the part of a Jacobian held at once: 128 MiB


def marginal_effects(
    fit: Fit, inference: Inference, at: str, inputs: Any, outputs: Any, discrete: Any, level: float
) -> Columns:
    """Return the table described in ``Inference.marginal_effects``."""
    at = _check.choice(WHO, "at", at, PLACES)
    parts = _parts(fit)
    table, names = np.concatenate(parts, axis=1), _names(fit, parts)
    asked = _places(inputs, names, "inputs") if inputs is not None else range(table.shape[1])
    changed = _discrete(discrete, table, names)
    rows = table if at == "overall" else _typical(table, at)
    count = fit.rows.outputs.shape[1]
    labels = _output_names(fit, count)
    shown = range(count) if outputs is None else _places(outputs, labels, "outputs")
    made: dict[str, list[Any]] = {"input": [], "output": [], "change": []}
    effects, derivatives = [], []
    for column in asked:
        values = np.unique(table[:, column])
        if len(values) == 1 and inputs is None:
            continue  # the effect of a constant is unknown
        if column in changed:
            low, high, said = values[0], values[-1], f"{values[0]:g} -> {values[-1]:g}"
            effect, by_weights = _change(fit, at, rows, column, low, high)
        else:
            said, spread = "dy/dx", float(table[:, column].std()) or 1.0
            effect, by_weights = _slope(fit, at, rows, column, _step(fit) * spread)
        for place in shown:
            made["input"].append(names[column])
            made["output"].append(labels[place])
            made["change"].append(said)
            effects.append(effect[place])
            derivatives.append(by_weights[place])
    return _tested(inference, made, np.array(effects), np.array(derivatives), level)


def _tested(
    inference: Inference,
    made: dict[str, list[Any]],
    effects: Array,
    by_weights: Array,
    level: float,
) -> Columns:
    variances = np.einsum("ip,pq,iq->i", by_weights, inference.covariance, by_weights)
    errors = np.sqrt(np.where(variances >= 0, variances, np.nan))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = effects / errors
    low, high = inference._interval(level, effects, errors)
    return Columns(
        {
            **made,
            "effect": effects,
            "std_error": errors,
            "t" if inference._t_df is not None else "z": z,
            "p": two_sided_p(z, inference._t_df),
            "lower": low,
            "upper": high,
        }
    )


# --- effects and their derivatives with respect to the weights


def _slope(fit: Fit, at: str, rows: Array, column: int, step: float) -> tuple[Array, Array]:
    up, down = rows.copy(), rows.copy()
    up[:, column] += step
    down[:, column] -= step
    high, low = _mean(fit, at, up), _mean(fit, at, down)
    return (high[0] - low[0]) / (2.0 * step), (high[1] - low[1]) / (2.0 * step)


def _change(
    fit: Fit, at: str, rows: Array, column: int, low: float, high: float
) -> tuple[Array, Array]:
    before, behind = rows.copy(), rows.copy()
    before[:, column], behind[:, column] = low, high
    one, other = _mean(fit, at, behind), _mean(fit, at, before)
    return one[0] - other[0], one[1] - other[1]


def _mean(fit: Fit, at: str, rows: Array) -> tuple[Array, Array]:
    """Return the outputs' mean over the rows, and its derivatives by the weights."""
    theta, kept = fit.weights, fit.reference.kept
    weights = fit.rows.weights if at == "overall" else np.ones(len(rows))
    count = fit.rows.outputs.shape[1]
    block = max(1, MOST_NUMBERS // max(1, count * len(theta)))
    total, by_weights = np.zeros(count), np.zeros((count, len(kept)))
    for start in range(0, len(rows), block):
        here = slice(start, min(start + block, len(rows)))
        function = fit.model.loss_function(_split(fit, rows[here]), _targets(fit, here))
        total += weights[here] @ function.outputs(theta)
        jacobian = function.jacobian(theta)[:, :, kept]
        by_weights += np.einsum("n,nkp->kp", weights[here], jacobian)
    return total / weights.sum(), by_weights / weights.sum()


def _targets(fit: Fit, rows: slice) -> Any:
    """Return some rows of the targets, for each output if there are several."""
    if isinstance(fit.y, dict):
        return {name: np.asarray(each)[rows] for name, each in fit.y.items()}
    if isinstance(fit.y, (list, tuple)) and len(fit.model.output_names) > 1:
        return [np.asarray(each)[rows] for each in fit.y]
    return np.asarray(fit.y)[rows]


def _step(fit: Fit) -> float:
    # A model in single precision is computed in double if its structure can be copied.
    from lamina.models import Functional, Sequential

    exact = fit.model.dtype == "float64" or type(fit.model) in (Sequential, Functional)
    return STEP if exact else COARSE_STEP


# --- the arguments


def _parts(fit: Fit) -> list[Array]:
    """Return a table for each input of the model, as numbers."""
    own_class = getattr(type(fit.model), "calls", False)  # its inputs have no type yet
    if not own_class and any("int" in str(entry.dtype) for entry in fit.model.inputs):
        raise ValueError(f"{WHO}: the model takes integers, for which outputs have no derivative")
    parts = []
    for given in _of_each_input(fit):
        table = as_numbers(WHO, "x", given).astype(np.float64)
        if table.ndim == 1:
            table = table[:, None]
        if table.ndim != 2:
            raise ValueError(
                f"{WHO}: x must be a table with a column for each input; got shape {table.shape}"
            )
        parts.append(table)
    return parts


def _of_each_input(fit: Fit) -> list[Any]:
    names = fit.model.input_names
    if len(names) == 1:
        return [fit.x]
    return [fit.x[name] for name in names] if isinstance(fit.x, dict) else list(fit.x)


def _names(fit: Fit, parts: Sequence[Array]) -> list[str]:
    widths = [part.shape[1] for part in parts]
    if fit.input_names is not None and len(fit.input_names) == sum(widths):
        return fit.input_names
    if len(parts) > 1:
        return numbered(fit.model.input_names, widths)
    return [f"x{i + 1}" for i in range(widths[0])]


def _split(fit: Fit, rows: Array) -> Any:
    """Return rows of all columns as the model takes them: an array for each input."""
    if len(fit.model.input_names) == 1:
        return rows
    widths = [1 if len(shape) == 1 else int(shape[1]) for shape in fit.model.input_shape]
    return np.split(rows, np.cumsum(widths)[:-1], axis=1)


def _typical(table: Array, at: str) -> Array:
    made: Array = (np.mean if at == "mean" else np.median)(table, axis=0)[None, :]
    return made


def _places(given: Any, names: Sequence[str], what: str) -> list[int]:
    if isinstance(given, (int, np.integer, str)):
        given = [given]
    if not isinstance(given, Iterable) or not len(listed := list(given)):
        raise ValueError(
            f"{WHO}: {what} must be one or more of {', '.join(map(str, names))}; got {given!r}"
        )
    found = []
    for each in listed:
        if isinstance(each, str) and each in names:
            found.append(list(names).index(each))
        elif isinstance(each, (int, np.integer)) and 0 <= each < len(names):
            found.append(int(each))
        else:
            raise ValueError(
                f"{WHO}: {what} must be among {', '.join(map(str, names))}, or numbers from 0 to "
                f"{len(names) - 1}; got {each!r}"
            )
    return found


def _discrete(given: Any, table: Array, names: Sequence[str]) -> list[int]:
    two = [i for i in range(table.shape[1]) if len(np.unique(table[:, i])) == 2]
    if isinstance(given, str) and given in ("auto", "none"):
        return two if given == "auto" else []
    places = _places(given, names, "discrete") if np.size(given) else []
    for place in places:
        if place not in two:
            raise ValueError(f"{WHO}: discrete: column {names[place]} must have two values")
    return places


def _output_names(fit: Fit, count: int) -> list[str]:
    if fit.output_names is not None and len(fit.output_names) == count:
        return [str(name) for name in fit.output_names]
    if len(fit.model.output_names) > 1:
        widths = [int(np.prod(shape[1:], dtype=int)) for shape in fit.model.output_shape]
        return numbered(fit.model.output_names, widths)
    return ["o"] if count == 1 else [f"o{i + 1}" for i in range(count)]

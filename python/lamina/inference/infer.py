"""``model.inference``: from a model and data to estimates with their covariance."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check, _screen
from lamina._arrays import as_numbers, column_names
from lamina._calls import on_behalf
from lamina.inference._groups import grouped
from lamina.inference.coefficients import Reference, coefficient_names, reference, wiring
from lamina.inference.covariances import KINDS, Pieces, covariance_of
from lamina.inference.curvature import Curvature, SingularHessianError
from lamina.inference.likelihoods import (
    Binomial,
    Family,
    Multinomial,
    Rows,
    family_of,
    is_piecewise_linear,
)
from lamina.inference.results import Fit, Inference

Array = NDArray[Any]

WHO = "inference"
MOST_WEIGHTS = 10_000  # their matrix takes 0.8 GB, and several are needed
FAR = 0.1  # length of a Newton step, in standard errors, above which a note is given
SINGULAR = ("report", "pinv", "raise")


def infer(
    model: Any,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    covariance: str = "hessian",
    names: Sequence[str] | None = None,
    *,
    output_names: Sequence[str] | None = None,
    groups: Any = None,
    reference_class: Any = "auto",
    singular: str = "report",
    use_t: bool | None = None,
) -> Inference:
    """Return estimates with their covariance, as described in ``model.inference``."""
    covariance = _check.choice(WHO, "covariance", covariance, KINDS)
    singular = _check.choice(WHO, "singular", singular, SINGULAR)
    if groups is not None and covariance != "cluster":
        raise ValueError(
            f"{WHO}: groups are for covariance='cluster'; got {covariance!r}, which assumes that "
            f"all rows are independent"
        )
    if use_t is not None:
        use_t = _check.boolean(WHO, "use_t", use_t)
    function = _loss_function(model, x, y, sample_weight)
    several = len(model.input_names) > 1
    given = _given_names(x, names, several)
    if output_names is not None:
        output_names = _check.names(
            WHO, "output_names", output_names, _count_of_outputs(model), different=True
        )
    rows = _rows(model, function, y, sample_weight)
    family = family_of(model.loss)
    notes = _about_targets(family, rows, function)
    found = reference(model, function, family, reference_class)
    every = coefficient_names(
        function, wiring(model, names if several else _inputs(x, given, names), output_names)
    )
    held = [every[i] for i in found.kept]
    pieces, curvature = _pieces(
        function, rows, family, found, held, groups, singular, _shares(model, rows.weights),
        is_piecewise_linear(model.loss),
    )  # fmt: skip
    notes += curvature.said() + _about_columns(x, curvature, given)
    if singular == "raise" and curvature.rank < curvature.size:
        said = " ".join(curvature.said())
        raise SingularHessianError(f"{WHO}: {said}", curvature.rank, curvature.null_directions)
    matrix = covariance_of(
        covariance, pieces, lambda: function.jacobian()[:, :, found.kept],
        _inverting(held, singular, function.scales()[found.kept]),
    )  # fmt: skip
    fit = Fit(
        model=copy.deepcopy(model), x=copy.deepcopy(x), y=copy.deepcopy(y),
        count=function.rows, weights=function.weights, gradient=function.gradient(),
        family=family, rows=rows, pieces=pieces,
        curvature=curvature, reference=found, names=held,
        input_names=None if given is None else [str(name) for name in given],
        output_names=output_names, kind=covariance, singular=singular,
    )  # fmt: skip
    student = use_t if use_t is not None else _is_student(family, covariance)
    result = Inference(fit, matrix, student, notes)
    _warn_of(result, notes)
    return result


def _loss_function(model: Any, x: Any, y: Any, sample_weight: Any) -> Any:
    with on_behalf(WHO, "loss_function"):
        function = model.loss_function(x, y, sample_weight)
    if function.size > MOST_WEIGHTS:
        raise ValueError(
            f"{WHO}: {function.size} weights are too many for a matrix of all pairs (at most "
            f"{MOST_WEIGHTS}); freeze layers (layer.trainable = False) to condition on them"
        )
    return function


def _given_names(x: Any, names: Any, several: bool) -> Any:
    """Return the names of the inputs, by default the columns of a table; None without any."""
    if names is None:
        return None if several else column_names(x)
    count = None if several or np.ndim(x) != 2 else np.shape(x)[1]
    return _check.names(WHO, "names", names, count, different=True)


def _count_of_outputs(model: Any) -> int | None:
    """Return the number of values in a row of all outputs; None if it depends on the data."""
    shapes = model.output_shape if isinstance(model.output_shape, list) else [model.output_shape]
    if any(None in shape[1:] for shape in shapes):
        return None
    return sum(int(math.prod(shape[1:])) for shape in shapes)


def _is_student(family: Family | None, covariance: str) -> bool:
    return family is not None and family.scaled and covariance in ("hessian", "opg", "fisher")


def _inputs(x: Any, given: Any, names: Any) -> Any:
    """Return names of the inputs if the input is a table with columns."""
    return [str(name) for name in given] if given is not None and np.ndim(x) == 2 else names


def _rows(model: Any, function: Any, y: Any, sample_weight: Any) -> Rows:
    shape = model.output_shape
    shapes = shape if isinstance(shape, list) else [shape]
    weights = np.ones(function.rows)
    if sample_weight is not None:
        weights = as_numbers(WHO, "sample_weight", sample_weight).astype(np.float64)
        if weights.shape not in ((function.rows,), (function.rows, 1)):
            raise ValueError(
                f"{WHO}: sample_weight must have shape ({function.rows},), one weight per row; got "
                f"{weights.shape}"
            )
        weights = weights.reshape(-1)
        if (weights < 0).any() or not weights.any():
            raise ValueError(
                f"{WHO}: sample_weight must be >= 0, and not 0 in all rows; got a minimum of "
                f"{weights.min()}"
            )
    if len(shapes) > 1:
        y = np.zeros((function.rows, 1))  # only used if the loss is a likelihood
    outputs = function.outputs()
    row = tuple(outputs.shape[1:]) if None in shapes[0][1:] else tuple(shapes[0][1:])
    if isinstance(y, dict) and len(y) == 1:
        (y,) = y.values()
    targets = as_numbers(WHO, "y", y).astype(np.float64)
    return Rows(targets, outputs, weights, function.losses() * _shares(model, weights), row)


def _shares(model: Any, weights: Array) -> Array:
    """Return the factors by which the rows' losses from ``LossFunction`` are multiplied.

    The weight that ``compile`` gives the only output does not change its likelihood, and a weighted
    mean over a single row does not contain its weight.
    """
    if getattr(model.loss, "reduction", None) != "mean_with_sample_weight":
        weights = np.ones_like(weights)
    made: Array = weights / _loss_weight(model)
    return made


def _loss_weight(model: Any) -> float:
    """Return the weight that ``compile`` gave to the loss of a model's only output."""
    given = model.compile_settings()["loss_weights"]
    if given is None or len(model.output_names) > 1:
        return 1.0
    if isinstance(given, dict):
        given = list(given.values())
    weight = given[0] if isinstance(given, (list, tuple)) else given
    return 1.0 if weight is None else float(weight)


def _pieces(
    function: Any, rows: Rows, family: Family | None, found: Reference, names: list[str],
    groups: Any, singular: str, shares: Array, piecewise_linear: bool,
) -> tuple[Pieces, Curvature]:  # fmt: skip
    kept = found.kept
    both = np.ix_(kept, kept)
    scale = _scale(function, rows, float(shares.mean()))
    penalty = scale * function.penalty_hessian()[both]
    hessian = scale * function.hessian()[both]
    if piecewise_linear:  # what is left is the model's curvature and the kinks that a step crosses
        hessian = np.zeros_like(hessian)
    curvature = Curvature(hessian, names, function.scales()[kept])
    inverse = curvature.pseudo_inverse() if singular == "pinv" else curvature.inverse()
    penalised = bool(np.any(penalty))
    df = float(np.trace(inverse @ (hessian - penalty)) if penalised else curvature.rank)
    if piecewise_linear:
        df = np.nan
    pieces = Pieces(
        family, rows, inverse, hessian, penalty, function.scores()[:, kept] * shares[:, None],
        df, scale, None if groups is None else grouped(WHO, "groups", groups, function.rows)[1],
    )  # fmt: skip
    return pieces, curvature


def _scale(function: Any, rows: Rows, share: float) -> float:
    """Return the ratio of the sum of the rows' losses to their mean or other reduction."""
    total = float(rows.losses.sum())
    of_data: float = function.value() - function.penalty()
    size = float(np.abs(rows.losses).sum())
    if abs(total) > 1e-6 * size and of_data != 0.0:
        return total / of_data
    return float(function.rows * share)


def _inverting(names: list[str], singular: str, scales: Array) -> Any:
    def invert(matrix: Array) -> Array:
        found = Curvature(matrix, names, scales)
        return found.pseudo_inverse() if singular == "pinv" else found.inverse()

    return invert


# --- notes


def _about_targets(family: Family | None, rows: Rows, function: Any) -> list[str]:
    """Refuse targets of one class; return lines about separated classes."""
    if not isinstance(family, (Binomial, Multinomial)):
        return []
    if isinstance(family, Multinomial):
        truth = family.one_hot(rows).reshape(-1, rows.shape[-1])
        chance = family.probabilities(rows)
        seen = truth.sum(axis=0) > 0
        right = bool((truth.argmax(axis=1) == chance.argmax(axis=1)).all())
        missing = np.flatnonzero(~seen)
        alone = int(seen.sum()) == 1
    else:
        truth, chance = rows.y, family.probabilities(rows)
        right = bool(((truth > 0.5) == (chance > 0.5)).all())
        fixed = (truth == truth[0]).all(axis=0)
        missing, alone = np.flatnonzero(fixed), bool(fixed.all())
    crisp = bool(np.isin(truth, (0.0, 1.0)).all())
    if alone and crisp:
        raise ValueError(
            f"{WHO}: y must have at least two classes; got only one, for which no finite weights "
            f"are optimal"
        )
    notes = []
    if missing.size and crisp:
        what = "never occur" if isinstance(family, Multinomial) else "are the same in all rows"
        which = ", ".join(map(str, missing[:5]))
        notes.append(f"Classes or outputs {which} {what}: their weights have no finite optimum.")
    if right and crisp and not missing.size and not np.any(function.penalty_gradient()):
        notes.append(
            "Perfect separation: the model classifies every row correctly, so the likelihood has "
            "no finite maximum, and standard errors mean nothing; a penalty, such as "
            "kernel_regularizer='l2', makes it finite."
        )
    return notes


def _about_columns(x: Any, curvature: Curvature, given: Any) -> list[str]:
    """Return a line about constant columns where the Hessian is singular."""
    if curvature.rank == curvature.size or isinstance(x, (list, tuple, dict)):
        return []
    table = np.asarray(x)
    if table.ndim != 2 or table.dtype.kind not in "biuf":
        return []
    same = np.flatnonzero((table == table[:1]).all(axis=0))
    if not same.size:
        return []
    names = [f"x{i + 1}" if given is None else str(given[i]) for i in same[:5]]
    return [f"Constant columns of x: {', '.join(names)}; the bias already serves as a constant."]


def _warn_of(result: Inference, notes: list[str]) -> None:
    step = result.newton_step
    if np.isfinite(step) and step > FAR:
        notes.append(
            f"The weights are not at the minimum of the loss: a Newton step would move one by "
            f"{step:.3g} standard errors; train further, for instance with optimizer='bfgs'."
        )
    if result.df_residual <= 0 and np.isfinite(result.df) and _estimates_scale(result):
        notes.append(
            f"No residual degrees of freedom: {result.observations} observations and "
            f"{result.df:.6g} effective weights leave nothing from which to estimate the variance; "
            f"use more rows, fewer weights or a penalty, such as kernel_regularizer='l2'."
        )
    if notes:
        _screen.warn(f"{WHO}: " + " ".join(notes))


def _estimates_scale(result: Inference) -> bool:
    family = result._fit.family
    return family is not None and family.scaled

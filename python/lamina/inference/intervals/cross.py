"""CV+ and the jackknife+: every row is held out of one copy of the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from lamina import _check
from lamina._check import Array
from lamina._folds import in_both
from lamina.inference.intervals import ranks
from lamina.inference.intervals.fitted import Fitted
from lamina.inference.intervals.methods import (
    Kept,
    Method,
    Plan,
    Prepared,
    Rows,
    in_pieces,
    shuffled_folds,
    with_complements,
)

FOLDS = 10


class CrossValidationPlus(Method):
    """Quantiles of ``f_i(x) ± R_i``: f_i is the copy fitted without row i, R_i its residual.

    The bounds are the ``floor((n + 1) (1 - level))``-th smallest of the lower ends and the
    ``ceil((n + 1) level)``-th smallest of the upper ends.  Barber, Candès, Ramdas and Tibshirani
    2021, "Predictive inference with the jackknife+".
    """

    name: ClassVar[str] = "cv+"

    def prepare(self, fitted: Fitted, x: Any, y: Array, plan: Plan) -> Prepared:
        """Refit a copy without each fold."""
        folds = self.folds(y, plan)
        fits = fitted.refits(x, y, folds, plan.fit)
        scores, fold_of = np.empty_like(y), np.empty(len(y), np.int64)
        for fold, ((_, held), predicted) in enumerate(zip(folds, fits.held_out, strict=True)):
            scores[held], fold_of[held] = np.abs(y[held] - predicted), fold
        return Prepared({"scores": scores, "fold_of": fold_of}, copies=fits.copies)

    def folds(self, y: Array, plan: Plan) -> list[Rows]:
        """Return the folds, in which each row is held out once."""
        return _folds(plan, y)

    def bounds(
        self, kept: Kept, centre: Array, copies: Callable[[], Array], level: float
    ) -> tuple[Array, Array]:
        """Return the bounds."""
        scores, fold_of = kept.arrays["scores"][:, None], kept.arrays["fold_of"]
        predicted = copies()

        def some(rows: slice) -> tuple[Array, Array]:
            there = predicted[:, rows][fold_of]
            return ranks.lower(there - scores, level), ranks.upper(there + scores, level)

        return in_pieces(some, len(centre), scores.size)


class CrossValidationMinmax(CrossValidationPlus):
    """``min_k f_k(x) - q`` to ``max_k f_k(x) + q``, q the quantile of the held-out residuals.

    Wider than CV+, with a guaranteed level; by the same authors.
    """

    name = "cv-minmax"

    def bounds(
        self,
        kept: Kept,
        centre: Array,  # noqa: ARG002
        copies: Callable[[], Array],
        level: float,
    ) -> tuple[Array, Array]:
        """Return the bounds."""
        predicted, width = copies(), ranks.upper(kept.arrays["scores"], level)
        return predicted.min(axis=0) - width, predicted.max(axis=0) + width


class _LeaveOneOut(CrossValidationPlus):
    def folds(self, y: Array, plan: Plan) -> list[Rows]:
        """Return a fold for each row."""
        if len(y) < 2:
            raise ValueError(f"{plan.who}: method {self.name!r} needs at least 2 rows; got 1")
        return with_complements(list(np.arange(len(y))[:, None]), len(y))


class JackknifePlus(_LeaveOneOut):
    """CV+ with a fold for each row: as many copies as rows."""

    name = "jackknife+"


class JackknifeMinmax(_LeaveOneOut, CrossValidationMinmax):
    """The minmax form with a fold for each row."""

    name = "jackknife-minmax"


def _folds(plan: Plan, y: Array) -> list[Rows]:
    cv, rows = plan.cv, len(y)
    if cv is None or isinstance(cv, (int, np.integer)):
        count = FOLDS if cv is None else _check.integer(plan.who, "cv", cv, 2)
        if rows < count:
            raise ValueError(f"{plan.who}: cv={count} folds need as many rows; got {rows}")
        return shuffled_folds(rows, count, plan.seed)
    given = cv.split(np.zeros((rows, 1)), y[:, 0]) if hasattr(cv, "split") else cv
    try:
        pairs = [(np.asarray(train), np.asarray(held)) for train, held in given]
    except (TypeError, ValueError):
        raise TypeError(
            f"{plan.who}: cv must be a number of folds, a splitter with split(X, y), or pairs of "
            f"arrays of row numbers, for training and held out; got {cv!r:.80}"
        ) from None
    held = np.concatenate([each for _, each in pairs]) if pairs else np.zeros(0, np.int64)
    if not np.array_equal(np.sort(held), np.arange(rows)):
        raise ValueError(
            f"{plan.who}: cv must hold out each of {rows} rows once, as KFold does; its folds hold "
            f"out {len(held)} rows, {len(np.unique(held))} of them different"
        )
    for place, (trained, held) in enumerate(pairs):
        _refuse_trained(plan.who, place, trained, held, rows)
    return pairs


def _refuse_trained(who: str, place: int, trained: Array, held: Array, rows: int) -> None:
    """Raise ValueError where residuals of a fold would be those of rows trained on."""
    fold = f"fold {place} of cv"
    if trained.ndim != 1 or trained.dtype.kind not in "iu" or not trained.size:
        raise ValueError(
            f"{who}: {fold} must train on rows, given by their numbers; got {trained!r:.80}"
        )
    if trained.min() < 0 or trained.max() >= rows:
        raise ValueError(
            f"{who}: {fold} must train on rows from 0 to {rows - 1}; got {trained.min()} to "
            f"{trained.max()}"
        )
    both = in_both(trained, held)
    if len(both):
        raise ValueError(
            f"{who}: {fold} must hold out rows that it does not train on; {len(both)} of "
            f"{len(held)} are trained on too, row {both[0]} the first"
        )

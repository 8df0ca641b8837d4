"""Conformalised quantile regression: trained quantiles, moved until they reach the level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina._check import Array
from lamina.inference.intervals import ranks
from lamina.inference.intervals.fitted import Fitted
from lamina.inference.intervals.methods import Kept, Method, Plan, Prepared


class QuantileRegression(Method):
    """``[low(x) - q, high(x) + q]``, q a quantile of held-out ``max(low(x) - y, y - high(x))``.

    Romano, Patterson and Candès 2019, "Conformalized quantile regression".  The quantiles are those
    of a model that was trained with `losses.Pinball`, or of two copies, one for each end, that are
    trained here on a part of the rows.
    """

    name = "cqr"
    kinds = ("values", "quantiles")

    def needs_unseen(self, kind: str) -> bool:
        """Return True for a model of quantiles; otherwise copies are trained here."""
        return kind == "quantiles"

    def prepare(self, fitted: Fitted, x: Any, y: Array, plan: Plan) -> Prepared:
        """Return the scores of held-out rows."""
        if fitted.kind == "quantiles":
            plan.refuse_fit()
            low, high = ends(fitted.values(x))
            return Prepared({"scores": np.maximum(low - y, y - high)})
        count = len(y)
        held = round(count * plan.share)
        if not 0 < held < count:
            raise ValueError(
                f"{plan.who}: method 'cqr' trains on some rows and holds out others; {count} rows "
                f"with calibration_size={plan.share:g} leave {count - held} and {held}"
            )
        order = np.random.default_rng(plan.seed).permutation(count)
        rows = np.sort(order[held:]), np.sort(order[:held])
        at = ranks.tails(plan.level)
        made = [fitted.refits(x, y, [rows], plan.fit, quantile=q) for q in at]
        low, high = ends(np.stack([fits.held_out[0] for fits in made], axis=-1))
        scores = np.maximum(low - y[rows[1]], y[rows[1]] - high)
        copies = [copy for fits in made for copy in fits.copies]
        return Prepared({"scores": scores}, {"quantiles": list(at)}, copies)

    def bounds(
        self, kept: Kept, centre: Array, copies: Callable[[], Array], level: float
    ) -> tuple[Array, Array]:
        """Return the bounds; if they would cross, both are their middle."""
        low, high = ends(np.moveaxis(copies(), 0, -1) if kept.copies else centre)
        width = ranks.upper(kept.arrays["scores"], level)
        below, above = low - width, high + width
        middle = low + (high - low) / 2.0
        crossed = below > above
        return np.where(crossed, middle, below), np.where(crossed, middle, above)


def ends(quantiles: Array) -> tuple[Array, Array]:
    """Return the smallest and largest along the last axis: trained quantiles may cross."""
    return quantiles.min(axis=-1), quantiles.max(axis=-1)

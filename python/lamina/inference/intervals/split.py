"""Split conformal intervals: the prediction plus and minus a quantile of held-out residuals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina._check import Array
from lamina.inference.intervals import ranks
from lamina.inference.intervals.fitted import Fitted
from lamina.inference.intervals.methods import Kept, Method, Plan, Prepared


class Split(Method):
    """``f(x) ± q``, q the ``ceil((n + 1) level)``-th smallest of n held-out ``|y - f(x)|``.

    Vovk, Gammerman and Shafer 2005; Lei, G'Sell, Rinaldo, Tibshirani and Wasserman 2018,
    "Distribution-free predictive inference for regression".
    """

    name = "split"

    def needs_unseen(self, kind: str) -> bool:  # noqa: ARG002
        """Return True: residuals of training rows are too small."""
        return True

    def prepare(self, fitted: Fitted, x: Any, y: Array, plan: Plan) -> Prepared:
        """Return the absolute residuals."""
        plan.refuse_fit()
        return Prepared({"scores": np.abs(y - fitted.values(x))})

    def bounds(
        self,
        kept: Kept,
        centre: Array,
        copies: Callable[[], Array],  # noqa: ARG002
        level: float,
    ) -> tuple[Array, Array]:
        """Return the bounds."""
        width = ranks.upper(kept.arrays["scores"], level)
        return centre - width, centre + width

"""Likelihood ratio tests of fits of ``multinom``, R's ``anova``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lamina._columns import Columns

if TYPE_CHECKING:
    from lamina.nnet.multinomial.fit import Multinom

WHO = "anova"


def likelihood_ratios(fits: Sequence[Multinom], test: str) -> Columns:
    """Return the table of fits to the same rows, each beside the next smaller one."""
    if test not in ("Chisq", "none"):
        raise ValueError(f"{WHO}: test must be 'Chisq' or 'none'; got {test!r}")
    if len(fits) < 2:
        raise TypeError(f"{WHO}: fits must be two or more; got one: call fit.anova(other)")
    sizes = [fit.fitted_values.size for fit in fits]
    if len(set(sizes)) > 1:
        raise ValueError(
            f"{WHO}: fits must be to the same rows and classes; got {sizes} fitted values"
        )
    fits = sorted(fits, key=lambda fit: fit.edf)
    rows, columns = fits[0].fitted_values.shape
    left = [rows * (columns - 1 or 1) - fit.edf for fit in fits]
    deviances = np.array([fit.deviance for fit in fits])
    gone = np.append(np.nan, -np.diff(left))
    ratios = np.append(np.nan, -np.diff(deviances))
    table = {
        "Model": [fit.formula.partition("~")[2].strip() for fit in fits],
        "Resid. df": left,
        "Resid. Dev": deviances,
        "Test": ["", *(f"{k} vs {k + 1}" for k in range(1, len(fits)))],
        "Df": gone,
        "LR stat.": ratios,
    }
    if test == "Chisq":
        table["Pr(Chi)"] = _tail(ratios, gone)
    return Columns(table, title="Likelihood ratio tests of Multinomial Models")


def _tail(ratios: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Return the probability that a chi-squared number is larger."""
    from scipy.special import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        chdtrc,
    )

    return np.asarray(chdtrc(freedom, ratios))

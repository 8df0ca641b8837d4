"""Likelihood ratio tests of fits of ``multinom``, as R's ``anova``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lamina._columns import Columns

if TYPE_CHECKING:
    from lamina.nnet.multinomial.fit import Multinom

WHO = "anova"


def likelihood_ratios(fits: Sequence[Multinom], test: str) -> Columns:
    """Return the table of fits to the same rows, each compared with the next smaller one."""
    if test not in ("Chisq", "none"):
        raise ValueError(f"{WHO}: test must be 'Chisq' or 'none'; got {test!r}")
    if len(fits) < 2:
        raise TypeError(f"{WHO}: fits must be two or more; got one: call fit.anova(other)")
    for fit in fits[1:]:
        if type(fit) is not type(fits[0]):
            raise TypeError(
                f"{WHO}: fits must be those of multinom; got {_told(fit)}: call "
                f"fit.anova(other) with another fit to the same rows"
            )
    sizes = {(len(fit.weights), len(fit.lab)) for fit in fits}
    if len(sizes) > 1:
        shown = " and ".join(f"{rows} rows of {classes} classes" for rows, classes in sorted(sizes))
        raise ValueError(f"{WHO}: fits must be to the same rows and classes; got {shown}")
    fits = sorted(fits, key=lambda fit: fit.edf)
    rows, classes = sizes.pop()
    left = [rows * (classes - 1) - fit.edf for fit in fits]
    deviances = np.array([fit.deviance for fit in fits])
    gone = np.append(np.nan, np.negative(np.diff(left)) + 0.0)
    ratios = np.append(np.nan, 0.0 - np.diff(deviances))
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


def _told(value: object) -> str:
    """Return a number or string as it is written, of other things the type."""
    plain = isinstance(value, (str, int, float, type(None)))
    return f"{value!r:.80}" if plain else f"a {type(value).__name__}"


def _tail(ratios: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Return the probability that a chi-squared variable is larger."""
    from scipy.special import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        chdtrc,
    )

    return np.asarray(chdtrc(freedom, ratios))

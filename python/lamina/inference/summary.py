"""An ``Inference`` as text, in the layout of R's ``summary(lm)``."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lamina.inference.results import Fit, Inference

SHOWN = 60  # weights; if there are more, the first and the last ones
STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, "."))
LEGEND = "Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1"
WIDTH = 80
SAID = {
    "hessian": "inverse Hessian",
    "sandwich": "sandwich (HC0)",
    "cluster": "sandwich, clustered",
    "opg": "outer product of gradients",
    "fisher": "inverse expected information",
}


def summary(inference: Inference, fit: Fit) -> str:
    """Return the heading, coefficients, statistics of the fit, and notes."""
    lines = [*_heading(inference, fit), "", "Coefficients:", *_coefficients(inference)]
    lines += ["", *_as_a_whole(inference)]
    for note in inference.notes:
        lines += ["", *textwrap.wrap(note, WIDTH)]
    return "\n".join(lines)


def _heading(inference: Inference, fit: Fit) -> list[str]:
    loss = getattr(fit.model.loss, "name", "several losses")
    family = "" if fit.family is None else f" ({fit.family.name})"
    how = SAID.get(fit.kind, f"sandwich ({fit.kind})")
    lines = [
        f"Model:      {fit.model.name}, {len(inference.names)} weights",
        f"Loss:       {loss}{family}",
        f"Covariance: {how}" + (", pseudo-inverse" if fit.singular == "pinv" else ""),
        f"Rows:       {fit.count}",
    ]
    if inference.reference_class is not None:
        lines.append(f"Reference:  class {inference.reference_class}")
    return lines


def _coefficients(inference: Inference) -> list[str]:
    letter = "z" if inference._t_df is None else "t"
    titles = ("", "Estimate", "Std. Error", f"{letter} value", f"Pr(>|{letter}|)", "")
    places = list(range(len(inference.names)))
    cut = len(places) > SHOWN
    if cut:
        places = [*places[: SHOWN // 2], *places[-SHOWN // 2 :]]
    estimates = _column(inference.estimates[places])
    errors = _column(inference.standard_errors[places])
    statistics, p = inference.statistics, inference.p_values
    rows = [
        (inference.names[i], e, s, _fixed(statistics[i]), _p(p[i]), _stars(p[i]))
        for i, e, s in zip(places, estimates, errors, strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    lines = [
        " ".join(
            cell.ljust(width) if place in (0, len(widths) - 1) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (titles, *rows)
    ]
    if cut:
        left = len(inference.names) - SHOWN
        lines.insert(1 + SHOWN // 2, f"... {left} more; see table ...")
    return [*lines, "---", LEGEND]


def _as_a_whole(inference: Inference) -> list[str]:
    lines = []
    if math.isfinite(inference.sigma):
        lines.append(
            f"Residual standard error: {inference.sigma:.4g} on {inference.df_residual:.6g} "
            f"degrees of freedom"
        )
    if not math.isnan(inference.log_likelihood):
        lines.append(
            f"Log likelihood: {inference.log_likelihood:.6g}  Degrees of freedom: "
            f"{inference.df:.4g}  tr(H^-1 G): {inference.effective_df:.4g}"
        )
        lines.append(
            f"AIC: {inference.aic:.6g}  BIC: {inference.bic:.6g}  GCV: {inference.gcv:.5g}"
        )
    else:
        lines.append(f"Degrees of freedom: {inference.df:.4g}")
    return lines


def _column(values: Any) -> list[str]:
    """Return numbers with the decimals that the smallest needs for four digits, as in R."""
    finite = np.abs(values[np.isfinite(values) & (values != 0)])
    if not finite.size:
        return [_fixed(v) for v in values]
    least, most = float(finite.min()), float(finite.max())
    places = 3 - math.floor(math.log10(least))
    if most >= 1e7 or places > 8:
        return ["NA" if math.isnan(v) else f"{v:.4g}" for v in values]
    return ["NA" if math.isnan(v) else f"{v:.{max(places, 0)}f}" for v in values]


def _fixed(value: float) -> str:
    if math.isnan(value):
        return "NA"
    return f"{value:.3f}" if abs(value) < 1e6 else f"{value:.3g}"


def _p(value: float) -> str:
    if math.isnan(value):
        return "NA"
    if value < 2e-16:
        return "<2e-16"
    return f"{value:.5f}" if value >= 1e-4 else f"{value:.2e}"


def _stars(value: float) -> str:
    return next((stars for limit, stars in STARS if value < limit), "")

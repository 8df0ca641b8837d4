"""Fits of ``multinom`` as R prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina.nnet import r_matrices
from lamina.nnet.r_numbers import formatted, named_vector, number

if TYPE_CHECKING:
    from lamina.nnet.multinomial.fit import Multinom


def printed(fit: Multinom) -> str:
    """Return the output of R's ``print`` for a fit."""
    if fit.coefficients.ndim == 1:
        coefficients = named_vector(fit.coefnames, formatted(fit.coefficients))
    else:
        coefficients = r_matrices.matrix(fit.coefficients, fit.lab[1:], fit.coefnames)
    return "\n".join([*_head(fit), *coefficients, *_foot(fit)])


def _head(fit: Multinom) -> list[str]:
    return ["Call:", fit.call, "", "Coefficients:"]


def _foot(fit: Multinom) -> list[str]:
    return ["", f"Residual Deviance: {number(fit.deviance)} ", f"AIC: {number(fit.AIC)} "]


class Summary:
    """The summary of a ``multinom`` fit; it prints as in R.

    Attributes
    ----------
    coefficients, standard_errors : ndarray
    Wald_ratios : ndarray or None
        Coefficients divided by their standard errors.
    correlation : ndarray or None
        The correlation of the coefficients, class by class.
    deviance, AIC : float
    fit : Multinom
    """

    def __init__(
        self, fit: Multinom, correlation: bool = False, digits: int = 7, Wald_ratios: bool = False
    ) -> None:
        self.fit, self.digits = fit, digits
        self.coefficients, self.standard_errors = fit.coefficients, fit.standard_errors
        with np.errstate(all="ignore"):
            ratios = self.coefficients / self.standard_errors
        self.Wald_ratios = ratios if Wald_ratios else None
        errors = self.standard_errors.ravel()
        self.correlation = fit.vcov() / np.outer(errors, errors) if correlation else None
        self.deviance, self.AIC = fit.deviance, fit.AIC

    def __repr__(self) -> str:
        """Return what R prints."""
        lines = [*_head(self.fit), *self._coefficients(), *_foot(self.fit)]
        if self.correlation is not None and len(self.correlation) > 1:
            lines += ["", "Correlation of Coefficients:", *self._correlation()]
        return "\n".join(lines)

    def _coefficients(self) -> list[str]:
        parts = [self.coefficients, self.standard_errors]
        titles = ["Values", "Std. Err."]
        if self.Wald_ratios is not None:
            parts, titles = [*parts, self.Wald_ratios], [*titles, "Value/SE"]
        names = self.fit.coefnames
        if self.coefficients.ndim == 1:
            return r_matrices.matrix(np.column_stack(parts), names, titles, self.digits)
        lines: list[str] = []
        heads = ["", "Std. Errors:", "Value/SE (Wald statistics):"]
        for head, part in zip(heads, parts, strict=False):
            lines += ["", head] if head else []
            lines += r_matrices.matrix(part, self.fit.lab[1:], names, self.digits)
        return lines

    def _correlation(self) -> list[str]:
        assert self.correlation is not None
        size, names = len(self.correlation), self.fit.names
        below = [(i, k) for k in range(size) for i in range(k + 1, size)]
        texts = formatted([round(self.correlation[i, k], self.digits) + 0.0 for i, k in below])
        if size == 2:  # R prints a matrix of one number without its names
            return [f"[1] {texts[0]}"]
        at = dict(zip(below, texts, strict=True))
        cells = [[at.get((i, k), "") for i in range(1, size)] for k in range(size - 1)]
        return r_matrices.of_texts(cells, names[1:], names[:-1], left=True)

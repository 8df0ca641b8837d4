"""Fits as R prints them: ``print.nnet`` and ``summary.nnet``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina.nnet.r_numbers import formatted, named_vector, number, rounded

if TYPE_CHECKING:
    from lamina.nnet.fitted import NNet


def fit_lines(fit: NNet) -> list[str]:
    """Return the lines of a printed fit."""
    lines = [_network(fit)]
    if fit.formula is not None:
        lines += [f"inputs: {' '.join(fit.coefnames or [])} ", f"output(s): {fit.response} "]
    return [*lines, _options(fit)]


def summary_lines(fit: NNet) -> list[str]:
    """Return the lines of a printed summary: the weights, unit by unit."""
    lines = [_network(fit), _options(fit)]
    texts = formatted(rounded(fit.wts, 2) + 0.0)
    names = list(fit.coef())
    for first, last in zip(fit.nconn[:-1], fit.nconn[1:], strict=True):
        if last > first:
            lines += named_vector(names[first:last], texts[first:last])
    return lines


def _network(fit: NNet) -> str:
    inputs, hidden, outputs = fit.n
    return f"a {inputs}-{hidden}-{outputs} network with {len(fit.wts)} weights"


def _options(fit: NNet) -> str:
    text = "options were -"
    if fit.skip:
        text += " skip-layer connections "
    if fit.linout and not fit.softmax:
        text += " linear output units "
    if fit.entropy:
        text += " entropy fitting "
    if fit.softmax:
        text += " softmax modelling "
    decay = float(np.ravel(fit.decay)[0])
    if decay > 0:
        text += f" decay={number(decay)}"
    return text


class Coefficients(dict[str, float]):
    """Weights by name: a dict that prints as R prints a vector with names."""

    def __repr__(self) -> str:
        """Return what R prints."""
        return "\n".join(named_vector(list(self), formatted(list(self.values()))))


class Summary:
    """The summary of a fit; it prints the weights of each unit, as in R.

    Attributes
    ----------
    fit : NNet
    """

    def __init__(self, fit: NNet) -> None:
        self.fit = fit

    def __repr__(self) -> str:
        """Return what R prints."""
        return "\n".join(summary_lines(self.fit))

"""Arguments of nnet: their combined meaning, and which are refused, as in R."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._arrays import as_numbers
from lamina._check import integer
from lamina.nnet.data import WHO, Given, from_arrays, from_formula
from lamina.nnet.networks import Network
from lamina.nnet.structure import Structure

Array = NDArray[np.float64]


def given_of(
    x: Any, y: Any, formula: Any, data: Any, weights: Any, subset: Any, na_action: Any,
    contrasts: Any,
) -> Given:  # fmt: skip
    """Return the data of a call."""
    if isinstance(x, str):
        formula, data, x, y = x, y if data is None else data, None, None
    if formula is not None or data is not None:
        if formula is None or data is None or x is not None or y is not None:
            raise TypeError(f"{WHO}: a formula needs data, a table, and neither x nor y")
        return from_formula(formula, data, weights, subset, na_action, contrasts)
    if x is None or y is None:
        raise TypeError(f"{WHO}: needs x and y, or a formula and data")
    if subset is not None or contrasts is not None:
        raise TypeError(f"{WHO}: subset and contrasts need a formula; choose rows of x and y")
    return from_arrays(x, y, weights)


def network_of(
    given: Given, size: Any, linout: bool, entropy: bool, softmax: bool, censored: bool,
    skip: bool, decay: Any, most: Any,
) -> Network:  # fmt: skip
    """Return the network that a call asks for."""
    if size is None:
        raise TypeError(f"{WHO}: needs size, the number of hidden units")
    if given.of_levels == 2:
        entropy = True
    elif given.of_levels:
        softmax = True
    if linout and entropy:
        raise ValueError(
            f"{WHO}: entropy fit only for logistic units; got linout=True: leave out one of them"
        )
    if softmax or censored:
        linout, entropy, softmax = True, False, True
    inputs, outputs = given.x.shape[1], given.y.shape[1]
    structure = Structure(inputs, integer(WHO, "size", size, low=0), outputs, skip)
    if structure.weights == 0:
        raise ValueError(f"{WHO}: no weights to fit; size=0 needs skip=True")
    most = integer(WHO, "MaxNWts", most)
    if structure.weights > most:
        raise ValueError(
            f"{WHO}: too many ({structure.weights}) weights; MaxNWts allows {most}: raise it, or "
            f"use a smaller size"
        )
    if softmax and outputs < 2:
        raise ValueError(
            f"{WHO}: 'softmax = TRUE' requires at least two response categories; got {outputs}: "
            f"give a column for each class; with a single class there is nothing to learn"
        )
    if entropy and not ((given.y >= 0) & (given.y <= 1)).all():
        raise ValueError(f"{WHO}: entropy needs a response in [0, 1]; got {_outside(given.y)}")
    if softmax and (given.y < 0).any():
        raise ValueError(
            f"{WHO}: softmax needs counts or shares of classes, >= 0; got {given.y.min():g}"
        )
    if not given.of_levels and not softmax:
        given.levels = ["0", "1"] if entropy else None
    factors = _decay(decay, structure.weights)
    return Network(structure, linout, entropy, softmax, censored, factors)


def _outside(y: Array) -> float:
    return float(y[(y < 0) | (y > 1)][0])


def _decay(decay: Any, weights: int) -> Any:
    if decay is None or isinstance(decay, str):
        raise TypeError(
            f"{WHO}: decay must be a number, or one for each of {weights} weights; got {decay!r}"
        )
    factors = as_numbers(WHO, "decay", decay).astype(np.float64)
    if not np.isfinite(factors).all() or (factors < 0).any():
        wrong = factors[~np.isfinite(factors) | (factors < 0)]
        raise ValueError(f"{WHO}: decay must be >= 0; got {wrong.ravel()[0]}")
    if factors.size == 1:
        return float(factors.ravel()[0])
    if factors.shape != (weights,):
        raise ValueError(
            f"{WHO}: decay must be one number, or one for each of {weights} weights; got shape "
            f"{factors.shape}"
        )
    return factors


def masked(mask: Any, weights: int) -> Any:
    """Return which weights are fitted, None for all."""
    if mask is None:
        return None
    chosen = np.asarray(as_numbers(WHO, "mask", mask))
    if chosen.shape != (weights,):
        raise ValueError(
            f"{WHO}: incorrect length of 'mask': needs a truth value for each of {weights} "
            f"weights; got shape {chosen.shape}"
        )
    if np.isnan(chosen.astype(np.float64)).any():
        raise ValueError(f"{WHO}: mask must hold truth values; got NaN")
    return chosen != 0

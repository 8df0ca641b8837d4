"""The rows that a fit holds out for validation."""

from __future__ import annotations

import math

import numpy as np

from lamina import _check
from lamina._check import Array
from lamina.random import SPLIT, Stream, mix


def held_out(
    rows: int,
    fraction: float,
    classes: Array | None,
    stratify: object,
    time_ordered: bool,
    seed: int,
) -> tuple[Array, Array]:
    """Return the training rows and the rows held out, each in ascending order.

    Parameters
    ----------
    rows : int
    fraction : float
        In (0, 1): share of the rows to hold out, rounded up.
    classes : ndarray of int64 or None
        One class per row, if the loss has classes.
    stratify : {"auto", True, False} or array_like
        "auto" and True preserve the shares of the classes; False draws from all rows equally; an
        array of labels, one per row, is used in place of ``classes``.
    time_ordered : bool
        Hold out the last rows instead of random ones.
    seed : int
        The same seed, rows and classes give the same split, so that fitting again does not leak.
    """
    held = rows - math.floor(rows * (1.0 - fraction) + 1e-9)
    if not 0 < held < rows:
        raise ValueError(
            f"fit: validation_split {fraction:g} of {rows} rows must leave rows on both sides"
        )
    if time_ordered:
        if stratify is not False and not (isinstance(stratify, str) and stratify == "auto"):
            raise ValueError("fit: give stratify or time_ordered=True, not both")
        everything = np.arange(rows, dtype=np.int64)
        return everything[: rows - held], everything[rows - held :]
    groups = _groups(rows, classes, stratify)
    order = Stream(mix(seed, SPLIT)).permutation(rows)
    chosen = np.zeros(rows, dtype=bool)
    if groups is None:
        chosen[order[:held]] = True
    else:
        shuffled = groups[order]
        for group, take in enumerate(_shares(np.bincount(groups), held)):
            chosen[order[np.flatnonzero(shuffled == group)[:take]]] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def _groups(rows: int, classes: Array | None, stratify: object) -> Array | None:
    if stratify is False:
        return None
    if isinstance(stratify, str) and stratify == "auto":
        given = classes
    elif stratify is True:
        if classes is None:
            raise ValueError("fit: stratify=True needs a loss with one class per row")
        given = classes
    elif isinstance(stratify, str) or stratify is None:
        raise ValueError(f"fit: stratify must be 'auto', True, False or labels; got {stratify!r}")
    else:
        given = np.asarray(stratify)
        if given.shape != (rows,):
            raise ValueError(
                f"fit: stratify must hold one label per row, shape ({rows},); got {given.shape}"
            )
    if given is None:
        return None
    try:
        return np.unique(given, return_inverse=True)[1].reshape(-1)
    except TypeError:  # objects of several types have no order
        kinds = ", ".join(sorted({type(label).__name__ for label in given}))
        raise TypeError(f"fit: stratify must hold labels of one type; got {kinds}") from None


def _shares(sizes: Array, held: int) -> Array:
    # Largest remainder method: the shares sum to `held` and none exceeds its group.
    exact = sizes * (held / sizes.sum())
    shares = np.floor(exact + 1e-9).astype(np.int64)
    rest = np.argsort(-(exact - shares), kind="stable")
    shares[rest[: held - int(shares.sum())]] += 1
    return np.asarray(shares)


def check_fraction(value: object) -> float:
    """Return ``validation_split``, in [0, 1)."""
    return _check.number("fit", "validation_split", value, 0.0, 1.0, high_open=True)

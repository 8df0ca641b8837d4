"""Detection of columns that separate classes without error, so that no coefficients are optimal."""

from __future__ import annotations

import numpy as np

from lamina import _screen
from lamina.nnet.formulas.variables import Array
from lamina.nnet.multinomial.rows import Rows, independent

NEAR = 1e-3  # probabilities nearer than this to 0, 1 and their share may be at their limit
SHOWN = 3  # columns in the warning


def warn_of_separation(rows: Rows, fitted: Array) -> None:
    """Warn about classes whose coefficients are determined only by rows fitted without error.

    This holds for all classes if each row's own class is the likeliest: larger multiples of the
    coefficients are then always better, wherever the search has stopped.  Otherwise consider the
    rows whose probability is not near 0 or 1, or not near their share of the class: on these rows
    the columns must have the same rank as on all rows.  If they do not, some combination of
    coefficients only moves probabilities that are already right further towards 0 or 1.
    """
    used = rows.weights > 0
    if fitted.shape[1] == 1:
        fitted = np.column_stack([1.0 - fitted, fitted])
    off = (np.abs(rows.y - fitted) >= NEAR) | (np.minimum(fitted, 1.0 - fitted) >= NEAR)
    if rows.offset is None and _all_likeliest(rows.y[used], fitted[used]):
        off[:] = False
    if off[used].all():
        return
    x = rows.x[used]
    every = independent(x)
    apart, by = [], set[int]()
    for label, each in zip(rows.labels, off[used].T, strict=True):
        lost = set(every) - set(independent(x[each])) if not each.all() else set()
        if lost:
            apart.append(repr(label))
            by |= lost
    if apart:
        names = [rows.coefnames[i] for i in sorted(by)]
        more = ", ..." if len(names) > SHOWN else ""
        _screen.warn(
            f"multinom: rows of {', '.join(apart)} are separated from those of other classes "
            f"without error, by {', '.join(names[:SHOWN])}{more}; their coefficients then grow "
            f"without bound, and the standard errors mean nothing: use fewer columns or a decay, "
            f"such as decay=0.01, to make them finite"
        )


def _all_likeliest(y: Array, fitted: Array) -> bool:
    """Return whether each row has a single class, and that class is the likeliest."""
    own = y == 1.0
    others = np.where(own, -np.inf, fitted).max(axis=1)
    return bool((own.sum(axis=1) == 1).all() and (fitted[own] > others).all())

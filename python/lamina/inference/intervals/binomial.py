"""Exact confidence limits of a rate: Clopper and Pearson's."""

from __future__ import annotations

from lamina import _check
from lamina._calls import answering_calls
from lamina.inference._distributions import incomplete_beta


@answering_calls
def clopper_pearson(hits: int, rows: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact confidence limits of a rate.

    Parameters
    ----------
    hits : int
        The number of rows that are counted.
    rows : int
        The number of rows.
    confidence : float, default 0.95
        The confidence of the interval, in (0, 1).

    Returns
    -------
    low, high : float
        The interval covers the true rate with at least that probability.

    Raises
    ------
    ValueError
        If ``hits`` exceeds ``rows``, or ``confidence`` is not in (0, 1).

    Notes
    -----
    With ``a = (1 - confidence) / 2`` the limits are the ``a`` quantile of the Beta(hits, rows -
    hits + 1) distribution and the ``1 - a`` quantile of Beta(hits + 1, rows - hits); they are 0
    and 1 if no row, or every row, is a hit.  C. J. Clopper and E. S. Pearson, Biometrika 26 (1934)
    404-413.

    Examples
    --------
    >>> [round(limit, 4) for limit in clopper_pearson(9, 10)]
    [0.555, 0.9975]
    """
    who = "clopper_pearson"
    seen, of = _check.integer(who, "hits", hits, 0), _check.integer(who, "rows", rows)
    if seen > of:
        raise ValueError(f"{who}: hits must be at most rows, {of}; got {seen}")
    _check.number(who, "confidence", confidence, 0.0, 1.0, low_open=True, high_open=True)
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if hits == 0 else _beta_quantile(tail, hits, rows - hits + 1)
    high = 1.0 if hits == rows else _beta_quantile(1.0 - tail, hits + 1, rows - hits)
    return low, high


def _beta_quantile(share: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        enough = incomplete_beta(a, b, middle) >= share
        low, high = (low, middle) if enough else (middle, high)
    return (low + high) / 2.0

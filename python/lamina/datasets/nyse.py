"""NYSE: 6,051 days of trading on the New York Stock Exchange, 1962 to 1986 (James et al.)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._check import boolean, integer
from lamina.datasets.table import Split, numbers, read_csv

_SERIES = ("DJ_return", "log_volume", "log_volatility")


@dataclass(frozen=True, repr=False)
class Series:
    """The trading days in order.

    Attributes
    ----------
    x : ndarray of shape (6051, 3), float64
        Log-return of the Dow Jones index; log of the volume relative to its past 100 days; log
        of the volatility.
    feature_names : tuple of str
        ``DJ_return``, ``log_volume``, ``log_volatility``.
    date : ndarray of shape (6051,), datetime64[D]
        Day.
    day_of_week : ndarray of shape (6051,), str
        ``mon``, ``tues``, ``wed``, ``thur`` or ``fri``.
    train : ndarray of shape (6051,), bool
        Whether the day lies before 1980, the training period.
    """

    x: NDArray[np.float64]
    feature_names: tuple[str, ...]
    date: NDArray[np.datetime64]
    day_of_week: NDArray[np.str_]
    train: NDArray[np.bool_]

    def __repr__(self) -> str:
        """Return the names, the number of days and the first and the last."""
        days = f"{len(self.date):,} days from {self.date[0]} to {self.date[-1]}"
        return f"<Series of {days}: {', '.join(self.feature_names)}>"


@answering_calls
def load() -> Series:
    """Return the whole series.

    Examples
    --------
    >>> from lamina.datasets import nyse
    >>> nyse.load().x.shape
    (6051, 3)
    """
    columns = read_csv("nyse.csv.xz")
    return Series(
        x=np.column_stack([numbers(columns[name]) for name in _SERIES]),
        feature_names=_SERIES,
        date=np.array(columns["date"], dtype="datetime64[D]"),
        day_of_week=np.array(columns["day_of_week"]),
        train=np.array([field == "TRUE" for field in columns["train"]]),
    )


@answering_calls
def load_data(lags: int = 5, standardize: bool = True) -> Split:
    """Return windows of past days and the log-volume of the day that follows.

    Row t of `x` holds days t - lags to t - 1, oldest first; `y` is the log-volume of day t.

    Parameters
    ----------
    lags : int, default 5
        The number of days in a window.
    standardize : bool, default True
        Scale each series to mean 0 and standard deviation 1 over the training days.  (The book
        uses all days; the R2 of a linear autoregression is the same.)

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        float64; with 5 lags of shapes (4276, 5, 3), (4276,), (1770, 5, 3), (1770,).

    Raises
    ------
    ValueError
        If `lags` is below 1 or leaves no training day.

    Examples
    --------
    >>> from lamina.datasets import nyse
    >>> (x_train, y_train), (x_test, y_test) = nyse.load_data()
    >>> x_train.shape, x_test.shape
    ((4276, 5, 3), (1770, 5, 3))
    """
    lags = integer("nyse.load_data", "lags", lags, 1)
    standardize = boolean("nyse.load_data", "standardize", standardize)
    series = load()
    days = int(series.train.sum())
    if lags >= days:
        raise ValueError(f"nyse.load_data: lags must be below the {days} training days; got {lags}")
    values = series.x
    if standardize:
        past = values[series.train]
        values = (values - past.mean(axis=0)) / past.std(axis=0)
    windows = sliding_window_view(values[:-1], lags, axis=0).transpose(0, 2, 1)
    x, y = np.ascontiguousarray(windows), values[lags:, _SERIES.index("log_volume")].copy()
    train = series.train[lags:]
    return (x[train], y[train]), (x[~train], y[~train])


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

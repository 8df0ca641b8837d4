"""Hitters: salaries of 322 baseball players in 1987, 19 predictors (James et al.)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina._check import boolean
from lamina.datasets.table import Split, Table, numbers, read_csv, split, split_rows

# R's treatment coding: the first level in alphabetical order is 0, the other, named here, is 1.
_SECOND_LEVEL = {"League": "N", "Division": "W", "NewLeague": "N"}


@answering_calls
def load(drop_missing: bool = True) -> Table:
    """Return the model matrix: 16 numbers and 3 factors coded as 0 and 1.

    Parameters
    ----------
    drop_missing : bool, default True
        Leave out the 59 players whose ``Salary`` is unknown; otherwise it is NaN.

    Returns
    -------
    Table
        With `x` of shape (263, 19), or (322, 19); the factors' columns are called ``LeagueN``,
        ``DivisionW`` and ``NewLeagueN`` as by R's ``model.matrix``.  `y` is the salary in
        1000 dollars.

    Examples
    --------
    >>> from lamina.datasets import hitters
    >>> hitters.load().x.shape, hitters.load(drop_missing=False).x.shape
    ((263, 19), (322, 19))
    """
    drop_missing = boolean("hitters.load", "drop_missing", drop_missing)
    columns = read_csv("hitters.csv.xz")
    y = numbers(columns.pop("Salary"))
    names, values = [], []
    for name, column in columns.items():
        level = _SECOND_LEVEL.get(name)
        names.append(name + (level or ""))
        values.append(
            numbers(column) if level is None else np.array([float(f == level) for f in column])
        )
    x = np.column_stack(values)
    if drop_missing:
        x, y = x[~np.isnan(y)], y[~np.isnan(y)]
    return Table(x, y, tuple(names), "Salary")


@answering_calls
def load_data() -> Split:
    """Return the split of James et al., chapter 10: 176 training and 87 test rows.

    The test rows are those that R draws with ``set.seed(13); sample(1:263, 87)``.  On them least
    squares has a mean absolute error of 254.67 (table 10.2).

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        float64, of shapes (176, 19), (176,), (87, 19), (87,).

    Examples
    --------
    >>> from lamina.datasets import hitters
    >>> (x_train, y_train), (x_test, y_test) = hitters.load_data()
    >>> x_train.shape, x_test.shape
    ((176, 19), (87, 19))
    """
    table = load()
    test = split_rows("hitters_split.json", "test", len(table.y))
    train = np.setdiff1d(np.arange(len(table.y)), test)
    return split(table.x, table.y, train, test)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

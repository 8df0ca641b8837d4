"""Boston house prices: 506 suburbs, 13 predictors (Harrison and Rubinfeld 1978)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.datasets.table import Split, Table, numbers, read_csv, split, split_rows


@answering_calls
def load() -> Table:
    """Return all 506 rows.

    The outcome ``medv`` is the median price of owner-occupied homes in 1000 dollars.

    Returns
    -------
    Table
        With `x` of shape (506, 13).

    Examples
    --------
    >>> from lamina.datasets import boston
    >>> boston.load().feature_names[:3]
    ('crim', 'zn', 'indus')
    """
    columns = read_csv("boston.csv.xz")
    y = numbers(columns.pop("medv"))
    x = np.column_stack([numbers(c) for c in columns.values()])
    return Table(x, y, tuple(columns), "medv")


@answering_calls
def load_data() -> Split:
    """Return a split into 404 training and 102 test rows.

    It is the one that R draws with ``set.seed(123); sort(sample(1:506, 404))``.  Predictors are
    not scaled: put a `Normalization` layer, adapted to the training rows, in front of the model.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        float64, of shapes (404, 13), (404,), (102, 13), (102,).

    Examples
    --------
    >>> from lamina.datasets import boston
    >>> (x_train, y_train), (x_test, y_test) = boston.load_data()
    >>> x_train.shape, x_test.shape
    ((404, 13), (102, 13))
    """
    table = load()
    train = split_rows("boston_split.json", "train", len(table.y))
    test = np.setdiff1d(np.arange(len(table.y)), train)
    return split(table.x, table.y, train, test)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

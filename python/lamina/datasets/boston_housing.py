"""Boston house prices by Keras's name: the rows of ``lamina.datasets.boston`` in another split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina import _check
from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.datasets.boston import load
from lamina.datasets.table import Split, split
from lamina.random import Stream


@answering_calls
def load_data(path: str | None = None, test_split: float = 0.2, seed: int = 113) -> Split:  # noqa: ARG001
    """Return rows drawn at random, 404 for training and 102 for tests by default.

    Parameters
    ----------
    path : ignored
        The data are in the package.
    test_split : float, default 0.2
        Share of the rows that are for tests.
    seed : int, default 113
        Of the draw; Keras's own order is another.

    Examples
    --------
    >>> from lamina.datasets import boston_housing
    >>> (x_train, y_train), (x_test, y_test) = boston_housing.load_data()
    >>> x_train.shape, y_test.shape
    ((404, 13), (102,))
    """
    share = _check.number("boston_housing.load_data", "test_split", test_split, 0.0, 1.0)
    table = load()
    order = Stream(_check.integer("boston_housing.load_data", "seed", seed, 0), 0).permutation(
        len(table.y)
    )
    trained = int(len(order) * (1 - share))
    return split(table.x, table.y, np.asarray(order[:trained]), np.asarray(order[trained:]))


def __dir__() -> list[str]:
    return ["load_data"]


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

"""Boston house prices under Keras's name: the rows of ``lamina.datasets.boston`` in its split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.datasets.boston import load
from lamina.datasets.table import Split, drawn


@answering_calls
def load_data(
    path: str | None = None,  # noqa: ARG001
    test_split: float = 0.2,
    seed: int = 113,
) -> Split:
    """Return rows in Keras's order, 404 for training and 102 for tests by default.

    Parameters
    ----------
    path : ignored
        The data are in the package.
    test_split : float, default 0.2
        The share of test rows.
    seed : int, default 113
        The seed of the order.

    Examples
    --------
    >>> from lamina.datasets import boston_housing
    >>> (x_train, y_train), (x_test, y_test) = boston_housing.load_data()
    >>> x_train.shape, y_test.shape, float(y_train[0])
    ((404, 13), (102,), 15.2)
    """
    table = load()
    return drawn("boston_housing.load_data", table.x, table.y, test_split, seed)


def __dir__() -> list[str]:
    return ["load_data"]


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

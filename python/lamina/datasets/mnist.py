"""MNIST: handwritten digits, 28 x 28 pixels; 5,000 to train and all 10,000 to test."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lamina._answers import answering
from lamina._calls import answering_calls
from lamina.datasets.idx import read_idx
from lamina.datasets.table import Split


@answering_calls
def load_data() -> Split:
    """Return 5,000 of the training digits, 500 of each, and the 10,000 test digits.

    The training digits are in turn a 0, a 1, ... a 9, and so on; the test digits in MNIST's order.
    The full training set of 60,000 may be read from its IDX files with `read_idx`.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        uint8; images of shape (5000, 28, 28) and (10000, 28, 28) with ink from 0 to 255, labels
        of shape (5000,) and (10000,) from 0 to 9.

    Examples
    --------
    >>> from lamina.datasets import mnist
    >>> (x_train, y_train), (x_test, y_test) = mnist.load_data()
    >>> x_train.shape, y_test.shape
    ((5000, 28, 28), (10000,))
    """
    x, y = _read("train5k-images-idx3-ubyte.xz"), _read("train5k-labels-idx1-ubyte.gz")
    # The file has all zeros, then all ones (smaller so): any part of what is returned is balanced.
    in_turn = np.arange(len(y)).reshape(10, -1).T.ravel()
    return (
        (x[in_turn], y[in_turn]),
        (_read("t10k-images-idx3-ubyte.xz"), _read("t10k-labels-idx1-ubyte.gz")),
    )


def _read(name: str) -> NDArray[Any]:
    file = resources.files("lamina.datasets") / "data" / "mnist" / name
    with resources.as_file(file) as path:
        return read_idx(path)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

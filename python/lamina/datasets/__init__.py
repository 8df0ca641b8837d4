"""Data sets: four in the package, and those of Keras if their files are available.

Each module has ``load_data()``, which returns ``((x_train, y_train), (x_test, y_test))`` as in
Keras; the tables also have ``load()``, which returns a `Table` with column names.  Sources and
licences are in ``data/README.md`` beside this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.datasets import (
    boston,
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    hitters,
    imdb,
    mnist,
    nyse,
    reuters,
)
from lamina.datasets.idx import read_idx
from lamina.datasets.table import Table

__all__ = [
    "Table",
    "boston",
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "hitters",
    "imdb",
    "mnist",
    "nyse",
    "read_idx",
    "reuters",
]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

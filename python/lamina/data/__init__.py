"""Data that are not arrays in memory: sources of batches, read ahead.

This package does not depend on models: ``fit``, ``evaluate`` and ``predict`` call
``sources.source_of``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering

if TYPE_CHECKING:
    from lamina.data.dataset import Dataset
    from lamina.data.nested import AUTOTUNE
    from lamina.data.py_dataset import PyDataset
    from lamina.data.tables import TableBatches, from_arrow, from_parquet

__all__ = ["AUTOTUNE", "Dataset", "PyDataset", "TableBatches", "from_arrow", "from_parquet"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    _LAZY = {
        "dataset": "Dataset",
        "nested": "AUTOTUNE",
        "py_dataset": "PyDataset",
        "tables": "TableBatches from_arrow from_parquet",
    }
    __getattr__ = answering(
        __name__,
        {
            name: f"{__name__}.{file}:{name}"
            for file, names in _LAZY.items()
            for name in names.split()
        },
    )

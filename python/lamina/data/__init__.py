"""Data that are not arrays in memory: sources of batches, read ahead.

It knows nothing of models: ``fit``, ``evaluate`` and ``predict`` ask ``sources.source_of``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.data.dataset import AUTOTUNE, Dataset
from lamina.data.py_dataset import PyDataset

if TYPE_CHECKING:
    from lamina.data.tables import TableBatches, from_arrow, from_parquet

__all__ = ["AUTOTUNE", "Dataset", "PyDataset", "TableBatches", "from_arrow", "from_parquet"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    _TABLES = ("TableBatches", "from_arrow", "from_parquet")
    __getattr__ = answering(__name__, {name: f"lamina.data.tables:{name}" for name in _TABLES})

"""Data that are not arrays in memory: sources of batches, read ahead.

It knows nothing of models: ``fit``, ``evaluate`` and ``predict`` ask ``sources.source_of``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.data.dataset import AUTOTUNE, Dataset
from lamina.data.py_dataset import PyDataset

__all__ = ["AUTOTUNE", "Dataset", "PyDataset"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

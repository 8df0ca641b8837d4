"""Tables with columns of every kind, and with gaps, as inputs of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.tables.columns import Column
from lamina.tables.model import TableModel
from lamina.tables.preprocessing import Table, preprocess

__all__ = ["Column", "Table", "TableModel", "preprocess"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

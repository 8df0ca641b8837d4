"""Texts of unequal length as one array: see ``lamina.utils.pad_sequences``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.utils.sequences import pad_sequences

__all__ = ["pad_sequences"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

"""Choosing among models: cross-validation, searches over settings, errors over size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.model_selection.complexity import ComplexityPath, complexity_path

__all__ = ["ComplexityPath", "complexity_path"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

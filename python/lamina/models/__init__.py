"""Models: layers put together, trained and used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.models.errors import NotCompiledError, TrainingAdvice, TrainingDiverged
from lamina.models.functional import Functional
from lamina.models.model import Model
from lamina.models.sequential import Sequential

__all__ = ["Functional", "Model", "NotCompiledError", "Sequential", "TrainingAdvice",
           "TrainingDiverged"]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

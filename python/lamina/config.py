"""Keras's ``config``: what programs ask of settings that are the same for all models here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.backend import backend, epsilon, floatx, image_data_format
from lamina.utils.interactive import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)

__all__ = [
    "backend", "disable_interactive_logging", "disable_traceback_filtering",
    "enable_interactive_logging", "enable_traceback_filtering", "epsilon", "floatx",
    "image_data_format", "is_interactive_logging_enabled", "is_traceback_filtering_enabled",
]  # fmt: skip


def disable_traceback_filtering() -> None:
    """Do nothing: tracebacks are never filtered."""


def enable_traceback_filtering() -> None:
    """Do nothing: tracebacks are never filtered."""


def is_traceback_filtering_enabled() -> bool:
    """Return False: tracebacks are never filtered."""
    return False


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

"""Keras's ``preprocessing``, for programs that import from it: see ``lamina.utils``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.data.series import timeseries_dataset_from_array
from lamina.preprocessing import sequence

__all__ = ["sequence", "timeseries_dataset_from_array"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

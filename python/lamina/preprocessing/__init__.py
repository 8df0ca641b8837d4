"""Keras's ``preprocessing``, for programs that import it: see ``lamina.utils``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.data.directories import (
    audio_dataset_from_directory,
    image_dataset_from_directory,
    text_dataset_from_directory,
)
from lamina.data.series import timeseries_dataset_from_array
from lamina.preprocessing import image, sequence

__all__ = [
    "audio_dataset_from_directory",
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

"""Keras's ``preprocessing.image``: see ``lamina.utils``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.data.pictures import array_to_img, img_to_array, load_img, save_img, smart_resize

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

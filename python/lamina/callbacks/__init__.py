"""Callbacks: code that ``fit``, ``evaluate`` and ``predict`` call at stated moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.callbacks.callback import Callback
from lamina.callbacks.callback_list import CallbackList
from lamina.callbacks.early_stopping import EarlyStopping
from lamina.callbacks.history import History
from lamina.callbacks.lambda_callback import LambdaCallback
from lamina.callbacks.progress import EpochLines, ProgbarLogger, Progress

__all__ = [
    "Callback", "CallbackList", "EarlyStopping", "EpochLines", "History", "LambdaCallback",
    "ProgbarLogger", "Progress",
]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

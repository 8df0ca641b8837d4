"""Callbacks: code that ``fit``, ``evaluate`` and ``predict`` call at defined moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.callbacks.callback import Callback
from lamina.callbacks.callback_list import CallbackList
from lamina.callbacks.early_stopping import EarlyStopping
from lamina.callbacks.history import History
from lamina.callbacks.lambda_callback import LambdaCallback
from lamina.callbacks.progress import EpochLines, ProgbarLogger, Progress

if TYPE_CHECKING:
    from lamina.callbacks.backup_and_restore import BackupAndRestore
    from lamina.callbacks.csv_logger import CSVLogger
    from lamina.callbacks.learning_rate_range_test import LearningRateRangeTest
    from lamina.callbacks.learning_rate_scheduler import LearningRateScheduler
    from lamina.callbacks.model_checkpoint import ModelCheckpoint
    from lamina.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
    from lamina.callbacks.remote_monitor import RemoteMonitor
    from lamina.callbacks.swap_ema_weights import SwapEMAWeights
    from lamina.callbacks.tensor_board import TensorBoard
    from lamina.callbacks.terminate_on_nan import TerminateOnNaN
    from lamina.callbacks.time_budget import TimeBudget

__all__ = [
    "BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "EpochLines",
    "History", "LambdaCallback", "LearningRateRangeTest", "LearningRateScheduler",
    "ModelCheckpoint", "ProgbarLogger", "Progress", "ReduceLROnPlateau", "RemoteMonitor",
    "SwapEMAWeights", "TensorBoard", "TerminateOnNaN", "TimeBudget",
]  # fmt: skip

# Each module is imported on first use.
_MODULES = {
    "backup_and_restore": "BackupAndRestore",
    "csv_logger": "CSVLogger",
    "learning_rate_range_test": "LearningRateRangeTest",
    "learning_rate_scheduler": "LearningRateScheduler",
    "model_checkpoint": "ModelCheckpoint",
    "reduce_lr_on_plateau": "ReduceLROnPlateau",
    "remote_monitor": "RemoteMonitor",
    "swap_ema_weights": "SwapEMAWeights",
    "tensor_board": "TensorBoard",
    "terminate_on_nan": "TerminateOnNaN",
    "time_budget": "TimeBudget",
}


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(
        __name__, {name: f"{__name__}.{module}:{name}" for module, name in _MODULES.items()}
    )

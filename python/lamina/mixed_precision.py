"""Keras's ``mixed_precision``: the default policy of layers and models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.config import dtype_policy, set_dtype_policy
from lamina.dtype_policies import DTypePolicy
from lamina.optimizers import LossScaleOptimizer

__all__ = [
    "DTypePolicy", "LossScaleOptimizer", "Policy", "dtype_policy", "global_policy",
    "set_dtype_policy", "set_global_policy",
]  # fmt: skip

Policy = DTypePolicy
global_policy, set_global_policy = dtype_policy, set_dtype_policy


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

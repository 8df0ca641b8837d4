"""Models: layers combined, trained and used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.models.errors import NotCompiledError, TrainingAdvice, TrainingDiverged
from lamina.models.functional import Functional
from lamina.models.model import Model
from lamina.models.sequential import Sequential

if TYPE_CHECKING:
    from lamina.models.derivatives.loss_function import LossFunction
    from lamina.saving.files import load_model, save_model
    from lamina.saving.json_text import clone_model, model_from_json
    from lamina.saving.keras_live import from_keras
    from lamina.saving.pytorch.models import load_torch, save_torch, to_torch
    from lamina.saving.sklearn_live import from_sklearn

__all__ = ["Functional", "LossFunction", "Model", "NotCompiledError", "Sequential",
           "TrainingAdvice", "TrainingDiverged", "clone_model", "from_keras", "from_sklearn",
           "load_model", "load_torch", "model_from_json", "save_model", "save_torch",
           "to_torch"]  # fmt: skip


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    _STATISTICS = {"LossFunction": "lamina.models.derivatives.loss_function:LossFunction"}
    _FILES = {name: f"lamina.saving.files:{name}" for name in ("load_model", "save_model")}
    _TEXTS = {
        name: f"lamina.saving.json_text:{name}" for name in ("clone_model", "model_from_json")
    }
    _LIVE = {
        "from_keras": "lamina.saving.keras_live:from_keras",
        "from_sklearn": "lamina.saving.sklearn_live:from_sklearn",
    }
    _TORCH = {
        name: f"lamina.saving.pytorch.models:{name}"
        for name in ("load_torch", "save_torch", "to_torch")
    }
    __getattr__ = answering(__name__, {**_FILES, **_TEXTS, **_LIVE, **_TORCH, **_STATISTICS})

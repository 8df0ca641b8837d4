"""Model frames: R's formulas applied to tables, with formulaic (``lamina[formula]``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.nnet.formulas.expressions import FormulaError
from lamina.nnet.formulas.frame import ModelFrame, model_frame
from lamina.nnet.formulas.rows import NewRows

__all__ = ["FormulaError", "ModelFrame", "NewRows", "model_frame"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

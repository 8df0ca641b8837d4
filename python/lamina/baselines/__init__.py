"""Simple models on the same rows, with which every network should be compared.

``compare`` fits a constant, least squares (or logistic regression), a lasso and a ridge regression
with scikit-learn, ``pip install "lamina[sklearn]"``, and compares their errors with the network's.
``model.compare_baselines(...)`` and ``model.fit(..., baselines=True)`` call it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering
from lamina.baselines.compare import Comparison, compare
from lamina.baselines.linear import Baseline

__all__ = ["Baseline", "Comparison", "compare"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = answering(__name__)

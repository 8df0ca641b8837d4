"""Estimators that follow scikit-learn's protocol; they need scikit-learn: ``lamina[sklearn]``.

``NeuralNetClassifier`` and ``NeuralNetRegressor`` fit any lamina model within scikit-learn's
pipelines, searches and other tools; ``MLPClassifier`` and ``MLPRegressor`` have the parameters and
results of scikit-learn's classes of the same names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering

if TYPE_CHECKING:
    from lamina.sklearn.classifier import NeuralNetClassifier
    from lamina.sklearn.mlp_classifier import MLPClassifier
    from lamina.sklearn.mlp_regressor import MLPRegressor
    from lamina.sklearn.regressor import NeuralNetRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "NeuralNetClassifier", "NeuralNetRegressor"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # the classes derive from scikit-learn's
    __getattr__ = answering(
        __name__,
        {
            "MLPClassifier": "lamina.sklearn.mlp_classifier:MLPClassifier",
            "MLPRegressor": "lamina.sklearn.mlp_regressor:MLPRegressor",
            "NeuralNetClassifier": "lamina.sklearn.classifier:NeuralNetClassifier",
            "NeuralNetRegressor": "lamina.sklearn.regressor:NeuralNetRegressor",
        },
    )

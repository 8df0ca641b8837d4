"""Keras's own estimators in scikit-learn's protocol, around a model or a function that builds one.

They take what Keras's take.  Those of `lamina.sklearn` do more: settings of the function are
parameters of the estimator, classes have probabilities, weights of rows and unequal classes count.

Examples
--------
>>> from lamina import wrappers
>>> dir(wrappers)
['SKLearnClassifier', 'SKLearnRegressor', 'SKLearnTransformer']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina._answers import answering

if TYPE_CHECKING:
    from lamina.wrappers.classifier import SKLearnClassifier
    from lamina.wrappers.regressor import SKLearnRegressor
    from lamina.wrappers.transformer import SKLearnTransformer

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # the classes derive from scikit-learn's
    __getattr__ = answering(
        __name__,
        {
            "SKLearnClassifier": "lamina.wrappers.classifier:SKLearnClassifier",
            "SKLearnRegressor": "lamina.wrappers.regressor:SKLearnRegressor",
            "SKLearnTransformer": "lamina.wrappers.transformer:SKLearnTransformer",
        },
    )

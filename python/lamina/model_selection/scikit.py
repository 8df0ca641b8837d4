"""The imports from scikit-learn; an error says what to install if it is missing."""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

try:
    from scipy.sparse import issparse
    from scipy.stats import rankdata
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone, is_classifier
    from sklearn.exceptions import FitFailedWarning
    from sklearn.metrics import get_scorer, get_scorer_names
    from sklearn.model_selection import ParameterGrid, ParameterSampler, check_cv
    from sklearn.utils import check_random_state
except ImportError as error:
    raise ImportError(
        f"lamina.model_selection: needs scikit-learn 1.6 or newer ({error}); install it with: "
        f'pip install "lamina[sklearn]"'
    ) from error

__all__ = [
    "BaseEstimator",
    "ClassifierMixin",
    "FitFailedWarning",
    "ParameterGrid",
    "ParameterSampler",
    "RegressorMixin",
    "check_cv",
    "check_random_state",
    "clone",
    "get_scorer",
    "get_scorer_names",
    "is_classifier",
    "issparse",
    "rankdata",
]

"""The imports from scikit-learn; an error says what to install if it is missing."""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from lamina._arrays import as_numbers

try:
    from scipy.optimize import minimize
    from scipy.sparse import issparse
    from scipy.special import xlogy
    from sklearn import get_config
    from sklearn.base import (
        BaseEstimator,
        ClassifierMixin,
        ClassNamePrefixFeaturesOutMixin,
        RegressorMixin,
        TransformerMixin,
    )
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import r2_score
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import LabelBinarizer, LabelEncoder
    from sklearn.utils import (
        _safe_indexing,
        check_array,
        check_consistent_length,
        check_random_state,
    )
    from sklearn.utils._param_validation import Interval, Options, StrOptions
    from sklearn.utils.class_weight import compute_sample_weight
    from sklearn.utils.metaestimators import available_if as _available_if
    from sklearn.utils.multiclass import (
        check_classification_targets,
        type_of_target,
        unique_labels,
    )
    from sklearn.utils.validation import (
        _check_sample_weight,
        _check_y,
        check_is_fitted,
        column_or_1d,
    )
    from sklearn.utils.validation import validate_data as _validate_data
    from threadpoolctl import ThreadpoolController
except ImportError as error:
    raise ImportError(
        f"lamina: the estimators need scikit-learn 1.6 or newer ({error}); install it with: "
        f"pip install 'lamina[sklearn]'"
    ) from error

Method = TypeVar("Method", bound=Callable[..., Any])

check_sample_weight, check_y, safe_indexing = _check_sample_weight, _check_y, _safe_indexing


def validate_data(estimator: Any, X: Any, *arguments: Any, **options: Any) -> Any:
    """Return scikit-learn's answer; a column of dates is refused by its name."""
    try:
        return _validate_data(estimator, X, *arguments, **options)
    except TypeError as error:
        dates = "DateTime64" in str(error) or "TimeDelta64" in str(error)
        if dates or "Timestamp" in str(error) or "datetime" in str(error):
            as_numbers(type(estimator).__name__, "X", X)
        raise


def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Return a decorator for methods that an estimator has only if ``check(estimator)`` is true."""
    decorator: Callable[[Method], Method] = _available_if(check)
    return decorator


__all__ = [
    "BaseEstimator",
    "ClassNamePrefixFeaturesOutMixin",
    "ClassifierMixin",
    "ConvergenceWarning",
    "Interval",
    "LabelBinarizer",
    "LabelEncoder",
    "Options",
    "RegressorMixin",
    "StrOptions",
    "ThreadpoolController",
    "TransformerMixin",
    "available_if",
    "check_array",
    "check_classification_targets",
    "check_consistent_length",
    "check_is_fitted",
    "check_random_state",
    "check_sample_weight",
    "check_y",
    "column_or_1d",
    "compute_sample_weight",
    "get_config",
    "issparse",
    "minimize",
    "r2_score",
    "safe_indexing",
    "train_test_split",
    "type_of_target",
    "unique_labels",
    "validate_data",
    "xlogy",
]

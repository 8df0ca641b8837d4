"""What this room takes from scikit-learn; says what to install where it is missing."""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

try:
    from scipy.sparse import issparse
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.preprocessing import LabelEncoder
    from sklearn.utils import check_random_state
    from sklearn.utils.class_weight import compute_sample_weight
    from sklearn.utils.metaestimators import available_if as _available_if
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import (
        _check_sample_weight,
        check_is_fitted,
        column_or_1d,
        validate_data,
    )
except ImportError as error:
    raise ImportError(
        f"lamina.sklearn: needs scikit-learn 1.6 or newer ({error}); install it with: "
        f"pip install 'lamina[sklearn]'"
    ) from error

Method = TypeVar("Method", bound=Callable[..., Any])

check_sample_weight = _check_sample_weight


def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Return a decorator of methods that an estimator has only if ``check`` of it is true."""
    decorator: Callable[[Method], Method] = _available_if(check)
    return decorator


__all__ = [
    "BaseEstimator",
    "ClassifierMixin",
    "LabelEncoder",
    "RegressorMixin",
    "available_if",
    "check_classification_targets",
    "check_is_fitted",
    "check_random_state",
    "check_sample_weight",
    "column_or_1d",
    "compute_sample_weight",
    "issparse",
    "type_of_target",
    "validate_data",
]

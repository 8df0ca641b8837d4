"""What a search is of, by what it can do."""

from __future__ import annotations

from typing import Any

from lamina.model_selection.estimators import Estimator
from lamina.model_selection.evaluation import Subject
from lamina.model_selection.networks import Network
from lamina.models import Model


def subject_of(who: str, model: Any) -> Subject:
    """Return a network or an estimator, by what it can do."""
    if not isinstance(model, (type, Model)) and hasattr(model, "get_params"):
        return Estimator(model)
    if isinstance(model, Model):
        model.compiled(who)
    elif isinstance(model, type) or not callable(model):
        raise TypeError(
            f"{who}: model must be a compiled model, a function that returns one, or an estimator "
            f"of scikit-learn's protocol; got {model!r:.80}"
        )
    return Network(model)

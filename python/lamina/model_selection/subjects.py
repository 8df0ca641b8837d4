"""The subject of a search, determined by its methods."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from lamina._calls import named_parameters
from lamina._names import unknown
from lamina.many.data import described
from lamina.many.settings import check_fit, refuse_others
from lamina.model_selection.estimators import Estimator
from lamina.model_selection.evaluation import Subject
from lamina.model_selection.networks import Network
from lamina.models import Model


def subject_of(who: str, model: Any, fit: Mapping[str, Any], caller: Callable[..., Any]) -> Subject:
    """Return the subject for a network or an estimator, determined by its methods.

    ``fit`` has the arguments that ``caller`` got for ``fit``, which a network's ``fit`` must
    accept.
    """
    if not isinstance(model, (type, Model)) and hasattr(model, "get_params"):
        refuse_others(who, fit, caller)
        _check_passed_on(who, model, fit, caller)
        return Estimator(model)
    if isinstance(model, Model):
        model.compilation(who)
    elif isinstance(model, type) or not callable(model):
        raise TypeError(
            f"{who}: model must be a compiled model, a function that returns one, or an estimator "
            f"of scikit-learn's protocol; got {described(model)}"
        )
    check_fit(who, fit, caller)
    return Network(model)


def _check_passed_on(
    who: str, estimator: Any, fit: Mapping[str, Any], caller: Callable[..., Any]
) -> None:
    """Refuse arguments that an estimator's ``fit`` does not take, if it names those it takes."""
    try:
        parameters = inspect.signature(estimator.fit).parameters
    except (AttributeError, TypeError, ValueError):
        return
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return
    taken = [name for name in parameters if name not in ("X", "y")]
    for name in fit:
        if name not in taken:
            known = named_parameters(caller).union(taken)
            raise TypeError(
                f"{who}: {unknown('argument', name, known)}; those of {type(estimator).__name__}."
                f"fit are passed on to it"
            )

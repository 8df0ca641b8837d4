"""Making the model of a fit: from a compiled model, or by a function."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakSet

from lamina.layers import Layer
from lamina.many.data import described
from lamina.many.settings import Shares
from lamina.models import Model, TrainingDiverged
from lamina.models.errors import by_path
from lamina.models.replicas import begun, fresh
from lamina.optimizers import Optimizer
from lamina.optimizers.schedules import LearningRateSchedule

_returned: WeakSet[Model] = WeakSet()  # by functions; a model returned again is copied


class Recipe:
    """The argument ``model`` of ``fit_many``.

    Parameters
    ----------
    who : str
    source : Model or callable
    """

    def __init__(self, who: str, source: Any) -> None:
        if isinstance(source, Model):
            source.compilation(who)  # or NotCompiledError
        elif isinstance(source, type) or not callable(source):
            estimator = hasattr(source, "get_params") and not isinstance(source, type)
            advice = "; lamina.model_selection has searches for estimators" if estimator else ""
            raise TypeError(
                f"{who}: model must be a compiled model, or a function that returns one; "
                f"got {described(source)}{advice}"
            )
        self.who, self.source = who, source

    @property
    def build(self) -> Callable[..., Any] | None:
        """The function, if there is one."""
        return None if isinstance(self.source, Model) else self.source

    def model(self, shares: Shares, seed: int) -> Any:
        """Return a compiled model for a setting, with initial weights that follow from the seed."""
        if self.build is None:
            model = fresh(self.source, seed)
        else:
            found = self._built(self.build, shares)
            model = fresh(found, seed) if found in _returned else begun(found, seed)
            _returned.add(found)
        for rate in shares.rate:
            model.optimizer.learning_rate = (
                type(rate).from_config(rate.get_config())
                if isinstance(rate, LearningRateSchedule)
                else rate
            )
        return model

    def told(self, error: TrainingDiverged, model: Any) -> str:
        """Return the message of a fit that diverged.

        Layers of a compiled model have their own names in it.  Layers of a function's models are
        named by their paths, as their numbers would depend on how many layers other fits have made
        before.
        """
        return str(error if self.build is None else by_path(error, model))

    def _built(self, build: Callable[..., Any], shares: Shares) -> Any:
        model = build(**own_arguments(shares.build))
        name = getattr(build, "__name__", type(build).__name__)
        if not isinstance(model, Model):
            raise TypeError(
                f"{self.who}: {name} must return a compiled model; got {type(model).__name__}"
            )
        model.compilation(f"{self.who}: {name}")
        return model


def own_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments of the function that builds a model, for this model only.

    Optimizers, layers and models are copied: each belongs to one model.
    """
    return {name: _own(value) for name, value in given.items()}


def _own(value: Any) -> Any:
    if type(value) in (list, tuple):
        return type(value)(map(_own, value))
    if not isinstance(value, (Layer, Model, Optimizer)):
        return value
    copied = copy.deepcopy(value)
    if isinstance(copied, Optimizer):
        copied.reset()
    return copied

"""The model of one fit: made for each fit, with its own weights, and compiled."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any
from weakref import WeakSet

from lamina import losses, models
from lamina.layers import Layer
from lamina.models.fresh_copies import fresh, untrained_copy, unused
from lamina.sklearn._routed import call

_made: WeakSet[models.Model] = WeakSet()  # models that functions have returned


def made(who: str, model: Any, told: Mapping[str, Any], given: Mapping[str, Any]) -> models.Model:
    """Return a new model.

    Parameters
    ----------
    who : str
        The estimator, for messages.
    model : Model or callable
        A model, which is copied without its trained weights, or a function that builds one.
    told : dict
        Facts about the data; the function gets those for which it has parameters.
    given : dict
        Other arguments of the function.
    """
    if isinstance(model, models.Model):
        check_no_arguments(who, given)
        return untrained_copy(model)
    if not callable(model) or isinstance(model, Layer):
        raise TypeError(
            f"{who}: model must be a model or a function that returns one; got {model!r}"
        )
    found = call(who, model, told, given)
    if not isinstance(found, models.Model):
        name = getattr(model, "__name__", model)
        raise TypeError(f"{who}: {name} must return a model; it returned {found!r}")
    if found in _made:
        name = getattr(model, "__name__", model)
        raise ValueError(
            f"{who}: {name} must make a new model each time; it returned one that it "
            f"returned before"
        )
    _made.add(found)
    return found


def check_no_arguments(who: str, given: Mapping[str, Any]) -> None:
    """Refuse arguments for a model that already exists."""
    if given:
        name = next(iter(given))
        raise ValueError(
            f"Invalid parameter 'model__{name}' for estimator {who}: the model already exists; "
            f"give a function that builds it, with {name!r} among its parameters"
        )


def with_changes(loss: Any, changes: Mapping[str, Any]) -> Any:
    """Return a loss with changed settings: ``loss__from_logits=True``."""
    if isinstance(loss, type):
        return loss(**changes)
    if not changes:
        return copy.deepcopy(loss)
    found = losses.get(loss)
    return type(found).from_config({**found.get_config(), **changes})


def compile_as(
    model: models.Model, optimizer: Any, loss: Any, metrics: Any, rate: Any, parameters: Any
) -> None:
    """Compile a model with the arguments that are not None, and otherwise as it was compiled.

    Parameters
    ----------
    parameters : dict of str to dict
        Changed settings of the ``"optimizer"`` and the ``"loss"``.
    """
    held = model.compile_settings()
    given = {"optimizer": optimizer, "loss": loss, "metrics": metrics}
    changes = {k: v for k, v in given.items() if v is not None}
    if changes or not held or any(parameters.values()):
        settings = {"optimizer": "adam", "loss": None, **fresh_if(held), **changes}
        settings["optimizer"] = unused(settings["optimizer"], **parameters["optimizer"])
        settings["loss"] = with_changes(settings["loss"], parameters["loss"])
        settings["metrics"] = copy.deepcopy(settings.get("metrics"))
        model.compile(**settings)
    if rate is not None:
        model.optimizer.learning_rate = rate


def fresh_if(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of ``fresh``, or nothing for a model that is not compiled."""
    return fresh(settings) if settings else {}

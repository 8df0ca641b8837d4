"""Architectures as JSON, and copies of models."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lamina import _core
from lamina._calls import answering_calls
from lamina._settings import reading_with
from lamina.saving import architecture

if TYPE_CHECKING:
    from lamina.models import Model


def model_to_json(model: Model, **options: Any) -> str:
    """Return the architecture of a model as JSON."""
    told, _ = architecture.described("to_json", model, None)
    return json.dumps({"lamina": _core.__version__, **told}, allow_nan=False, **options)


@answering_calls
def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return a new model with the architecture that ``model.to_json()`` returned.

    Parameters
    ----------
    json_string : str
    custom_objects : mapping of str to class or function, optional
        Custom classes and functions by name.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2)])
    >>> lamina.models.model_from_json(model.to_json()).count_params()
    8
    """
    if not isinstance(json_string, str):
        raise TypeError(f"model_from_json: needs a string; got {type(json_string).__name__}")
    told = json.loads(json_string)
    if not isinstance(told, dict) or not {"class_name", "config", "seed"} <= told.keys():
        raise ValueError("model_from_json: needs a string that model.to_json() returned")
    with reading_with(custom_objects):
        return architecture.restored(told, None)


@answering_calls
def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
) -> Any:
    """Return a new model with the same layers and newly drawn weights.

    Parameters
    ----------
    model : Model
        It need not be built.
    input_tensors : ignored
        For compatibility with Keras; must be None.
    clone_function : callable, optional
        Called with each layer of a Sequential or a graph; returns its replacement.  By default
        ``type(layer).from_config(layer.get_config())``.

    Returns
    -------
    Model
        A model of the same class; it is not compiled.

    Examples
    --------
    >>> import lamina
    >>> model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2)])
    >>> lamina.models.clone_model(model).count_params()
    8
    """
    from lamina.saving.cloning import cloned

    if input_tensors is not None:
        raise ValueError(
            "clone_model: a clone has its own inputs; to apply the model to other tensors, call "
            "it: model(x)"
        )
    return cloned(model, clone_function)

"""Conversion of Keras models in memory."""

from __future__ import annotations

from typing import Any

from lamina._calls import answering_calls
from lamina.saving import keras_graph
from lamina.saving.header import parse_json


@answering_calls
def from_keras(model: Any) -> Any:
    """Return a model with the same layers and weights as a model of Keras 3.

    Keras is not imported: only the model's ``to_json()`` and ``get_weights()`` are called.

    Parameters
    ----------
    model : keras.Model
        A built Sequential or functional model of layers that lamina has.

    Returns
    -------
    Sequential or Functional
        The model; it is not compiled.

    Raises
    ------
    TypeError
        If it is not a model of Keras.
    ValueError
        If there is a layer or an operation that lamina lacks, a Lambda, or a weight with another
        shape.

    Examples
    --------
    >>> import keras, lamina  # doctest: +SKIP
    >>> theirs = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])  # doctest: +SKIP
    >>> lamina.models.from_keras(theirs).count_params()  # doctest: +SKIP
    10
    """
    if not (hasattr(model, "to_json") and hasattr(model, "get_weights")):
        raise TypeError(f"from_keras: needs a model of Keras; got {type(model).__name__}")
    made, _ = keras_graph.model_of(parse_json("from_keras", model.to_json()))
    for layer in model.layers:
        weights = layer.get_weights()
        if weights:
            made.get_layer(layer.name).set_weights(weights)
    return made

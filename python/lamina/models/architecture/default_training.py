"""Whether a model called on arrays acts as in training where the call does not say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.models.data.inputs import shaped

if TYPE_CHECKING:
    from lamina.models.network.network import Network


def acts(model: Network, x: Any) -> bool:
    """Return whether ``model(x)`` acts; the model is built for the arrays ``x`` if need be."""
    if not model.built and any(layer.training_unsaid for layer in _layers(model)):
        arrays = shaped(model.name, model.meet(x), model.ports, empty=True)
        model.ensure_built([array.shape[1:] for array in arrays])
    return acts_once_built(model)


def acts_once_built(model: Network) -> bool:
    """Return whether some layer acts unless told not to, and there is nothing to learn.

    Frozen weights count as weights to learn, so that freezing does not change the outputs.
    """
    layers = _layers(model)
    if not any(layer.training_unsaid for layer in layers):
        return False
    return not any(layer._learnable for layer in layers) and not any(
        parameter.trainable for parameter in model.parameters
    )


def _layers(model: Any) -> list[Any]:
    return [each for layer in model._holders() for each in layer.walk()]

"""Layers called one after the other on any input that the first one takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina.layers.augmentation import examples
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["Pipeline"]


class Pipeline(Layer):
    """Call layers one after the other, such as layers that change images on a dict of examples.

    Parameters
    ----------
    layers : list of Layer
    **base
        See ``Layer``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> from lamina import layers
    >>> both = layers.Pipeline([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)])
    >>> batch = {"images": np.ones((2, 8, 8, 3)), "labels": np.array([0, 1])}
    >>> both(batch, training=True)["images"].shape
    (2, 8, 8, 3)
    """

    def __init__(self, layers: Sequence[Layer], **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        if not isinstance(layers, (list, tuple)):
            raise TypeError(f"Pipeline: layers must be a list of layers; got {layers!r:.80}")
        for each in layers:
            if not isinstance(each, Layer):
                raise TypeError(f"Pipeline: layers must be a list of layers; got {each!r}")
        self.layers = list(layers)
        self.replays = all(each.replays for each in layers)

    def _applied_to(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Apply the layers, the first of them to the given input."""
        call = super()._applied_to
        if args and isinstance(args[0], dict) and "images" in args[0]:
            return examples.called(args[0], self.name, lambda d: call((d, *args[1:]), kwargs))
        return call(args, kwargs)

    def call(self, inputs: Any, training: bool = True) -> Any:
        """Return the result of the last layer."""
        for each in self.layers:
            inputs = each(inputs, training=training)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values."""
        from lamina.layers.serialization import serialize

        return {**super().get_config(), "layers": [serialize(each) for each in self.layers]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Pipeline:
        """Return a new pipeline, unbuilt, from what ``get_config`` returned."""
        from lamina.layers.serialization import deserialize

        made = [deserialize(c) if isinstance(c, dict) else c for c in config["layers"]]
        return cls(**{**config, "layers": made})

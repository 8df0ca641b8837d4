"""What the layers that change images at random share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import ops, random
from lamina._tensors.given import all_rows, given
from lamina.layers.augmentation._arguments import span
from lamina.layers.layer import Layer
from lamina.layers.recordable import show_shapes
from lamina.layers.resizing import data_format_of
from lamina.random import SeedGenerator, seed_value

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

FILLS = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")


class Augmentation(Layer):
    """Base of the layers that change images in training: a subclass defines ``_changed``.

    Parameters
    ----------
    seed : int, optional
        As in ``Dropout``.
    data_format : {"channels_last", "channels_first"}, optional
    """

    def __init__(
        self, seed: int | None, data_format: str | None, **base: Unpack[DimArguments]
    ) -> None:
        super().__init__(**base)
        who = type(self).__name__
        self.seed = None if seed is None else seed_value(who, seed)
        self.data_format = data_format_of(who, data_format)
        self._seeds: SeedGenerator | None = None

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Return the images, changed if this is for training."""
        x = ops.cast(given(inputs), "float32")
        if x.ndim not in (3, 4):
            raise ValueError(
                f"{self.name}: input has shape {show_shapes(x.shape[1:])}; needs images, (rows, "
                f"height, width, channels)"
            )
        single, first = x.ndim == 3, self.data_format == "channels_first"
        x = ops.expand_dims(all_rows(x), 0) if single else x
        x = ops.moveaxis(x, 1, -1) if first else x
        y = self._changed(x) if training else self._kept(x)
        y = ops.moveaxis(y, -1, 1) if first else y
        return ops.squeeze(y, 0) if single else y

    def _changed(self, x: Any) -> Any:  # noqa: ARG002
        """Return images (rows, height, width, channels) with changes that are drawn."""
        raise TypeError(f"{type(self).__name__}: an augmentation must define _changed")

    def _kept(self, x: Any) -> Any:
        """Return images as they are outside training."""
        return x

    # --- draws

    def _uniform(self, x: Any, low: float, high: float) -> Any:
        """Return a number in [low, high) for each image, to broadcast with its pixels."""
        return self._drawn((ops.shape(x)[0], 1, 1, 1), low, high)

    def _chosen(self, x: Any, factor: Any) -> Any:
        """Return which images are changed, by a factor that is a range of probabilities."""
        probability = self._uniform(x, *span(self.name, "factor", factor, 0.0, 1.0))
        return self._uniform(x, 0.0, 1.0) < probability

    def _drawn(self, shape: Any, low: float, high: float) -> Any:
        """Return numbers in [low, high), others at each step."""
        return random.uniform(shape, low, high, seed=self._source())

    def _source(self) -> SeedGenerator | None:
        if self.seed is None:
            return None
        if self._seeds is None or self._seeds.seed != self.seed:
            self._seeds = SeedGenerator(self.seed)
        return self._seeds
